"""Both servers of a pg_upgrade on one machine: the tree of Debian 13, with its PostgreSQL 17 and this machine's.

This machine's is copied into the tree. It runs on Debian 13's libraries, except those that Debian 13 has in another
version: these are copied beside it. It has no compiler of expressions (llvmjit), which would want another LLVM: a
server does without if there is none.
"""
import re
import shutil
import subprocess

from rig import installation, place
from rig.tree import Tree

TREE = Tree("trixie")
OLD = "opt/postgresql-15"  # in the tree: usr/ as in an installation, and lib/ with libraries
NEW = "usr/lib/postgresql/17/bin"
ALIKE = ("libc", "libm", "ld-linux", "libgcc", "libstdc")  # one of them serves both


def inside(*command, user="postgres:postgres"):
    """The command line of one that sees the tree as the whole machine."""
    return ["chroot", f"--userspec={user}", TREE.folder, *command]


def refresh():
    """Both have this checkout's extension; returns this machine's installation."""
    TREE.prepare()
    place.output(TREE.alone("make", "-s", "-C", "extension", "install", f"PG_CONFIG=/{NEW}/pg_config"))
    found = installation.with_extension()
    target = TREE.folder / OLD
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(found.tree / "usr", target / "usr", ignore=shutil.ignore_patterns("llvmjit*"))
    (target / "lib").mkdir()
    [library] = (found.tree / "usr").rglob("analytics_events.so")
    needed = subprocess.run(["ldd", found.program("postgres"), library], check=True, capture_output=True,
                            text=True).stdout
    for name, path in re.findall(r"(\S+) => (/\S+)", needed):
        if not name.startswith(ALIKE) and not (TREE.folder / "usr/lib/x86_64-linux-gnu" / name).exists():
            shutil.copy(path, target / "lib")
    return found
