"""Parameters at their extremes, and what is stored at its own: a client is blamed for its own parameters alone, and
then they are named; what is stored can be shown, whatever its time."""
import base64
import itertools

import pytest
import requests

from http_client import RECENT, SUMMARY, event, get, pages, post, problem

HISTOGRAM = "/v1/analytics/metrics/histogram"
PROJECTION = "/v1/analytics/projections/extremes"
LETTERS = "/v1/analytics/dead-letters"

TIMES = [None, "0001-01-01T00:00:00Z", "0001-01-01T00:04:59Z", "0001-01-02T00:00:00Z", "1582-10-10T00:00:00Z",
         "2026-03-04T05:06:07Z", "9999-12-30T00:00:00Z", "9999-12-31T23:59:59.999999Z"]
BUCKETS = ["PT1M", "PT9999M", "PT9999H", "P1D", "P9999D", "P9999W", "P1M", "P9999M", "P1Y", "P9999Y"]
ZONES = ["UTC", "America/Havana", "Asia/Kolkata", "+05:30", "-23:59", "EST5EDT", "nosuch", "posixrules", "Factory",
         "localtime", " UTC", "utc", "GMT+5", "<+03>-3", "x" * 64, "right/UTC", "../etc/passwd", "infinity", "interval"]
TEXTS = ["\u0001", "'", "\\", "%", "x" * 64, "ä" * 64, "\ufeff", "\U0010ffff" * 64, "null"]
CURSORS = [base64.urlsafe_b64encode(bytes_).decode() for bytes_ in (
    bytes(24), b"\xff" * 24, b"\x7f" + b"\xff" * 23, b"\x80" + bytes(23), b"\x7f\xff" + bytes(22), bytes(range(24)))]


def product(path, **choices):
    """Requests of a path with every combination of these values; None leaves one out."""
    for values in itertools.product(*choices.values()):
        yield path, {name: value for name, value in zip(choices, values) if value is not None}


REQUESTS = [
    *product(SUMMARY, reference=TIMES, windowMinutes=[None, 5, 10080]),
    *product(HISTOGRAM, **{"from": TIMES, "to": TIMES, "bucket": ["PT1M", "P1D", "P1Y", "P9999Y"]}),
    *product(HISTOGRAM, timezone=ZONES, bucket=BUCKETS, to=[None, "0001-01-01T00:01:00Z",
                                                            "9999-12-31T23:59:59.999999Z"]),
    *product(PROJECTION, **{"from": TIMES, "to": TIMES}),
    *product(RECENT, cursor=CURSORS, tenantId=[None, "t"], eventType=[None, "t"]),
    *product(PROJECTION, cursor=CURSORS),
    *product(LETTERS, cursor=[0, 1, 2**63 - 1], limit=[1, 500]),
    *[(path, {"tenantId": text}) for path in (RECENT, SUMMARY, HISTOGRAM, PROJECTION) for text in TEXTS],
    *[(path, {"eventType": text}) for path in (RECENT, HISTOGRAM) for text in TEXTS],
    *[(LETTERS, {name: text}) for name in ("reason", "topic") for text in TEXTS],
    *[(f"/v1/analytics/events/{time}/8ba02af1-c98f-8b9a-bc17-675d036f64fa", {}) for time in TIMES if time],
    *[(f"{LETTERS}/{number}", {}) for number in (0, 1, 2**63 - 1, 2**63)],
]


@pytest.fixture
def service(http, database, any_time):
    database.sql("""CALL analytics_create_projection('extremes', measures => '{"m": ["n"]}',
                    dimensions => '{"n": {"path": ["n"], "type": "bigint"}}')""")
    started = http()
    post(started, [event(0), event(1, occurredAt="0001-01-01T00:00:00Z"),
                   event(2, occurredAt="9999-12-31T23:59:59.999999Z")])
    return started


def test_extreme_parameters_are_answered_or_named(service):
    faults = []
    with requests.Session() as session:
        for path, parameters in REQUESTS:
            answer = session.get(service.url + path, params=parameters, timeout=30)
            if answer.status_code == 422:
                named = {fault.get("field") for fault in answer.json()["errors"]}
                if not named or not named <= {*parameters, "id", "occurredAt", "from", "to", "bucket"}:
                    faults.append((path, parameters, answer.text))
            elif answer.status_code not in (200, 404):
                faults.append((path, parameters, answer.text))
    assert not faults, (len(faults), faults[:5])


def test_what_is_stored_can_be_shown_whatever_its_time(service, database):
    """Rows that an operator put into partitions of his own: pages go through them, and nobody is blamed."""
    database.sql("CREATE TABLE late PARTITION OF analytics_events FOR VALUES FROM ('10000-01-02Z') TO (MAXVALUE)")
    database.sql("CREATE TABLE early PARTITION OF analytics_events FOR VALUES FROM (MINVALUE) TO ('0001-01-01Z')")
    times = ["infinity", "12000-01-01 00:00:00.000001+00", "4000-01-01 00:00:00+00 BC", "-infinity"]
    for time in times:
        database.sql("""INSERT INTO analytics_events (id, event_type, source, occurred_at, payload)
                        SELECT gen_random_uuid(), 'extreme', 'tests', %s, '{}' FROM generate_series(1, 3)""", (time,))
    for size in (1, 2, 4, 500):
        seen = [item["id"] for page in pages(service, limit=size) for item in page["items"]]
        assert len(seen) == len(set(seen)) == 15, size
    seen = [item["id"] for page in pages(service, limit=2, eventType="extreme") for item in page["items"]]
    assert len(seen) == len(set(seen)) == 12
    for path in (SUMMARY, HISTOGRAM, "/v1/analytics/projections", PROJECTION):
        assert get(service, path).status_code == 200, path


def test_a_value_that_is_stored_is_nobody_s_fault_but_ours(service, database):
    """Reading fails by what is stored: 500 for everybody, however good the request, and the log has the reason."""
    database.sql("""CREATE FUNCTION broken(value jsonb) RETURNS boolean LANGUAGE plpgsql AS
                    $$BEGIN RETURN 1 / (length(value::text) - length(value::text)) = 0; END$$""")
    database.sql("ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY")
    database.sql("ALTER TABLE analytics_events FORCE ROW LEVEL SECURITY")
    database.sql("CREATE ROLE extremes_reader LOGIN")
    try:
        database.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO extremes_reader")
        database.sql("CREATE POLICY all_of_them ON analytics_events USING (broken(payload))")
        service.terminate()
        service.environment["ANALYTICS_DATABASE_URL"] = database.server.url(database.name, "extremes_reader")
        service.start()
        service.await_answer()
        for parameters in ({}, {"limit": 5}, {"eventType": "test.happened"}):
            details = problem(get(service, RECENT, **parameters), 500)
            assert details["errors"] == [] and "zero" not in details["detail"]
        assert service.logs(event="request_failed", sqlstate="22012")
    finally:
        database.sql("DROP OWNED BY extremes_reader")
        database.sql("DROP ROLE extremes_reader")
