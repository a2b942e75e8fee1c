"""Both daemons behind pgbouncer, which hands a session of the server to another client after each transaction.

Whatever a client leaves behind in a session, the next one finds there: a role, a tenant, a search_path, prepared
statements. So the pool is small here, and clients are many and different. On one side each question is asked whose
answer may depend on that, on the other there is a service that is connected directly.
"""
import concurrent.futures
import configparser
import contextlib
import json
import random
import subprocess

import psycopg2
import pytest
import requests

from rig import daemon, pages, place, pooler

from http_client import EVENTS, RECENT, SUMMARY, event, get
from keys import KeyFile, ask, make_roles
from stream import Record, events

TENANTS = ("acme", "umbra", "hooli")
KEYS = (*TENANTS, "all")
REQUESTS, WORKERS = 2_000, 8
EACH = 7  # events of the first tenant; the second has twice as many
HISTOGRAM = "/v1/analytics/metrics/histogram"
ROLES = ("analytics_writer, analytics_reader, analytics_operator, analytics_tenant, analytics_ingestor, analytics_api, "
         "analytics_maintainer")
USERS = ("postgres", "analytics_api", "analytics_ingestor")

# How operators run it: as shipped, which refuses the startup parameter "options"; told to drop it; with prepared
# statements.
POOLERS = {"as shipped": {}, "options dropped": {"ignore_startup_parameters": "options"},
           "prepared statements": {"max_prepared_statements": 100}}


@contextlib.contextmanager
def pooled(server, kind="as shipped", size=2, **settings):
    found = pooler.version()
    if kind == "prepared statements" and found < (1, 21):
        pytest.skip(f"pgbouncer {'.'.join(map(str, found))} knows no max_prepared_statements, 1.21 and newer do")
    with pooler.Pooler(server, USERS, size, **POOLERS[kind], **settings) as running:
        yield running


@pytest.fixture(scope="module")
def tenanted(server, new_database):
    """A database as roles.sql intends it, with 7, 14 and 21 events of three tenants."""
    with new_database() as database:
        make_roles(server, database)
        records = [event(n, eventId=f"{tenant}-{n}", eventType=f"{tenant}.happened", tenantId=tenant,
                         occurredAt=f"2026-03-04T05:06:{n:02}Z", payload={"of": tenant})
                   for number, tenant in enumerate(TENANTS, 1) for n in range(EACH * number)]
        database.sql("SELECT count(*) FROM analytics_ingest(%s::bytea[])", ([json.dumps(r).encode() for r in records],))
        yield database
        database.sql(f"DROP OWNED BY {ROLES}")


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    ring = KeyFile(tmp_path_factory.mktemp("keys") / "keys")
    ring.add("all", "read,write,admin")
    for tenant in TENANTS:
        ring.add(tenant, "read,write", "tenant=" + tenant)
    return ring


def keyed(url, ring, **settings):
    return daemon.Http(url, ANALYTICS_HTTP_API_KEYS_FILE=ring.path, **settings)


# ---- as the document says

@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_the_documents_settings_are_enough(server, database, broker, topic, mode):
    """For both daemons, and for maintenance; and so they are in the other mode."""
    [block] = pages.blocks((place.ROOT / "doc" / "operating.md").read_text())
    documented = configparser.ConfigParser()
    documented.read_string(block.text)
    settings = {name: value for name, value in documented["pgbouncer"].items() if not name.startswith("listen_")}
    assert settings["pool_mode"] == "transaction"
    with pooler.Pooler(server, USERS, **{**settings, "pool_mode": mode}) as running:
        url = running.url(database.name)
        with daemon.Http(url) as service, daemon.Ingestor(broker, url, topic, topic) as ingestor:
            assert get(service, RECENT).status_code == 200
            ingestor.await_log(event="partitions_ready")
        called = ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-c", "CALL analytics_maintain()", url]
        assert subprocess.run(called, capture_output=True).returncode == 0


# ---- whose answer it is

def expected(key):
    """{event type: count} of what a key may see."""
    return {f"{tenant}.happened": EACH * n for n, tenant in enumerate(TENANTS, 1) if key in (tenant, "all")}


def seen(http, url, key, ring, path):
    """The same, from an answer of one of the routes."""
    answer = http.get(url + path, headers={"Authorization": "Bearer " + ring[key]}, timeout=60)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    if path.startswith(SUMMARY):
        return told["eventsPerType"]
    if path.startswith(HISTOGRAM):
        [bucket] = told["buckets"]
        return bucket["eventsPerType"]
    types = [item["eventType"] for item in told["items"]]
    return {name: types.count(name) for name in types}


