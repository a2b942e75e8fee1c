"""Databases full of events for the figures about asking: made by plain INSERTs, so the rollups are kept as they are for
any writer. Twenty types, fifty tenants unless told otherwise and some events without one, evenly in time up to END.
"""
import contextlib

import psycopg2
import turns

END = "2026-01-16 00:00:00+00"
CHUNK = 500_000
FILL = """
    INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
    SELECT 'type-' || (i * 7 %% 20), 'bench', timestamptz %(end)s - (i * 1e6 / %(rate)s) * interval '1 microsecond',
           CASE WHEN i %% %(tenants)s <> 0 THEN 'tenant-' || i %% %(tenants)s END,
           jsonb_build_object('studentId', 's-' || i, 'score', i %% 100, 'note', repeat('x', 180))
    FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i
"""


@contextlib.contextmanager
def database(server, name, count, seconds, tenants=50):
    """A cursor into a new database with so many events in the so many seconds before END, vacuumed."""
    server.sql(f"CREATE DATABASE {name}")
    try:
        with contextlib.closing(psycopg2.connect(server.url(name))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                fill(cursor, count, count / seconds, tenants)
                yield cursor
    finally:
        server.sql(f"DROP DATABASE {name}")


def fill(cursor, count, rate, tenants):
    turns.say(f"storing {count} events")
    cursor.execute("CREATE EXTENSION analytics_events; SET jit = off")
    cursor.execute("SELECT count(analytics_create_partition(d)) FROM generate_series(%s::timestamptz - interval "
                   "'8 days', %s::timestamptz, '1 day') AS d", (END, END))
    for first in range(1, count + 1, CHUNK):
        cursor.execute(FILL, {"end": END, "rate": rate, "tenants": tenants + 1, "first": first,
                              "last": min(first + CHUNK - 1, count)})
    cursor.execute("VACUUM ANALYZE")
