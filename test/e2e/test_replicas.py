"""doc/replicas.md: its commands make a standby, which answers as the primary does, and takes its place. The newest
transactions are lost on the way, and nothing that Kafka still has."""
import json
import os
import signal

import psycopg2
import pytest
import requests

from rig import cluster, daemon, installation, pages, place

from conftest import Database
from http_client import event, get, post
from stream import QUICK_GROUP, Stream, events
from test_ingestor_outage import keyless

PAGE = place.ROOT / "doc" / "replicas.md"
DAY = "'2026-03-04Z', '2026-03-05Z'"
ASKED = {  # one call of each function that reads
    "analytics_bag": "(SELECT analytics_bag('2026-03-04 05:06Z', 't', 3))",
    "analytics_bag_cells": "(SELECT c.* FROM analytics_rollup_totals, analytics_bag_cells(hour, cells) AS c)",
    "analytics_bucket_start": "analytics_bucket_start('2026-03-04 05:06Z', '1 hour')",
    "analytics_consumer_groups": "(SELECT consumer_group, state, lag_records FROM analytics_consumer_groups())",
    "analytics_contract_finding": """analytics_contract_finding('{"type": "string"}', '{}')""",
    "analytics_counts": f"analytics_counts({DAY})",
    "analytics_dead_letter": "analytics_dead_letter(1)",
    "analytics_dead_letter_messages": "analytics_dead_letter_messages('letters')",
    "analytics_event": "(SELECT f.* FROM analytics_events AS e, analytics_event(e.occurred_at, e.id) AS f)",
    "analytics_event_version": "(SELECT analytics_event_version(event_type, payload) FROM analytics_events)",
    "analytics_explain": "analytics_explain('{}'::text)",
    "analytics_feed_messages": "analytics_feed_messages('kept')",
    "analytics_has_feeds": "analytics_has_feeds()",
    "analytics_histogram": f"analytics_histogram({DAY}, '1 hour')",
    "analytics_hopping": f"analytics_hopping({DAY}, '1 hour', '30 minutes')",
    "analytics_lag_records": "analytics_lag_records()",
    "analytics_latest": "(SELECT analytics_latest(event_type, payload) FROM analytics_events)",
    "analytics_maintenance_state": "analytics_maintenance_state()",
    "analytics_normalize": "analytics_normalize('{}'::text)",
    "analytics_open_dead_letters": "analytics_open_dead_letters()",
    "analytics_partitions": "analytics_partitions()",
    "analytics_read_feed": "analytics_read_feed('kept')",
    "analytics_recent": "analytics_recent(5)",
    "analytics_recent_dead_letters": "analytics_recent_dead_letters(5)",
    "analytics_session": f"analytics_session({DAY}, '1 hour', '{{n}}')",
    "analytics_sizes": "(SELECT count(*) FROM analytics_sizes('2026-03-05Z'))",
    "analytics_summary": "analytics_summary(60, '2026-03-04 05:30Z')",
    "analytics_tumbling": f"analytics_tumbling({DAY}, '1 hour')",
    "analytics_verify": "analytics_verify()",
    "analytics_version": "analytics_version()",
    "analytics_versions": f"analytics_versions({DAY})",
}
READING = """SELECT p.proname FROM pg_proc AS p JOIN pg_depend AS d ON d.objid = p.oid AND d.deptype = 'e'
             WHERE d.classid = 'pg_proc'::regclass AND p.proname LIKE 'analytics\\_%' AND p.provolatile <> 'v'"""


@pytest.fixture
def primary():
    with cluster.Cluster(installation.with_extension(), cluster.UNUSUAL) as running:
        yield running


@pytest.fixture
def standby(primary):
    with cluster.Standby(primary) as made:
        yield made
        assert made.faults_since(0) == primary.faults_since(0) == []


@pytest.fixture
def app(primary):
    """The database in use: events, dead letters, a projection, feeds."""
    primary.sql("CREATE DATABASE app")
    database = Database(primary, "app")
    database.sql("CREATE EXTENSION analytics_events")
    database.sql("CALL analytics_create_projection('kept')")
    database.sql("CALL analytics_create_feed('kept', since => 'now')")
    database.sql("CALL analytics_create_feed('letters', 'dead_letters')")
    records = [json.dumps(event(n)).encode() for n in range(20)] + [b"{", b'{"colour":"red"}']
    database.sql("SELECT count(*) FROM analytics_ingest(%s::bytea[])", (records,))
    database.sql("SELECT analytics_tick()")
    return database


def follow(heading, primary, standby):
    """Runs the section's commands, each where it belongs; returns all that was said."""
    heard = []
    for block in pages.sections(PAGE)[heading]:
        at = standby if block.word == "standby" else primary
        named = {"PGDATA": str(standby.data), "PRIMARY": f"host={primary.socket} port={primary.port} user=replicator "
                                                         "application_name=standby"}
        code, said = block.run({**os.environ, **at.environment(), **named})
        assert code == 0, f"{block.text}\n{said}"
        heard.append(said)
        if block.language == "sh":
            standby.start()
    return "".join(heard)


