"""Fixtures of the oracle: a private cluster and a database with the extension.

ORACLE_STEPS  steps a mode (400, as in make check; 10000 is the long run)
ORACLE_SEED   of the world; drawn anew when unset, and printed either way
"""
import contextlib
import os
import pathlib
import secrets
import sys

import psycopg2
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rig import cluster, installation  # noqa: E402
from agreement import HELPER  # noqa: E402
from projected import PROJECTIONS  # noqa: E402
from table_steps import MEDDLE  # noqa: E402

SETTINGS = {**cluster.UNUSUAL, "analytics.max_future": "-1",
            "deadlock_timeout": "20ms", "fsync": "off", "full_page_writes": "off", "jit": "off"}


@pytest.fixture
def steps():
    return int(os.environ.get("ORACLE_STEPS", "400"))


@pytest.fixture
def seed():
    return int(os.environ.get("ORACLE_SEED") or secrets.randbelow(10**9))


@pytest.fixture
def server():
    with cluster.Cluster(installation.with_extension(), SETTINGS) as running:
        yield running
        faults = running.faults_since()
        assert not faults, "PostgreSQL's log shows:\n" + "\n".join(faults)


@pytest.fixture
def connect(server):
    """connect(): another connection to the database of the test, where statements commit unless one says BEGIN."""
    server.sql("CREATE EXTENSION analytics_events")
    server.sql(HELPER)
    server.sql(MEDDLE)
    for projection in PROJECTIONS:
        server.sql(projection)
    with contextlib.ExitStack() as stack:
        def connected():
            connection = stack.enter_context(contextlib.closing(psycopg2.connect(server.url())))
            connection.autocommit = True
            return connection

        yield connected
