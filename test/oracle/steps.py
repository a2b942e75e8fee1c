"""Single steps: every way in which a statement can change analytics_events, as an analyst or operator would write it.

A step is a function of (cursor, world) and runs in whatever transaction the caller has open. It may fail the way
statements fail when they meet others (EXPECTED): then what it did is gone, counts included.
"""
import csv
import io
import json

import psycopg2.errors as errors
from world import quoted

EXPECTED = (errors.UniqueViolation, errors.CheckViolation, errors.CardinalityViolation, errors.FeatureNotSupported,
            errors.TriggeredDataChangeViolation, errors.UndefinedTable, errors.DuplicateTable, errors.DuplicateObject,
            errors.InvalidObjectDefinition, errors.SerializationFailure, errors.DeadlockDetected,
            errors.LockNotAvailable, errors.RaiseException, errors.ObjectNotInPrerequisiteState,
            errors.NoActiveSqlTransaction, errors.InvalidCursorState)
# The last: a partition was attached since the cursor was opened.

COLUMNS = "(id, event_type, occurred_at, tenant_id, payload, source)"
AS_ROWS = """SELECT r.*, 's' FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[], %s::text[], %s::jsonb[])
    AS r (id, event_type, occurred_at, tenant_id, payload)"""


def with_partitions(cursor, rows):
    cursor.execute("SELECT count(analytics_create_partition(t, '1 month')) "
                   "FROM (SELECT DISTINCT date_trunc('month', u, 'UTC') FROM unnest(%s::timestamptz[]) AS u) AS _ (t) "
                   "WHERE (_analytics_partition_at(t)).partition IS NULL", (rows[2],))


def partitions(cursor):
    cursor.execute("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'analytics_events'::regclass "
                   "ORDER BY 1")
    return [name for name, in cursor.fetchall()]


def target(cursor, world):
    """(table, rows): the table of all events, or a partition, and events that go there."""
    names = partitions(cursor) if world.rng.randrange(4) == 0 else []
    if not names:
        rows = world.rows()
        with_partitions(cursor, rows)
        return "analytics_events", rows
    name = world.rng.choice(names)
    digits = name.removeprefix("analytics_events_").split("_")
    month = (int(digits[0]), int(digits[1])) if len(digits) == 2 and digits[0].isdigit() else None
    return name, world.rows(month=month)


def insert(cursor, world):
    table, rows = target(cursor, world)
    cursor.execute(f"INSERT INTO {table} {COLUMNS} {AS_ROWS}", rows)


def insert_on_conflict_do_nothing(cursor, world):
    table, rows = target(cursor, world)
    cursor.execute(f"INSERT INTO {table} {COLUMNS} {AS_ROWS} ON CONFLICT DO NOTHING", rows)


def insert_on_conflict_do_update(cursor, world):
    table, rows = target(cursor, world)
    change = world.rng.choice((
        "event_type = excluded.event_type", "tenant_id = excluded.tenant_id", "payload = excluded.payload",
        "event_type = excluded.event_type, tenant_id = NULL", "occurred_at = e.occurred_at + interval '1 minute'"))
    filtered = world.rng.choice(("", " WHERE e.event_type <> 'a'"))
    cursor.execute(f"INSERT INTO {table} AS e {COLUMNS} {AS_ROWS} ON CONFLICT (occurred_at, id) DO UPDATE SET "
                   f"{change}{filtered}", rows)


def insert_again(cursor, world):
    """Every event of some once more: all conflict."""
    cursor.execute(f"INSERT INTO analytics_events SELECT * FROM analytics_events AS e WHERE {world.some_of_them()} "
                   f"ON CONFLICT (occurred_at, id) DO UPDATE SET event_type = {quoted(world.event_type())}")


def update(cursor, world):
    table = world.rng.choice([*partitions(cursor), *["analytics_events"] * 15])
    shift = world.rng.choice(("1 microsecond", "-1 microsecond", "1 minute", "-61 minutes", "1 day", "1 month",
                              "-1 month"))
    change = world.rng.choice((
        f"event_type = {quoted(world.event_type())}", f"tenant_id = {quoted(world.tenant())}",
        f"event_type = {quoted(world.event_type())}, tenant_id = {quoted(world.tenant())}",
        f"occurred_at = e.occurred_at + interval '{shift}'",
        f"occurred_at = e.occurred_at + interval '{shift}', event_type = {quoted(world.event_type())}",
        "payload = e.payload || '{\"changed\": true}'", "payload = e.payload || '{\"n\": 50}'",
        "payload = e.payload - 'plan'", "source = 'other'", "id = gen_random_uuid()",
        "event_type = e.event_type"))
    cursor.execute(f"UPDATE {table} AS e SET {change} WHERE {world.some_of_them()}")


def delete(cursor, world):
    table = world.rng.choice([*partitions(cursor), *["analytics_events"] * 15])
    cursor.execute(f"DELETE FROM {table} AS e WHERE {world.some_of_them()}")


def move(cursor, world):
    """Deletes and inserts in one statement."""
    shift = world.rng.choice(("1 minute", "1 microsecond", "0"))
    cursor.execute(f"WITH gone AS (DELETE FROM analytics_events AS e WHERE {world.some_of_them()} RETURNING *) "
                   f"INSERT INTO analytics_events {COLUMNS} SELECT gen_random_uuid(), event_type, "
                   f"occurred_at + interval '{shift}', {quoted(world.tenant())}, payload, source FROM gone")


