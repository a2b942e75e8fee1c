"""Fixtures of the tests of dumping, restoring, dropping and adopting: one cluster and one database in use a file.

server     the cluster; it can replicate logically, and has a tablespace and the roles
estate     the database in use (data.sql, operator.sql): name, url, lines (its fingerprint); nobody changes it
restored   restored(estate, way): another database, into which the way has restored it
empty      empty(): a new empty database
broker     of this machine
"""
import contextlib
import hashlib
import itertools
import os
import pathlib
import secrets
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rig import broker as brokers  # noqa: E402
from rig import cluster, installation, place  # noqa: E402
import ways  # noqa: E402
from database import SETTINGS, Database, furnish, prepare  # noqa: E402

numbers = itertools.count(1)


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
