"""A Debian release that may be spoilt: a layer over one of rig's trees, which is thrown away afterwards.

The mounts are in a namespace of this process, so none of them outlives it. boot() starts the release's own systemd in
a container (systemd-nspawn) that shares this machine's network; run() then works in the container.
"""
import ctypes
import os
import pathlib
import shutil
import subprocess
import tempfile

from rig import place, tree

CLONE_NEWNS = 0x00020000
ENVIRONMENT = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8",
               "DEBIAN_FRONTEND=noninteractive")
# In the tree no service starts, and no cluster is made with PostgreSQL: here both are as on any machine.
NOT_IN_A_TREE = ("usr/sbin/policy-rc.d", "etc/postgresql-common/createcluster.conf")
BOOTED = ("running", "degraded")
BOOT_SECONDS = 120


def keep_mounts_private():
    """What this process mounts is seen by it and its children only."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise place.RigError("no mount namespace may be made here")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


class Root:
    """with Root(suite) as root."""

    def __init__(self, suite):
        self.suite = suite
        self._machine = None

    def __enter__(self):
        original = tree.Tree(self.suite)
        original.prepare()
        self._layer = pathlib.Path(tempfile.mkdtemp(prefix="packages-", dir=place.LOCAL))
        self.folder = self._layer / "root"
        for name in ("root", "upper", "work"):
            (self._layer / name).mkdir()
        layers = f"lowerdir={original.folder},upperdir={self._layer}/upper,workdir={self._layer}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.folder], check=True)
        for name in NOT_IN_A_TREE:
            (self.folder / name).unlink(missing_ok=True)
        shutil.copy("/etc/resolv.conf", self.folder / "etc/resolv.conf")
        return self

    def __exit__(self, *_):
        if self._machine:
            place.stop(self._machine)
        subprocess.run(["umount", "-R", "--lazy", self.folder], check=True)
        shutil.rmtree(self._layer)

    def run(self, script, *arguments, user="root", check=True):
        """Runs a script of bash in the root, as that user; returns what it wrote."""
        inside = [*ENVIRONMENT, "bash", "-ec", script, "bash", *map(str, arguments)]
        if user != "root":
            inside = ["runuser", "-u", user, "--", *inside]
        if self._machine:
            command = ["nsenter", "-t", str(self._leader()), "--all", "--root", "--wd", *inside]
        else:
            command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-ec",
                       'mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"; exec chroot "$@"', "enter",
                       self.folder, *inside]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
        assert not check or done.returncode == 0, f"{script}\n{done.stdout[-8000:]}"
        return done.stdout if check else done

    def install(self, *packages):
        self.run("apt-get -q -q -y --no-install-recommends install \"$@\"", *packages)

    def strip(self):
        """Leaves no package but those that every Debian has, so what is missing in a Depends is found."""
        self.run("apt-mark showmanual | xargs apt-mark auto; apt-get -q -q -y autoremove --purge; apt-get -q -q update")

    def boot(self):
        log = open(self._layer / "boot.log", "w")
        # A machine with the older cgroups has the newer ones too, without controllers; systemd 258 knows only those.
        self._machine = place.spawn(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--machine=analytics-packages",
             f"--directory={self.folder}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})

        def booted():
            if self._machine.poll() is not None:
                raise place.RigError(f"no boot: {(self._layer / 'boot.log').read_text()}")
            return self._leader() and self.run("systemctl is-system-running || true").strip() in BOOTED

        place.eventually(booted, BOOT_SECONDS, every=0.5, what="the boot")

    def _leader(self):
        """The machine's first process."""
        children = pathlib.Path(f"/proc/{self._machine.pid}/task/{self._machine.pid}/children").read_text().split()
        return int(children[0]) if children else None
