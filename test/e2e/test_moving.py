"""doc/moving.md: a group moves to another database, name and Kafka cluster, and nothing is lost or stored twice; and
analytics_events goes, and its data stays.

The page's commands are what is run. systemctl is ours: a service is a daemon with the settings of its file. No record
has a key, so one that is stored twice shows."""
import contextlib
import dataclasses
import os
import re
import shlex

import pytest
import requests

from rig import broker as brokers
from rig import cluster, daemon, installation, pages, place

from conftest import Database
from keys import make_roles
from stream import QUICK_GROUP, Record, Stream, events
from test_ingestor_outage import keyless

SECTIONS = pages.sections(place.ROOT / "doc" / "moving.md")
PROGRAMS = {"analytics-ingestor": (daemon.INGESTOR, "partitions_ready"), "analytics-http": (daemon.HTTP, "listening")}
ROLES = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'analytics%'"


class Services:
    """systemctl, for units whose settings are files of a folder; at the end all are stopped."""

    def __init__(self, folder):
        self.folder = folder
        self.running = {}

    def close(self):
        for one in self.running.values():
            one.terminate()

    def control(self, line):
        _, verb, *units = shlex.split(line)
        for unit in units:
            if unit in PROGRAMS and verb == "start":
                self.start(unit)
            elif unit in PROGRAMS:
                assert self.running.pop(unit).terminate() == 0

    def start(self, unit):
        program, ready = PROGRAMS[unit]
        self.running[unit] = daemon.Daemon(program, self.settings(unit))
        self.running[unit].start()
        self.running[unit].await_log(event=ready)

    def file(self, unit):
        return self.folder / f"{unit.removeprefix('analytics-')}.env"

    def settings(self, unit):
        return dict(line.split("=", 1) for line in self.file(unit).read_text().splitlines())

    def set(self, unit, settings):
        self.file(unit).write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


@pytest.fixture(scope="module")
def home():
    with cluster.Cluster(installation.with_extension(), cluster.UNUSUAL) as running:
        yield running
        assert running.faults_since(0) == []


@pytest.fixture
def app(home):
    """The database in use, with the roles."""
    home.sql("CREATE DATABASE app")
    database = Database(home, "app")
    database.sql("CREATE EXTENSION analytics_events")
    make_roles(home, database)
    yield database
    for name in ("app", "copy"):
        home.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def stream(kafka, app, topic):
    return Stream(kafka, app, topic)


@pytest.fixture
def services(home, stream, tmp_path):
    """Both daemons, as the page finds them."""
    http = daemon.Http(home.url("app", "analytics_api")).environment
    with contextlib.closing(Services(tmp_path)) as made:
        made.set("analytics-http", {name: value for name, value in http.items() if name.startswith("ANALYTICS_")})
        made.set("analytics-ingestor", {
            "ANALYTICS_KAFKA_BOOTSTRAP_SERVERS": stream.broker.bootstrap, "ANALYTICS_KAFKA_TOPIC": stream.topic,
            "ANALYTICS_KAFKA_CONSUMER_GROUP": stream.group,
            "ANALYTICS_DATABASE_URL": home.url("app", "analytics_ingestor"), **QUICK_GROUP})
        made.control("systemctl start analytics-ingestor analytics-http")
        yield made


