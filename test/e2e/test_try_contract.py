"""What analytics_try_contract says of stored events comes true: the same records, ingested again into an empty database
where the contract is enforced, are events or dead letters by the same numbers. A million records: make slow."""
import contextlib
import json

import pytest

SCHEMA = json.dumps({
    "type": "object", "required": ["order", "total"],
    "properties": {
        "order": {"type": "string", "pattern": "^o-[0-9]+$"}, "total": {"type": "number", "minimum": 10},
        "currency": {"enum": ["EUR", "USD"]},
        "lines": {"type": "array", "maxItems": 4, "items": {"properties": {"quantity": {"type": "integer"}}}}},
    "if": {"properties": {"channel": {"const": "shop"}}, "required": ["channel"]}, "then": {"required": ["cashier"]}})
# Pseudo-random, and the same in every database: what an order lacks or has wrong follows from its number.
RECORDS = """SELECT n, convert_to(jsonb_build_object(
        'eventType', 'order' || CASE WHEN mod(h, 3) = 0 THEN '.v2' ELSE '' END, 'source', 'shop', 'eventId', 'e' || n,
        'occurredAt', timestamptz '2026-03-01Z' + n * interval '1 second',
        'payload', jsonb_strip_nulls(jsonb_build_object(
            'order', CASE mod(h, 101) WHEN 0 THEN NULL WHEN 1 THEN to_jsonb(n) ELSE to_jsonb('o-' || n) END,
            'total', CASE mod(h, 103) WHEN 0 THEN NULL WHEN 1 THEN to_jsonb('12'::text) ELSE to_jsonb(mod(h, 500)) END,
            'currency', CASE WHEN mod(h, 107) = 0 THEN 'GBP' ELSE 'EUR' END,
            'channel', CASE WHEN mod(h, 109) < 2 THEN 'shop' END, 'cashier', CASE WHEN mod(h, 109) = 0 THEN 'c-1' END,
            'version', CASE WHEN mod(h, 7) = 0 THEN 1 END,
            'lines', (SELECT jsonb_agg(jsonb_build_object('quantity', CASE mod(h + l, 113) WHEN 0 THEN 1.5 ELSE l END))
                      FROM generate_series(1, mod(h, 6)) AS l))))::text, 'UTF8') AS value
    FROM generate_series(%(first)s, %(last)s) AS n, LATERAL (SELECT abs(hashint4(n) / 2)) AS hashed (h)"""
INGEST = f"""SELECT stored, duplicates, dead_lettered
    FROM analytics_ingest((SELECT array_agg(value ORDER BY n) FROM ({RECORDS}) AS r))"""
TRIED = """SELECT v.version, t.finding, t.pointer, t.keyword, t.expected, t.records
    FROM (VALUES (1), (2)) AS v (version),
         LATERAL analytics_try_contract('order', v.version, %(schema)s, sample => 10000000) AS t"""
REGISTERED = """INSERT INTO analytics_contracts (event_type, version, mode, schema)
    VALUES ('order', 1, %(mode)s, %(schema)s), ('order', 2, %(mode)s, %(schema)s)"""
BATCH = 10_000


def ingested(database, count, mode):
    """How many of the records were stored and dead-lettered under contracts of this mode."""
    database.rows(REGISTERED, {"mode": mode, "schema": SCHEMA if mode == "enforce" else None})
    with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
        totals = (0, 0, 0)
        for first in range(1, count + 1, BATCH):
            cursor.execute(INGEST, {"first": first, "last": min(first + BATCH - 1, count)})
            totals = tuple(map(sum, zip(totals, cursor.fetchone())))
    return totals


def tried_equals_ingested(new_database, count):
    with new_database() as stored, new_database() as empty:
        assert ingested(stored, count, "accept") == (count, 0, 0)
        tried = stored.rows(TRIED, {"schema": SCHEMA})
        holds = {version: records for version, finding, *_, records in tried if finding == "holds"}
        violations = {}
        for _, finding, pointer, keyword, expected, records in tried:
            if finding == "violates":
                detail = f'"{pointer}" {keyword}: expected {expected}'
                violations[detail] = violations.get(detail, 0) + records
        assert sum(holds.values()) + sum(violations.values()) == count
        assert min(len(holds), len({detail.split()[1] for detail in violations})) >= 2
        print(f"{sum(holds.values())} of {count} hold; {len(violations)} findings of {sum(violations.values())}")

        assert ingested(empty, count, "enforce") == (sum(holds.values()), 0, sum(violations.values()))
        assert dict(empty.rows("""SELECT analytics_event_version(event_type, payload), count(*)
                                  FROM analytics_events GROUP BY 1""")) == holds
        assert dict(empty.rows("""SELECT detail, count(*) FROM analytics_dead_letters
                                  WHERE reason = 'contract_violation' GROUP BY 1""")) == violations
        assert stored.sql("SELECT count(*) FROM analytics_events") == count


def test_what_is_tried_comes_true(new_database):
    tried_equals_ingested(new_database, 30_000)


@pytest.mark.slow
def test_what_is_tried_on_a_million_events_comes_true(new_database):
    tried_equals_ingested(new_database, 1_000_000)
