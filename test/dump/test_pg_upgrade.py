"""pg_upgrade from PostgreSQL 15 to 17, by copy and by link: the upgraded cluster's database equals the original.

It needs both servers on one machine, so it runs in a Debian 13 of its own (test/rig/tree.py); skipped without it.
"""
import contextlib
import shutil
import subprocess

import pytest

from rig import tree

import catalogue
import recipes
import use
from database import Database, furnish, prepare

WORK = "var/lib/upgrade"  # in the tree


class Server:
    """A server in the tree; to tests it looks like a rig.cluster.Cluster."""

    port = "5432"

    def __init__(self, bindir, name, installation):
        self.bindir, self.installation = bindir, installation
        self.data = f"{WORK}/{name}"
        self.socket = tree.TREE / WORK

    def run(self, program, *arguments):
        done = subprocess.run(tree.inside("env", f"LD_LIBRARY_PATH=/{tree.OLD}/lib", "LC_ALL=C.UTF-8",
                                          f"/{self.bindir}/{program}", *arguments, user="postgres:postgres"),
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def initialize(self):
        self.run("initdb", "-D", f"/{self.data}", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                 "--no-sync")

    def start(self):
        self.run("pg_ctl", "-w", "-D", f"/{self.data}", "-l", f"/{self.data}/log", "start", "-o",
                 f"-c listen_addresses='' -c unix_socket_directories=/{WORK} -c fsync=off -c wal_level=logical")

    def stop(self):
        self.run("pg_ctl", "-w", "-D", f"/{self.data}", "-m", "fast", "stop")

    @contextlib.contextmanager
    def running(self):
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def environment(self, database="postgres", user="postgres"):
        return {"PGHOST": str(self.socket), "PGPORT": self.port, "PGUSER": user, "PGDATABASE": database}

    def url(self, database="postgres", user="postgres"):
        return f"postgresql://{user}@/{database}?host={self.socket}&port={self.port}"

    def sql(self, statement, database="postgres"):
        return Database(self, database).sql(statement)


@pytest.fixture(scope="module")
def server(request):
    """The old cluster, stopped, with the database in use; its lines are estate_lines."""
    if not (tree.TREE / "complete").exists():
        pytest.skip("needs Debian 13 with PostgreSQL 17 in .local/trees: run test/rig/tree.py as root, once")
    tree.refresh()
    work = tree.TREE / WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    subprocess.run(tree.inside("chown", "postgres:postgres", f"/{WORK}"), check=True)
    old = Server(f"{tree.OLD}/usr/lib/postgresql/15/bin", "old", tree.installed())
    old.initialize()
    with old.running():
        cold = work / "cold"
        cold.mkdir()
        subprocess.run(tree.inside("chown", "postgres:postgres", f"/{WORK}/cold"), check=True)
        prepare(old, f"/{WORK}/cold")
        old.lines = furnish(Database(old, "estate")).fingerprint()
    yield old
    shutil.rmtree(work, ignore_errors=True)


@pytest.fixture
def no_faults():
    """The servers' logs are looked at where they run."""


@pytest.mark.parametrize("how", ["", "--link"])
def test_upgraded_to_17(server, how):
    new = Server(tree.NEW, f"new{how}", server.installation)
    for left in (tree.TREE / WORK / "cold").glob("PG_17_*"):
        shutil.rmtree(left)  # of the other upgrade
    new.initialize()
    old_data = f"/{server.data}"
    [block] = recipes.sections()["A newer PostgreSQL"]
    script = (f"cd /{WORK} && export OLD=/{server.bindir} NEW=/{new.bindir} OLD_DATA={old_data} NEW_DATA=/{new.data} "
              f"LD_LIBRARY_PATH=/{tree.OLD}/lib LC_ALL=C.UTF-8 PGUSER=postgres; {block.text.strip()} {how} || "
              "{ find new* -name '*.txt' | xargs tail -n 50; exit 1; }")
    done = subprocess.run(tree.inside("bash", "-c", script, user="postgres:postgres"), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    with new.running():
        copy = Database(new, "estate")
        catalogue.same(comparable(server.lines), comparable(copy.fingerprint()))
        use.put_to_use(copy)


def comparable(lines):
    """Without what 17 tells in other words: attributes of roles, the text of views and of functions; nor what is new in
    17: the right MAINTAIN, and types of arrays among an extension's members."""
    return sorted((kind, name, fact.replace("MAINTAIN ", "")) for kind, name, fact in lines
                  if kind not in ("role", "rule") and not (kind == "routine" and len(fact) == 32)
                  and not (kind == "member" and fact.endswith("[]")))