@pytest.fixture
def follow(home, stream, services):
    """follow(heading): runs the section's commands; returns all that was said. The group and the topic have names of
    their own here, and other words are replaced on request."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANALYTICS_")}
    path = os.pathsep.join(map(str, (home.installation.bindir, daemon.INGESTOR.parent, os.environ["PATH"])))
    names = {"/etc/analytics-events": str(services.folder), "analytics-service": stream.topic,
             "analytics-2": stream.topic + "-2", "'analytics.events'": f"'{stream.topic}'"}

    def followed(heading, replaced=(), **variables):
        heard = []
        for block in SECTIONS[heading]:
            for part in re.split(r"^(systemctl .*)\n", block.text, flags=re.MULTILINE):
                for name, value in {**names, **dict(replaced)}.items():
                    part = part.replace(name, value)
                if part.startswith("systemctl "):
                    services.control(part)
                    continue
                code, said = dataclasses.replace(block, text=part).run(
                    {**own, **home.environment(), "PATH": path, **variables})
                assert code == 0, f"{part}\n{said}"
                heard.append(said)
        return "".join(heard)

    return followed


def read(stream, numbers):
    stream.produce(keyless(events(len(numbers), first=numbers[0])))
    stream.await_read()


def renamed(stream):
    return Stream(stream.broker, stream.database, stream.topic, group=stream.topic + "-2")


def to_another_database(stream, services, follow):
    read(stream, range(100))
    old = services.settings("analytics-ingestor")
    assert "group_adopted" in follow("To another database")
    there = Stream(stream.broker, Database(stream.database.server, "copy"), stream.topic)
    read(there, range(100, 200))
    assert (stream.numbers(), there.numbers()) == (list(range(100)), list(range(200)))
    http = services.settings("analytics-http")
    answer = requests.get(f"http://127.0.0.1:{http['ANALYTICS_SERVICE_PORT']}/v1/analytics/events/recent?limit=200",
                          timeout=30)
    assert answer.json()["count"] == 200
    with daemon.Daemon(daemon.INGESTOR, old) as refused:
        assert refused.wait() == 78


def to_another_name(stream, services, follow):
    read(stream, range(100))
    follow("To another name")
    there = renamed(stream)
    read(there, range(100, 200))
    assert there.numbers() == list(range(200))
    assert stream.offsets() == {}


def to_another_cluster(stream, services, follow):
    """Its offsets are lower than the old one's, and the topic has the same name."""
    read(stream, range(200))
    with brokers.Kafka() as new:
        new.create_topic(stream.topic)
        there = Stream(new, stream.database, stream.topic, group=stream.topic + "-2")
        there.produce(keyless(events(100, first=200)) + [Record(b"{")])
        said = follow("To another Kafka cluster", NEW=new.bootstrap)
        assert re.search(r"^\s*0 \|", said, re.MULTILINE), said
        there.await_read()
        services.control("systemctl stop analytics-ingestor")
    assert there.numbers() == list(range(300))
    states = "SELECT array_agg(state ORDER BY state) FROM analytics_consumer_groups()"
    assert stream.database.sql(states) == ["counted", "retired"]


def behind_the_copies(stream, services, follow):
    """The topic has what is stored already; one partition's offset is known, in the others nobody produces."""
    read(stream, range(100))
    services.control("systemctl stop analytics-ingestor")
    stream.produce(keyless(events(4, first=100, partition=0)))
    follow("When the new cluster has old records too", {"123456": str(stream.ends()[0] - 4)}.items())
    services.set("analytics-ingestor", {**services.settings("analytics-ingestor"),
                                        "ANALYTICS_KAFKA_CONSUMER_GROUP": stream.topic + "-2",
                                        "ANALYTICS_KAFKA_AUTO_OFFSET_RESET": "latest"})
    services.control("systemctl start analytics-ingestor")
    there = renamed(stream)
    read(there, range(104, 200))
    assert there.numbers() == list(range(200))


def decommissioned(stream, services, follow):
    database = stream.database
    database.sql("CALL analytics_create_projection('signups', view_schema => 'public')")
    database.sql("CREATE VIEW mine AS SELECT * FROM analytics_counts('2026-01-01Z', '2026-01-02Z')")
    stream.produce([Record(b"{")])
    read(stream, range(100))
    tables = "SELECT count(*) FROM pg_class WHERE relname LIKE 'analytics%' AND relkind IN ('r', 'p')"
    before = database.sql(tables)
    said = follow("Decommission, and keep the data")
    assert re.search("drop cascades to .*view mine", said) and services.running == {}
    assert stream.numbers() == list(range(100))
    assert database.sql("SELECT count(*) FROM analytics_dead_letters") == 1
    assert (database.sql("SELECT sum(count)::int FROM hourly_counts"),
            database.sql("SELECT sum(count)::int FROM signups_kept")) == (100, 100)
    assert database.sql(tables) == before
    assert database.sql("SELECT count(*) FROM pg_proc WHERE probin LIKE '%analytics_events'") == 0
    assert database.sql(ROLES) == 0
    assert database.sql("SELECT count(*) FROM pg_class WHERE relrowsecurity") == 0


TESTED = {"To another database": to_another_database, "To another name": to_another_name,
          "To another Kafka cluster": to_another_cluster,
          "When the new cluster has old records too": behind_the_copies,
          "Decommission, and keep the data": decommissioned}


def test_every_section_is_tested():
    assert {heading for heading, blocks in SECTIONS.items() if blocks} == set(TESTED)


@pytest.mark.parametrize("heading", TESTED)
def test_recipe(stream, services, follow, heading):
    TESTED[heading](stream, services, follow)
