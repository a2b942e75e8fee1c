"""Fixtures of the tests of dumping, restoring, dropping and adopting: one cluster and one database in use a file.

server     the cluster; it can replicate logically, and has a tablespace and the roles
estate     the database in use (data.sql, operator.sql): name, url, lines (its fingerprint); nobody changes it
restored   restored(estate, way): another database, into which the way has restored it
empty      empty(): a new empty database
broker     of this machine
"""
import contextlib
import dataclasses
import hashlib
import itertools
import os
import pathlib
import secrets
import subprocess
import sys

import psycopg2
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rig import broker as brokers  # noqa: E402
from rig import cluster, installation, place  # noqa: E402
import catalogue  # noqa: E402
import ways  # noqa: E402

SETTINGS = {**cluster.UNUSUAL, "wal_level": "logical", "fsync": "off", "full_page_writes": "off", "jit": "off",
            "max_replication_slots": "10", "wal_retrieve_retry_interval": "100ms"}
ROLES = ("CREATE ROLE dump_reader NOLOGIN", "CREATE ROLE dump_owner NOLOGIN", "CREATE ROLE app_owner LOGIN")
numbers = itertools.count(1)


@dataclasses.dataclass
class Database:
    """A database that has the extension in the schema home; sessions find its objects there."""

    server: cluster.Cluster
    name: str
    home: str = "public"

    @property
    def url(self):
        return self.server.url(self.name)

    def connect(self, user="postgres"):
        connection = psycopg2.connect(self.server.url(self.name, user))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('search_path', quote_ident(%s) || ', public', false)", (self.home,))
        return connection

    def rows(self, statement, parameters=None, user="postgres"):
        with contextlib.closing(self.connect(user)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def sql(self, statement, parameters=None, user="postgres"):
        """The first row's only value, or the row; None without one."""
        rows = self.rows(statement, parameters, user)
        return (rows[0][0] if len(rows[0]) == 1 else rows[0]) if rows else None

    def run(self, *files, **variables):
        """psql -f, as an operator would."""
        words = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        words += [word for file in files for word in ("-f", str(file))]
        done = subprocess.run([self.server.installation.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1",
                               "-d", self.url, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def fingerprint(self):
        return catalogue.fingerprint(self.url)

    def create(self, template="template0"):
        self.server.sql(f'CREATE DATABASE "{self.name}" TEMPLATE "{template}" ENCODING \'UTF8\'')
        return self

    def drop(self):
        self.server.sql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def prepare(server, folder):
    """What is the cluster's: roles and a tablespace, in that folder."""
    for statement in ROLES:
        server.sql(statement)
    server.sql(f"CREATE TABLESPACE cold LOCATION '{folder}'")


def furnish(database):
    """The database in use."""
    database.create()
    if database.home != "public":
        database.sql(f'CREATE SCHEMA "{database.home}"')
    database.sql(f'CREATE EXTENSION analytics_events SCHEMA "{database.home}"')
    database.run(ways.ROLES)
    database.run(ways.DATA, ways.OPERATOR, home=database.home)
    assert database.rows("SELECT * FROM analytics_verify()") == []
    return database


@pytest.fixture(scope="module")
def server():
    with cluster.Cluster(installation.with_extension(), SETTINGS) as running:
        prepare(running, place.server_folder("cold"))
        yield running


@pytest.fixture(autouse=True)
def no_faults(server):
    """Fails a test during which a backend crashed, asserted or leaked."""
    position = server.log_size()
    yield
    faults = server.faults_since(position)
    assert not faults, "PostgreSQL's log shows:\n" + "\n".join(faults)


@pytest.fixture(scope="module")
def estate(server):
    made = furnish(Database(server, "estate"))
    made.lines = made.fingerprint()
    return made


@pytest.fixture
def restored(server, tmp_path):
    """restored(source, script): a new database into which the script has restored the source, without a word; the
    dump is in its folder."""
    with contextlib.ExitStack() as stack:
        def made(source, script=ways.WAYS["custom"]):
            target = Database(server, f"copy_{next(numbers)}", source.home).create()
            stack.callback(target.drop)
            target.folder = tmp_path / target.name
            target.folder.mkdir()
            code, said = ways.run(server, script, target.folder, source.name, target.name)
            assert (code, said) == (0, ""), said
            return target

        yield made


@pytest.fixture
def empty(server):
    """empty(): a new empty database."""
    with contextlib.ExitStack() as stack:
        def made(home="public"):
            target = Database(server, f"empty_{next(numbers)}", home).create()
            stack.callback(target.drop)
            return target

        yield made


@pytest.fixture(scope="module")
def broker():
    with brokers.choose() as running:
        yield running


class KeyFile:
    """API keys for analytics-http; ring[name] is the key."""

    def __init__(self, path):
        self.path, self.keys = path, {}

    def __getitem__(self, name):
        return self.keys[name]

    def add(self, name, scopes, *options):
        self.keys[name] = secrets.token_urlsafe(32)
        digest = hashlib.sha256(self.keys[name].encode()).hexdigest()
        with open(self.path, "a") as file:
            file.write(" ".join([name, "sha256:" + digest, scopes, *options]) + "\n")


def topic_name():
    return f"dump.{next(numbers)}.{os.getpid()}"