PATHS = (RECENT + "?limit=500", SUMMARY + "?windowMinutes=60&reference=2026-03-04T05:30:00Z",
         HISTOGRAM + "?from=2026-03-04T05:00:00Z&to=2026-03-04T06:00:00Z&bucket=PT1H")


@pytest.mark.parametrize("kind", POOLERS)
def test_no_answer_is_another_tenants(server, tenanted, ring, kind):
    def some(seed):
        rng, http, wrong = random.Random(seed), requests.Session(), []
        for _ in range(REQUESTS // WORKERS):
            key, path = rng.choice(KEYS), rng.choice(PATHS)
            found = seen(http, service.url, key, ring, path)
            if found != expected(key):
                wrong.append((key, path, found))
        return wrong

    with pooled(server, kind) as running, keyed(running.url(tenanted.name, "analytics_api"), ring) as service, \
            concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
        wrong = [fault for faults in workers.map(some, range(WORKERS)) for fault in faults]
    assert not wrong, f"{len(wrong)} of {REQUESTS}: {wrong[:3]}"


def test_no_event_is_stored_for_another_tenant(server, tenanted, ring):
    def post(number):
        key = KEYS[number % len(KEYS)]
        of = TENANTS[number // len(KEYS) % len(TENANTS)]
        answer = requests.post(service.url + EVENTS, timeout=60, headers={"Authorization": "Bearer " + ring[key]},
                               json=event(eventId=f"posted-{number}", tenantId=of, eventType="posted",
                                          occurredAt="2026-05-01T00:00:00Z"))
        return answer.status_code in (200, 201), key in (of, "all"), number

    with pooled(server) as running, keyed(running.url(tenanted.name, "analytics_api"), ring) as service, \
            concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
        outcomes = list(workers.map(post, range(240)))
    assert [number for taken, may, number in outcomes if taken != may] == []
    stored = tenanted.rows("DELETE FROM analytics_events WHERE event_type = 'posted' RETURNING id")
    assert len(stored) == sum(may for _, may, _ in outcomes)


def test_a_role_that_nothing_restricts_gets_no_answer_and_stores_nothing(server, database, ring):
    database.sql("CREATE ROLE unbound NOLOGIN")
    try:
        database.sql("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO unbound")
        with pooled(server) as running, daemon.Http(running.url(database.name), ANALYTICS_HTTP_TENANT_ROLE="unbound",
                                                    ANALYTICS_HTTP_API_KEYS_FILE=ring.path) as service:
            auth = {"Authorization": "Bearer " + ring["acme"]}
            assert requests.get(service.url + RECENT, headers=auth, timeout=30).status_code == 503
            assert requests.post(service.url + EVENTS, headers=auth, json=event(1, tenantId="acme"),
                                 timeout=30).status_code == 503
        assert database.sql("SELECT count(*) FROM analytics_events") == 0
    finally:
        database.sql("DROP OWNED BY unbound; DROP ROLE unbound")


# ---- what others leave behind

LEFT_BEHIND = {
    "role": "SET ROLE analytics_tenant",
    "tenant": "SET analytics_http.tenant = 'umbra'",
    "search path": "SET search_path = evil, public",
    "dates": "SET DateStyle = 'German, DMY'; SET IntervalStyle = 'sql_standard'; SET TimeZone = 'Asia/Tokyo'",
    "digits and bytes": "SET extra_float_digits = -15; SET bytea_output = 'escape'",
    "strings": "SET standard_conforming_strings = off; SET backslash_quote = off",
    "statement_timeout": "SET statement_timeout = 500",
    "row security": "SET row_security = off",
    "isolation": "SET default_transaction_isolation = 'serializable'",
    "settings of the extension": "SET analytics.metrics_window_minutes = 7; SET analytics.max_event_bytes = 64; "
                                 "SET analytics.deduplicate = off",
    "prepared statements": "DEALLOCATE ALL;" + "".join(f"PREPARE {name} AS SELECT 'nonsense';" for name in (
        "begin, identify, commit, recent, summary, record_one, histogram, version, require_restriction").split(", ")),
    "a temporary table": "DISCARD TEMP; CREATE TEMP TABLE analytics_events (nothing int); "
                         "CREATE DOMAIN pg_temp.text AS int",
    "nothing at all": "DISCARD ALL",
}


def answers(service, ring):
    """A read of each kind, as a tenant and as everybody."""
    return {(key, path): ask(service, ring[key], path).json()
            for key in ("acme", "all") for path in (*PATHS, SUMMARY + "?reference=2026-03-04T05:30:00Z")}


def stored(service, ring, database):
    """What becomes of an event that comes twice, likewise; it is gone afterwards."""
    found = {}
    for key in ("acme", "all"):
        one = event(eventId="left-" + key, tenantId="acme", eventType="left", occurredAt="2026-05-02T00:00:00Z",
                    payload={"amount": 0.1234567890123456, "text": "back\\slash " + "x" * 200})
        for turn in ("first", "again"):
            answer = ask(service, ring[key], EVENTS, "POST", json=one)
            found[key, turn] = answer.status_code, {**answer.json(), "ingestedAt": "now"}
    database.sql("DELETE FROM analytics_events WHERE event_type = 'left'")
    return found


def leave_behind(url, statements):
    with contextlib.closing(psycopg2.connect(url)) as other, other.cursor() as cursor:
        other.autocommit = True
        for statement in ["SET statement_timeout = 0", *filter(str.strip, statements.split(";"))]:
            cursor.execute(statement)


def test_nothing_that_another_client_leaves_behind_changes_an_answer(server, tenanted, ring):
    settings = {"ANALYTICS_HTTP_API_KEYS_FILE": ring.path, "ANALYTICS_HTTP_POOL_SIZE": 1}
    tenanted.sql("CREATE SCHEMA evil AUTHORIZATION analytics_api")
    differing = []
    with pooled(server, size=1) as running, \
            daemon.Http(server.url(tenanted.name, "analytics_api"), **settings) as direct, \
            daemon.Http(running.url(tenanted.name, "analytics_api"), **settings) as service:
        for what, statements in LEFT_BEHIND.items():
            leave_behind(running.url(tenanted.name, "analytics_api"), statements)
            if answers(service, ring) != answers(direct, ring):
                differing.append((what, "read"))
            leave_behind(running.url(tenanted.name, "analytics_api"), statements)
            if stored(service, ring, tenanted) != stored(direct, ring, tenanted):
                differing.append((what, "stored"))
    assert differing == []


def test_requests_go_on_when_the_pooler_was_started_anew(server, database):
    with pooled(server) as running, daemon.Http(running.url(database.name)) as service:
        assert get(service, RECENT).status_code == 200
        running.stop()
        running.start()
        assert get(service, RECENT).status_code == 200


# ---- the ingestor

@pytest.mark.parametrize("kind", POOLERS)
def test_the_ingestor_stores_every_record_once(server, stream, kafka, database, topic, kind):
    with pooled(server, kind) as running:
        stream.produce(events(3_000) + [Record(b'{"colour":"red"}'), Record(b"{")])
        with daemon.Ingestor(kafka, running.url(database.name), topic, topic, ANALYTICS_BATCH_RECORDS=50,
                             ANALYTICS_INGESTOR_DATABASE_CONNECTIONS=2, ANALYTICS_KEEP_SKIPPED="off") as ingestor:
            stream.await_read()
            assert ingestor.terminate() == 0
    assert stream.numbers() == list(range(3_000))
    assert stream.totals() == (3_000, 0, 1, 1)
    assert database.rows("SELECT reason FROM analytics_dead_letters") == [("invalid_json",)], "keep_skipped is off"


def test_the_ingestors_statement_timeout_holds_there(server, stream, kafka, database, topic):
    with pooled(server, "options dropped") as running, stream.locked() as unlock:
        stream.produce(events(10))
        with daemon.Ingestor(kafka, running.url(database.name), topic, topic,
                             ANALYTICS_INGESTOR_BATCH_TIMEOUT_MS=1_000) as ingestor:
            ingestor.await_log(event="database_unavailable", sqlstate="57014")
            unlock()
            stream.await_read()
    assert stream.numbers() == list(range(10))


def test_check_passes_there(server, database, broker):
    with pooled(server) as running:
        url = {"ANALYTICS_DATABASE_URL": running.url(database.name)}
        kafka = {"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap}
        for program, more in ((daemon.HTTP, {}), (daemon.INGESTOR, kafka)):
            with daemon.Daemon(program, {**url, **more}, ["--check"]) as once:
                assert once.wait() == 0, once.output()
