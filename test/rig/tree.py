#!/usr/bin/python3
"""tree.py SUITE [command ...]: a Debian release as a folder, in which this checkout is built and its tests run.

.local/trees/<suite> has the Debian packages of test/rig/packages, and in /src this checkout's tracked files as they are
now. Making one takes minutes; it is made again when the list of packages changes. A command runs there as root, in
/src, with nothing of this machine but the network, the devices and Apache Kafka's jars; it has a process namespace of
its own, so that whatever it started ends with it, and a mount namespace, so that no mount outlives it.
"""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rig import place  # noqa: E402

MIRROR = "http://deb.debian.org/debian"
GROUPS = ("build", "run", "test")
PACKAGES = pathlib.Path(__file__).with_name("packages")
APART = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child")
INSIDE = "env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 bash -c 'cd /src && exec \"$@\"' -"
ENTER = f"""tree=$1; shift
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev"
for jars in {place.LOCAL}/kafka-[0-9]*; do
    [ -d "$jars/" ] || continue
    mkdir -p "$tree/src/.local/${{jars##*/}}"
    mount --bind "$jars" "$tree/src/.local/${{jars##*/}}"
done
exec chroot "$tree" {INSIDE} "$@"
"""
# No service starts in a tree, no cluster is made for it, and nobody's data is in it. A mirror may be a snapshot, whose
# date apt would refuse.
FILES = {"usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n", "etc/dpkg/dpkg.cfg.d/tree": "force-unsafe-io\n",
         "etc/apt/apt.conf.d/tree": 'Acquire::Check-Valid-Until "false";\nAcquire::Languages "none";\n',
         "etc/postgresql-common/createcluster.conf": "create_main_cluster = false\n"}


def wanted():
    """The lines of the list that are a tree's."""
    return "".join(line for line in PACKAGES.read_text().splitlines(keepends=True) if line.startswith(GROUPS))


class Tree:
    """One release's folder."""

    def __init__(self, suite):
        self.suite = suite
        self.folder = place.LOCAL / "trees" / suite

    def alone(self, *words):
        """The command line of one that runs in the tree and its namespaces."""
        return [*APART, "bash", "-ec", ENTER, "tree", self.folder, *words]

    def is_complete(self):
        made_of = self.folder / "packages"
        return made_of.exists() and made_of.read_text() == wanted()

    def prepare(self):
        """The tree as it is to be: made when it is missing or of other packages, with the files of now."""
        with place.lock(f"tree-{self.suite}"):
            if not self.is_complete():
                self._bootstrap()
            self.mirror()

    def _bootstrap(self):
        if os.getuid() != 0:
            raise place.RigError("a tree needs root, for debootstrap and chroot")
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._go([*APART, "debootstrap", "--variant=minbase", self.suite, self.folder, MIRROR])
        for name, text in FILES.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755)
        self.mirror()
        self._go(self.alone("test/rig/setup", *GROUPS))
        (self.folder / "packages").write_text(wanted())

    @staticmethod
    def _go(command):
        try:
            code = place.run(command, stdin=subprocess.DEVNULL)
        except OSError as error:
            raise place.RigError(str(error)) from error
        if code != 0:
            raise place.RigError(f"{' '.join(map(str, command))} failed")

    def mirror(self):
        """This checkout's tracked files into /src; what was built there from those that are the same stays."""
        source, target = place.ROOT, self.folder / "src"
        tracked = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=source,
                                 check=True, capture_output=True, text=True).stdout.split("\0")
        names = [name for name in tracked if name and (source / name).is_file()]
        listed = self.folder / "mirrored"
        before = listed.read_text().split("\0") if listed.exists() else []
        for name in set(before) - set(names):
            (target / name).unlink(missing_ok=True)
        for name in names:
            original, copy = source / name, target / name
            if not copy.exists() or copy.read_bytes() != original.read_bytes():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(original, copy)  # newer than what was built from the one before
            copy.chmod(original.stat().st_mode)
        listed.write_text("\0".join(names))


def main(words):
    if not words:
        print(__doc__, file=sys.stderr)
        return 64
    place.stop_on_signals()
    tree = Tree(words[0])
    tree.prepare()
    return place.run(tree.alone(*words[1:])) if words[1:] else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except place.RigError as error:
        sys.exit(f"tree.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
