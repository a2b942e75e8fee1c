"""Fixtures of the end-to-end tests: real servers, fresh names.

One PostgreSQL cluster and one broker serve the session (each worker's, under pytest-xdist); every test gets a database
and a topic of its own, so tests can neither see nor hurt each other. After every test the server's log is searched for
crashed backends, failed assertions and leaks: such a test fails, whatever it asserted.

server    the cluster (rig.cluster.Cluster): sql(), restart(), stop(signal.SIGQUIT), faults_since()
broker    the broker (rig.broker.Broker): bootstrap, kind, create_topic(); kill(), start(), tool() when kind is "kafka"
kafka     the same, for tests that need Apache Kafka: skipped with the reason where there is none
database  a new database with the extension: sql(), rows(), connect(), url
topic     a new topic's name, four partitions
produce   produce(topic, values, key=…, partition=…, headers=…, timestamp=…): returns when the broker has them
ingestor  ingestor(NAME=value, group=…, topic=…): a started analytics-ingestor on topic and database, its group named
          as the topic unless told otherwise; stopped after the test
stream    the test's topic seen from both ends (stream.Stream); real Kafka only
new_database  with new_database() as database: the same as database, for fixtures that outlive a test
manager   a service manager that daemons may report to (service_manager.Manager)
http      http(NAME=value): a started analytics-http that answers; stopped after the test; url, port
chromium  a headless browser (browser.Page looks at pages in it); skipped where there is none
"""
import contextlib
import itertools
import os
import pathlib
import sys

import psycopg2
import psycopg2.extras
import pytest
from confluent_kafka import Producer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rig import broker as brokers  # noqa: E402
from rig import cluster, daemon, installation  # noqa: E402
import browser  # noqa: E402
import service_manager  # noqa: E402
from stream import Stream  # noqa: E402

numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server():
    with cluster.Cluster(installation.with_extension(), cluster.UNUSUAL) as running:
        yield running


@pytest.fixture(autouse=True)
def no_faults(server):
    """Fails a test during which a backend crashed, asserted or leaked."""
    position = server.log_size()
    yield
    faults = server.faults_since(position)
    assert not faults, "PostgreSQL's log shows:\n" + "\n".join(faults)


@pytest.fixture(scope="session")
def broker():
    with brokers.choose() as running:
        yield running


@pytest.fixture
def kafka(broker):
    if broker.kind == "embedded":
        pytest.skip("needs Apache Kafka, only the embedded broker is here")
    yield broker
    if broker.kind == "kafka" and broker.process.poll() is not None:
        broker.start()  # a test that failed between kill and start is not to fail all that follow


class Database:
    """A database of the cluster with the extension in its public schema."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.url = server.url(name)

    def connect(self, user="postgres", autocommit=True):
        """A psycopg2 connection; the caller closes it."""
        connection = psycopg2.connect(self.server.url(self.name, user))
        connection.autocommit = autocommit
        return connection

    def rows(self, statement, parameters=None):
        """All rows as tuples."""
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def sql(self, statement, parameters=None):
        """The first row's only value (or the row, when it has several columns); None without a row."""
        rows = self.rows(statement, parameters)
        if not rows:
            return None
        return rows[0][0] if len(rows[0]) == 1 else rows[0]


@pytest.fixture(scope="session")
def new_database(server):
    any_database = Database(server, "postgres")  # a connection of ours costs less than a psql
    any_database.sql("CREATE DATABASE e2e_template")
    server.sql("CREATE EXTENSION analytics_events", "e2e_template")

    @contextlib.contextmanager
    def made():
        fresh = Database(server, f"e2e_{next(numbers)}")
        any_database.sql(f"CREATE DATABASE {fresh.name} TEMPLATE e2e_template")
        yield fresh
        any_database.sql(f"DROP DATABASE {fresh.name} WITH (FORCE)")

    return made


@pytest.fixture
def database(new_database):
    with new_database() as fresh:
        yield fresh


@pytest.fixture
def any_time(database):
    """New sessions store events of any year."""
    database.sql(f"ALTER DATABASE {database.name} SET analytics.max_future = -1")


@pytest.fixture
def manager():
    with contextlib.closing(service_manager.Manager()) as made:
        yield made


@pytest.fixture
def topic(broker):
    name = f"e2e.{next(numbers)}.{os.getpid()}"
    broker.create_topic(name)
    return name


@pytest.fixture
def produce(broker):
    producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 5})

    def send(topic, values, **options):
        """Sends values (bytes, str or None for a tombstone) in order; a partition keeps their order."""
        failures = []
        for value in values:
            producer.produce(topic, value, on_delivery=lambda error, _: error and failures.append(error), **options)
            producer.poll(0)
        assert producer.flush(30) == 0, "the broker did not take all records"
        assert not failures, failures[0]

    return send


@pytest.fixture
def stream(kafka, database, topic):
    return Stream(kafka, database, topic)


@pytest.fixture
def ingestor(broker, database, topic):
    with contextlib.ExitStack() as stack:
        yield lambda group=topic, topic=topic, **settings: stack.enter_context(
            daemon.Ingestor(broker, database.url, topic, group, **settings))


@pytest.fixture
def http(database):
    with contextlib.ExitStack() as stack:
        yield lambda **settings: stack.enter_context(daemon.Http(database.url, **settings))


@pytest.fixture(scope="session")
def chromium():
    with browser.driver() as running:
        yield running


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes, and only those")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes minutes; make slow")


def pytest_collection_modifyitems(config, items):
    unwanted = [item for item in items if bool(item.get_closest_marker("slow")) != config.getoption("--slow")]
    config.hook.pytest_deselected(items=unwanted)
    items[:] = [item for item in items if item not in unwanted]
