"""Fixtures of the tests of updating: every earlier release, on this checkout's library.

server     a cluster; it has the roles and the tablespace of test/dump
empty      empty(): a new empty database
released   released(version): the database in use of test/dump, made by that release's install script
"""
import contextlib
import itertools
import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / room) for room in ("", "dump")]
from rig import cluster, installation, place, releases  # noqa: E402
from database import SETTINGS, Database, furnish, prepare, refusal  # noqa: E402

numbers = itertools.count(1)


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def refused(server):
    """{release: why it can't be installed on this PostgreSQL}"""
    return {version: why_not for version in releases.earlier() if (why_not := refusal(server, version))}


@pytest.fixture(autouse=True)
def installable(request, refused):
    """Skips a test of a release that this PostgreSQL can't have."""
    version = getattr(request.node, "callspec", None) and request.node.callspec.params.get("version")
    if version in refused:
        pytest.skip(refused[version])


@pytest.fixture
def empty(server):
    with contextlib.ExitStack() as stack:
        def made():
            target = Database(server, f"empty_{next(numbers)}").create()
            stack.callback(target.drop)
            return target

        yield made


@pytest.fixture
def released(server):
    with contextlib.ExitStack() as stack:
        def made(version=None):
            target = Database(server, f"used_{next(numbers)}")
            stack.callback(target.drop)
            return furnish(target, version)

        yield made
