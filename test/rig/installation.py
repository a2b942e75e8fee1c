"""A private PostgreSQL installation that has this checkout's extension.

Before PostgreSQL 18 a server finds extensions in its own share folder only, so testing an extension means writing
into the system's installation, where two checkouts would meet. But a PostgreSQL whose program files have been moved
as a whole finds its other folders relative to them. So: the programs are copied, everything else is linked, and
`make install` with the copy's pg_config puts the extension into the copy alone. Several test processes share the
copy and each installs, also while the servers of others run: so files are staged and then renamed into place.
"""
import os
import pathlib
import shutil
import subprocess

from . import place

OURS = ("analytics_events", "boundary_test")


class Installation:
    """tree/usr/lib/postgresql/15/bin and so on: pg_config's absolute paths, below a folder of ours."""

    def __init__(self, tree, original):
        self.tree = tree
        self.original = original
        self.bindir = self.moved("bindir")
        self.pg_config = self.bindir / "pg_config"

    def moved(self, name):
        return pathlib.Path(str(self.tree) + self.original[name])

    def program(self, name):
        return self.bindir / name


def directories(pg_config):
    """pg_config's answers for the folders that matter, and the version."""
    def ask(option):
        return subprocess.run([pg_config, "--" + option], check=True, capture_output=True, text=True).stdout.strip()

    try:
        answers = {name: ask(name) for name in ("version", "bindir", "sharedir", "pkglibdir", "includedir-server")}
    except (OSError, subprocess.CalledProcessError) as error:
        raise place.RigError(f"{pg_config} does not answer: {error}") from error
    if not os.path.exists(answers["bindir"] + "/postgres"):
        raise place.RigError(f"{pg_config} names {answers['bindir']}, where there is no PostgreSQL server")
    return answers


def link_entries(source, target):
    """Links target's entries to source's; whatever carries one of our names is not taken over."""
    target.mkdir(parents=True, exist_ok=True)
    for link in target.iterdir():
        if link.is_symlink() and not link.exists():
            link.unlink()
    for entry in os.scandir(source):
        link = target / entry.name
        if not entry.name.startswith(OURS) and not os.path.lexists(link):
            link.symlink_to(entry.path)


def prepare(pg_config):
    """The private installation of pg_config's PostgreSQL, made or brought up to date."""
    original = directories(pg_config)
    version = original["version"].split()[1]
    found = Installation(place.server_home() / f"pgsql-{version}", original)
    if not (found.tree / "complete").exists():
        shutil.rmtree(found.tree, ignore_errors=True)
        shutil.copytree(original["bindir"], found.bindir)
    (found.moved("sharedir") / "extension").mkdir(parents=True, exist_ok=True)
    link_entries(original["pkglibdir"], found.moved("pkglibdir"))
    link_entries(original["sharedir"], found.moved("sharedir"))
    link_entries(original["sharedir"] + "/extension", found.moved("sharedir") / "extension")
    include = found.moved("includedir-server")
    include.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(include):
        include.symlink_to(original["includedir-server"])
    (found.tree / "complete").touch()
    return found


def make(*arguments):
    """Runs make in the checkout, silently; what it said is shown when it fails."""
    done = subprocess.run(place.make("-s", *arguments), cwd=place.ROOT, env=place.make_environment(),
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise place.RigError(f"make {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def move(staged, target):
    """Renames each staged file into its place: a server that runs here meets the old file or the new one, whole."""
    for path in staged.rglob("*"):
        if not path.is_dir():
            name = target / path.relative_to(staged)
            name.parent.mkdir(parents=True, exist_ok=True)
            os.replace(path, name)


def with_extension(pg_config=None):
    """The private installation with the extension as this checkout has it now, built when need be."""
    os.umask(0o022)
    with place.lock("installation"):
        found = prepare(pg_config or os.environ.get("PG_CONFIG", "pg_config"))
        staged = found.tree / "staged"
        shutil.rmtree(staged, ignore_errors=True)
        for room in ("extension", "test/boundary"):
            if (place.ROOT / room / "Makefile").exists():
                make("-C", room, "install", f"PG_CONFIG={found.pg_config}", f"DESTDIR={staged}")
        if "ANALYTICS_MODULE" in os.environ:  # the same library, built otherwise (AddressSanitizer)
            shutil.copy(os.environ["ANALYTICS_MODULE"], staged / found.moved("pkglibdir").relative_to("/"))
        move(staged, pathlib.Path("/"))
        return found
