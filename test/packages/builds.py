"""How the tests build the packages: as packaging/deb/build does, in a root of the release, and twice."""
import dataclasses
import pathlib
import shutil
import subprocess

from rig import place
from packages.root import Root

TOOLS = ("debhelper", "postgresql-server-dev-all", "lintian", "blhc")
# A build must not depend on any of this.
FIRST = "umask 022; export TZ=UTC LANG=C.UTF-8"
SECOND = "umask 002; export TZ=Pacific/Chatham LANG=C HOME=/nonexistent; sleep 2"
BUILD = """cd "$1"/analytics-events-*/
pg_buildext updatecontrol
dpkg-buildpackage --no-sign >../build.log 2>&1 || { tail -n 60 ../build.log; exit 1; }
"""


@dataclasses.dataclass
class Builds:
    root: Root
    first: pathlib.Path
    second: pathlib.Path


def make_source(folder):
    done = subprocess.run([place.ROOT / "packaging/deb/source", folder], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout
    return folder


def build_twice(root, source):
    root.run("apt-get -q -q update")
    root.install(*TOOLS)
    folders = [root.folder / "build", root.folder / "srv/elsewhere/again"]
    for folder, circumstances in zip(folders, (FIRST, SECOND)):
        shutil.copytree(source, folder)
        inside = "/" + str(folder.relative_to(root.folder))
        root.run('cd "$1"/analytics-events-*/; pg_buildext updatecontrol; apt-get -q -q -y build-dep ./', inside)
        root.run(circumstances + "\n" + BUILD, inside)
    return Builds(root, *folders)