def replayed(primary, standby):
    """Awaits that the standby has replayed all that the primary has."""
    position = primary.sql("SELECT pg_current_wal_flush_lsn()")
    place.eventually(lambda: standby.sql(f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == "t", what="the replay")


def answers(database):
    return {name: database.rows(f"SELECT r::text FROM {asked} AS r ORDER BY 1") for name, asked in ASKED.items()}


def routes(database):
    """The paths of all GET routes, with values for their parameters."""
    document = json.loads((place.ROOT / "http" / "openapi.json").read_text())
    occurred_at, event_id = database.sql("SELECT occurred_at, id FROM analytics_events LIMIT 1")
    values = {"{occurredAt}": occurred_at.isoformat().replace("+", "%2B"), "{id}": "1", "{name}": "kept"}
    for path in [path for path, methods in document["paths"].items() if "get" in methods]:
        path = path.replace("{occurredAt}/{id}", "{occurredAt}/" + event_id)
        for name, value in values.items():
            path = path.replace(name, value)
        yield path + {"/v1/analytics/metrics/summary": "?reference=2026-03-04T05:30:00Z",
                      "/v1/analytics/metrics/histogram": "?to=2026-03-05T00:00:00Z"}.get(path, "")


def test_a_standby_is_made_answers_and_takes_over(primary, standby, app, kafka, topic):
    said = follow("Make a standby", primary, standby)
    assert "standby|streaming" in said.replace(" ", "")
    follow("What a standby answers", primary, standby)
    with daemon.Http(app.url, ANALYTICS_HTTP_TIMEOUT_MS=5_000) as here, daemon.Http(standby.url("app")) as there:
        answers_as_the_primary(primary, standby, app, here, there)
        stores_nothing(standby, there, kafka, topic)
        takes_over(primary, standby, app, here, kafka, topic)
        assert post(there, event(99)).status_code == 201


def answers_as_the_primary(primary, standby, app, here, there):
    assert {name for name, in app.rows(READING)} == set(ASKED)
    replayed(primary, standby)
    assert answers(Database(standby, "app")) == answers(app)
    for path in routes(app):
        one, other = get(there, path), get(here, path)
        assert (one.status_code, one.json()) == (200, other.json()), path
    assert requests.get(there.admin_url + "/readyz", timeout=30).status_code == 200
    assert "analytics_maintained_at" in requests.get(there.admin_url + "/metrics", timeout=30).text


def stores_nothing(standby, there, kafka, topic):
    answer = post(there, event(98))
    assert (answer.status_code, answer.json()["code"]) == (503, "25006")
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        Database(standby, "app").sql("SELECT * FROM analytics_ingest(ARRAY['{}'::bytea])")
    with daemon.Ingestor(kafka, standby.url("app"), topic, topic + "-2", arguments=["--check"]) as once:
        assert once.wait() == 69
    with daemon.Ingestor(kafka, standby.url("app"), topic, topic + "-2", **QUICK_GROUP) as waiting:
        assert waiting.await_log(event="database_unavailable")["sqlstate"] == "25006"
        assert waiting.running


def takes_over(primary, standby, app, here, kafka, topic):
    """The standby lacks the newest when it is promoted. No record has a key, so one that is stored twice shows.
    What was posted is lost."""
    app.sql("DELETE FROM analytics_events")
    stream = Stream(kafka, app, topic)
    url = f"postgresql://postgres@/app?host={primary.socket},{standby.socket}&target_session_attrs=read-write"
    with daemon.Ingestor(kafka, url, topic, topic, **QUICK_GROUP) as running:
        follow("What a failover loses", primary, standby)
        read(stream, range(100))
        assert primary.sql("SELECT sync_state FROM pg_stat_replication") == "sync"
        standby.stop()
        assert post(here, event(97, payload={"number": 97_000})).status_code in (503, 504)
        primary.sql("ALTER SYSTEM RESET synchronous_standby_names")
        primary.sql("SELECT pg_reload_conf()")
        place.eventually(lambda: 97_000 in stream.numbers(), what="the event, stored nevertheless")
        read(stream, range(100, 200))
        primary.stop(signal.SIGQUIT)
        standby.start()
        app.server = standby
        assert stream.numbers() == list(range(100))
        said = follow("Fail over", primary, standby)
        assert "(0 rows)" in said
        stream.await_read()  # though nothing comes
        assert running.logs(event="partition_rewound") and len(running.logs(event="started")) == 1
        read(stream, range(200, 300))
        assert stream.numbers() == list(range(300))
    assert app.rows("SELECT * FROM analytics_verify()") == []


def read(stream, numbers):
    stream.produce(keyless(events(len(numbers), first=numbers[0])))
    stream.await_read()
