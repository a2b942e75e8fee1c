#!/usr/bin/python3
"""tree.py: makes .local/trees/trixie, a Debian 13 of its own, for pg_upgrade, which wants both servers on one machine.

It has PostgreSQL 17 with this checkout's extension, and a copy of this machine's PostgreSQL 15 with the extension. The
latter runs on Debian 13's libraries, except those that Debian 13 has in another version: these are copied beside it.
Needs root and debootstrap. The system takes minutes, once; afterwards only what has changed is built again.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rig import installation, place  # noqa: E402

SUITE = "trixie"
MIRROR = "http://deb.debian.org/debian"
PACKAGES = ("g++", "make", "libssl-dev", "rapidjson-dev", "postgresql-17", "postgresql-server-dev-17")
ROOMS = ("extension", "sql", "doc", "META.json")
TREE = place.LOCAL / "trees" / SUITE
OLD = "opt/postgresql-15"  # in the tree: usr/ as in an installation, and lib/ with libraries
NEW = "usr/lib/postgresql/17/bin"
BUILT = ("*.o", "*.d", "*.so", ".built-for", "*.control", "extension/analytics_events--*.sql")
ALIKE = ("libc", "libm", "ld-linux", "libgcc", "libstdc")  # one of them serves both


def bootstrap():
    if (TREE / "complete").exists():
        return
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE, TREE, MIRROR],
                   check=True)
    (TREE / "complete").touch()


def inside(*command, user="root"):
    """The command line of one that sees the tree as the whole machine."""
    return ["chroot", f"--userspec={user}", TREE, *command]


def mirror(source, target):
    """The files of source as they are now; what target has built from those that are the same stays."""
    wanted = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
    for path in wanted:
        copy = target / path.relative_to(source)
        if any(path.match(pattern) for pattern in BUILT):
            continue
        if not copy.exists() or copy.read_bytes() != path.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)  # and is newer than what was built from the one before
    for path in target.rglob("*.[chs][pq][pl]"):
        if not (source / path.relative_to(target)).exists():
            path.unlink()


def install_new():
    """This checkout's extension for the tree's own PostgreSQL."""
    (TREE / "src").mkdir(exist_ok=True)
    for room in ROOMS:
        mirror(place.ROOT / room, TREE / "src" / room)
    subprocess.run(inside("make", "-s", f"-j{os.cpu_count()}", "-C", "/src/extension", "install",
                          f"PG_CONFIG=/{NEW}/pg_config"), check=True)


def install_old():
    """This machine's PostgreSQL with the extension, and the libraries that the tree lacks."""
    found = installed()
    target = TREE / OLD
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(found.tree / "usr", target / "usr")
    (target / "lib").mkdir()
    needed = subprocess.run(["ldd", found.program("postgres")], check=True, capture_output=True, text=True).stdout
    for name, path in re.findall(r"(\S+) => (/\S+)", needed):
        if not name.startswith(ALIKE) and not (TREE / "usr/lib/x86_64-linux-gnu" / name).exists():
            shutil.copy(path, target / "lib")


def installed():
    """This machine's PostgreSQL, of which the tree has a copy."""
    return installation.with_extension()


def refresh():
    """Brings the tree's two installations of the extension up to date."""
    install_new()
    install_old()


if __name__ == "__main__":
    if os.getuid() != 0:
        sys.exit("tree.py: needs root, for debootstrap and chroot")
    bootstrap()
    refresh()