def merge(cursor, world):
    rows = world.rows()
    with_partitions(cursor, rows)
    matched = world.rng.choice((
        "WHEN MATCHED AND e.event_type = 'a' THEN DELETE WHEN MATCHED THEN UPDATE SET event_type = r.event_type",
        "WHEN MATCHED THEN UPDATE SET tenant_id = r.tenant_id, occurred_at = r.occurred_at + interval '1 month'",
        "WHEN MATCHED THEN DELETE", "WHEN MATCHED THEN DO NOTHING"))
    on = world.rng.choice(("e.id = r.id AND e.occurred_at = r.occurred_at", "e.id = r.id"))
    cursor.execute(f"MERGE INTO analytics_events AS e USING ({AS_ROWS}) AS r "
                   f"(id, event_type, occurred_at, tenant_id, payload, source) ON {on} {matched} "
                   f"WHEN NOT MATCHED THEN INSERT {COLUMNS} VALUES (r.id, r.event_type, r.occurred_at, r.tenant_id, "
                   "r.payload, r.source)", rows)


def copy(cursor, world):
    table, rows = target(cursor, world)
    text = io.StringIO()
    lines = csv.writer(text, quoting=csv.QUOTE_ALL)
    for row in zip(*rows):
        lines.writerow(["<null>" if value is None else value for value in row] + ["s"])
    text.seek(0)
    cursor.copy_expert(f"COPY {table} {COLUMNS} FROM STDIN (FORMAT csv, FORCE_NULL (tenant_id), NULL '<null>')", text)


def truncate(cursor, world):
    cursor.execute("TRUNCATE analytics_events")


def truncate_partition(cursor, world):
    names = partitions(cursor)
    if names:
        cursor.execute("TRUNCATE " + ", ".join(world.rng.sample(names, min(len(names), world.rng.choice((1, 1, 2))))))


def ingest(cursor, world):
    cursor.execute("SELECT * FROM analytics_ingest(%s::bytea[])", (world.records(),))


def ingest_kafka(cursor, world):
    """In one statement: alone, two would be two transactions, and another session might claim between them."""
    partition, records = world.rng.randrange(3), world.records()
    cursor.execute("SELECT i.stored FROM analytics_claim_partition('g', 't', %s, 'oracle', 0) AS c, "
                   "LATERAL analytics_ingest_kafka('g', 't', %s, c.owner_epoch, c.next_offset, c.next_offset + %s, "
                   "%s::bytea[], ARRAY(SELECT generate_series(c.next_offset, c.next_offset + %s - 1))) AS i",
                   (partition, partition, len(records), records, len(records)))


def record_each(cursor, world):
    cursor.execute("SELECT count(*) FROM analytics_record_each(%s::bytea[])", (world.records(),))


def record(cursor, world):
    value = {"eventType": world.event_type(), "source": "s", "payload": {}, "eventId": f"k{world.rng.randrange(40)}"}
    cursor.execute("SELECT duplicate FROM analytics_record(%s)", (json.dumps(value),))


def ingest_while_reading(cursor, world):
    """A statement within a statement, once a row of the events that it reads."""
    cursor.execute("SELECT sum((SELECT stored FROM analytics_ingest(CASE WHEN e.id IS NULL THEN NULL ELSE %s::bytea[] "
                   "END))) FROM (SELECT id FROM analytics_events LIMIT 3) AS e", (world.records(),))


def through_a_cursor(cursor, world):
    cursor.execute("DECLARE walk CURSOR FOR SELECT id FROM analytics_events WHERE event_type = "
                   f"{quoted(world.event_type())} FOR UPDATE")  # CURRENT OF needs all partitions in the cursor
    for _ in range(3):
        cursor.execute("FETCH walk")
        if cursor.fetchone() is None:
            break
        cursor.execute(world.rng.choice((
            "DELETE FROM analytics_events WHERE CURRENT OF walk",
            "UPDATE analytics_events SET event_type = 'b' WHERE CURRENT OF walk",
            "UPDATE analytics_events SET occurred_at = occurred_at + interval '1 minute' WHERE CURRENT OF walk")))
    cursor.execute("CLOSE walk")


def block_with_a_caught_error(cursor, world):
    """plpgsql: some turns of the loop end in an error that is caught, after they have changed events."""
    rows = world.rows(5)
    with_partitions(cursor, rows)
    turns = "".join(
        f"BEGIN INSERT INTO analytics_events (id, event_type, source, occurred_at, tenant_id, payload) VALUES "
        f"('{id_}', {quoted(type_)}, 's', '{time}', {quoted(tenant)}, '{payload}'); "
        f"UPDATE analytics_events AS e SET event_type = {quoted(world.event_type())} WHERE {world.some_of_them()}; "
        f"DELETE FROM analytics_events AS e WHERE {world.some_of_them()}; "
        f"IF {world.rng.randrange(2)} = 1 THEN RAISE EXCEPTION 'midway'; END IF; "
        "EXCEPTION WHEN raise_exception OR unique_violation OR check_violation OR triggered_data_change_violation "
        "THEN NULL; END; " for id_, type_, time, tenant, payload in zip(*rows))
    cursor.execute("DO " + cursor.mogrify("%s", (f"BEGIN {turns} END",)).decode())


def fail(cursor, world):
    """A statement that fails at its last row."""
    rows = world.rows(6)
    with_partitions(cursor, rows)
    rows[0][-1], rows[2][-1] = rows[0][0], rows[2][0]
    cursor.execute(f"INSERT INTO analytics_events {COLUMNS} {AS_ROWS}", rows)


ROW_STEPS = {
    insert: 6, insert_on_conflict_do_nothing: 4, insert_on_conflict_do_update: 4, insert_again: 2, update: 10,
    delete: 4, move: 3, merge: 4, copy: 4, ingest: 8, ingest_kafka: 5, record_each: 1, record: 1,
    ingest_while_reading: 2, through_a_cursor: 2, block_with_a_caught_error: 3, fail: 2, truncate_partition: 1}
