"""Growth: a day of steady ingest, compressed in time, with VACUUM as often as autovacuum would come by. Do the rollup
tables stay small, and an answer as quick?

A simulated minute is BATCHES statements of some events each, a few of them late, then VACUUM of the rollup tables.
A line for every other simulated hour.
"""
import contextlib

import psycopg2
import turns

HOURS, BATCHES = 24, 10
SHOWN_EVERY = 2  # hours
START = "2026-01-15 00:00:00+00"
TABLES = "analytics_rollup_totals", "analytics_rollup_tenants"
STORE = """
    INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
    SELECT 'type-' || (i * 7 %% 20), 'bench', timestamptz %(start)s + %(minute)s * interval '1 minute'
           + i * 59.9 / %(events)s * interval '1 second'
           - CASE WHEN i %% 40 = 0 THEN interval '50 minutes' ELSE '0' END,
           'tenant-' || i %% 50, '{}'
    FROM generate_series(1, %(events)s) AS i"""
SIZES = "SELECT sum(pg_total_relation_size(t)), sum(n_live_tup) FROM unnest(%s::regclass[]) AS t " \
        "JOIN pg_stat_user_tables ON relid = t"


def hours(server, events, repeat):
    """lines of {hour, bytes, bytes an hour, bags, milliseconds of analytics_summary(60)}; events: a batch."""
    server.sql("CREATE DATABASE bench_growth")
    try:
        with contextlib.closing(psycopg2.connect(server.url("bench_growth"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("CREATE EXTENSION analytics_events; SET jit = off; SET synchronous_commit = off")
                cursor.execute("SELECT analytics_create_partition(%s)", (START,))
                return [line for hour in range(HOURS) for line in one_hour(cursor, hour, events, repeat)]
    finally:
        server.sql("DROP DATABASE bench_growth")


def one_hour(cursor, hour, events, repeat):
    for minute in range(hour * 60, hour * 60 + 60):
        for _ in range(BATCHES):
            cursor.execute(STORE, {"start": START, "minute": minute, "events": events})
        cursor.execute(f"VACUUM (INDEX_CLEANUP on) {', '.join(TABLES)}")
    if (hour + 1) % SHOWN_EVERY:
        return
    cursor.execute("ANALYZE analytics_rollup_totals, analytics_rollup_tenants; SELECT pg_stat_force_next_flush()")
    cursor.execute(SIZES, (list(TABLES),))
    size, bags = cursor.fetchone()
    summary = f"SELECT analytics_summary(60, timestamptz '{START}' + interval '{hour + 1} hours')"
    took = turns.median(turns.milliseconds(repeat, {"summary": (cursor, summary)})["summary"])
    line = {"figure": "growth", "hour": hour + 1, "rollup_bytes": int(size),
            "bytes_per_hour": int(size) // (hour + 1), "bags": int(bags), "summary_ms": took}
    turns.say(line)
    yield line
