"""pg_upgrade from PostgreSQL 15 to 17, by copy and by link: the upgraded cluster's database equals the original.

It needs both servers on one machine, so it runs in the tree of Debian 13 (two_servers.py); skipped where there is none.
"""
import contextlib
import shutil
import subprocess

import pytest

import catalogue
import recipes
import two_servers
import use
from database import Database, furnish, prepare

TREE = two_servers.TREE.folder
WORK = "var/lib/upgrade"  # in the tree


class Server:
    """A server in the tree; to tests it looks like a rig.cluster.Cluster."""

    port = "5432"

    def __init__(self, bindir, name, installation):
        self.bindir, self.installation = bindir, installation
        self.data = f"{WORK}/{name}"
        self.socket = TREE / WORK

    def run(self, program, *arguments):
        done = subprocess.run(two_servers.inside("env", f"LD_LIBRARY_PATH=/{two_servers.OLD}/lib", "LC_ALL=C.UTF-8",
                                                 f"/{self.bindir}/{program}", *arguments),
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
    if not two_servers.TREE.is_complete():
        pytest.skip("needs both servers on one machine: run test/rig/tree.py trixie as root, once")
    here = two_servers.refresh()
    work = TREE / WORK
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    subprocess.run(two_servers.inside("chown", "postgres:postgres", f"/{WORK}", user="root"), check=True)
    old = Server(f"{two_servers.OLD}/usr/lib/postgresql/15/bin", "old", here)
    old.initialize()
    with old.running():
        cold = work / "cold"
        cold.mkdir()
        subprocess.run(two_servers.inside("chown", "postgres:postgres", f"/{WORK}/cold", user="root"), check=True)
        prepare(old, f"/{WORK}/cold")
        old.lines = furnish(Database(old, "estate")).fingerprint()
    yield old
    shutil.rmtree(work, ignore_errors=True)


@pytest.fixture
def no_faults():
    """The servers' logs are looked at where they run."""


@pytest.mark.parametrize("how", ["", "--link"])
def test_upgraded_to_17(server, how):
    new = Server(two_servers.NEW, f"new{how}", server.installation)
    for left in (TREE / WORK / "cold").glob("PG_17_*"):
        shutil.rmtree(left)  # of the other upgrade
    new.initialize()
    old_data = f"/{server.data}"
    [block] = recipes.sections()["A newer PostgreSQL"]
    script = (f"cd /{WORK} && export OLD=/{server.bindir} NEW=/{new.bindir} OLD_DATA={old_data} NEW_DATA=/{new.data} "
              f"LD_LIBRARY_PATH=/{two_servers.OLD}/lib LC_ALL=C.UTF-8 PGUSER=postgres; {block.text.strip()} {how} || "
              "{ find new* -name '*.txt' | xargs tail -n 50; exit 1; }")
    done = subprocess.run(two_servers.inside("bash", "-c", script), capture_output=True, text=True)
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
