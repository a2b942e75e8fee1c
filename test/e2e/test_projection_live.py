"""A projection is made while others write: whoever reads it is told that it is being built, or the truth, at every
moment; nobody who writes waits for it; a builder that is stopped leaves nothing wrong, and another goes on. One of
version latest is built again while others write and read: each answer is that of the upcasts before or of those after.
"""
import contextlib
import random
import secrets
import threading
import time

import psycopg2.errors
import pytest

HISTORY = 120_000  # more than two steps of a build
FILL = """
SELECT analytics_create_partition('2025-01-01 00:00:00+00'), analytics_create_partition('2025-02-01 00:00:00+00');
INSERT INTO analytics_events (event_type, source, occurred_at, tenant_id, payload)
SELECT 't' || i %% 3, 's', timestamptz '2025-01-01 00:00:00+00' + i * interval '30 seconds',
       CASE WHEN i %% 5 > 0 THEN 'tenant ' || i %% 5 END, jsonb_build_object('plan', 'p' || i %% 7, 'n', i %% 1000)
FROM generate_series(1, %s) AS i
"""
CREATE = """CALL analytics_create_projection('live', event_types => '{t0,t1}', bucket => '1 day',
    dimensions => '{"plan": ["plan"]}', measures => '{"n": ["n"]}')"""
TOLD = "SELECT bucket_start, tenant_id::text, plan, count, n_sum, n_min, n_max FROM live"
ACTUAL = """SELECT date_bin('1 day', occurred_at, '2000-01-01 00:00:00+00'), tenant_id::text, payload ->> 'plan',
    count(*), sum((payload ->> 'n')::numeric), min((payload ->> 'n')::numeric), max((payload ->> 'n')::numeric)
    FROM analytics_events WHERE event_type IN ('t0', 't1') GROUP BY 1, 2, 3"""
DIFFERENCES = f"SELECT * FROM (({TOLD} EXCEPT ALL {ACTUAL}) UNION ALL ({ACTUAL} EXCEPT ALL {TOLD})) AS d LIMIT 5"
# By how much each n was multiplied, in all that the projection says.
FACTOR = f"""WITH told AS ({TOLD}), actual AS MATERIALIZED ({ACTUAL})
    SELECT k FROM generate_series(1, 3) AS k WHERE NOT EXISTS (
        (TABLE told EXCEPT ALL SELECT date_bin, tenant_id, "?column?", count, sum * k, min * k, max * k FROM actual)
        UNION ALL
        (SELECT date_bin, tenant_id, "?column?", count, sum * k, min * k, max * k FROM actual EXCEPT ALL TABLE told))"""
TIMES = """CREATE FUNCTION times_{0}(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS
    $$ SELECT $1 || jsonb_build_object('n', {0} * ($1 ->> 'n')::numeric) $$"""
NOT_READY = (psycopg2.errors.ObjectNotInPrerequisiteState, psycopg2.errors.UndefinedTable)


@pytest.fixture
def filled(database):
    database.rows(FILL, (HISTORY,))
    return database


class Company:
    """Threads that go on until the end of the block; the first failure of one is raised there."""

    def __init__(self, database):
        self.database = database
        self.over = threading.Event()
        self.failures = []
        self.threads = []

    def send(self, work, *arguments):
        def run():
            try:
                with contextlib.closing(self.database.connect()) as connection, connection.cursor() as cursor:
                    while not self.over.is_set():
                        work(cursor, *arguments)
            except Exception as failure:
                self.failures.append(failure)
                self.over.set()

        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise self.failures[0]


def write(cursor, rng):
    """A transaction with a few statements, now and then taken back."""
    cursor.execute("BEGIN")
    for _ in range(rng.randint(1, 3)):
        start = rng.randrange(HISTORY)
        some = f"occurred_at BETWEEN timestamptz '2025-01-01 00:00:00+00' + {start} * interval '30 seconds' " \
               f"AND timestamptz '2025-01-01 00:00:00+00' + {start + 20} * interval '30 seconds'"
        cursor.execute(rng.choice((
            f"DELETE FROM analytics_events WHERE {some} AND id::text < '4'",
            f"UPDATE analytics_events SET payload = payload || '{{\"n\": {rng.randrange(2000)}}}' WHERE {some}",
            f"UPDATE analytics_events SET tenant_id = 'moved', event_type = 't0' WHERE {some} AND id::text > 'b'",
            "INSERT INTO analytics_events (event_type, source, occurred_at, payload) SELECT 't1', 's', occurred_at "
            f"+ interval '1 second', '{{\"plan\": \"new\", \"n\": -5}}' FROM analytics_events WHERE {some}")))
        time.sleep(rng.random() / 20)
    cursor.execute(rng.choice(("COMMIT", "COMMIT", "ROLLBACK")))


class Readings:
    def __init__(self):
        self.not_ready = 0
        self.exact = 0

    def read(self, cursor):
        try:
            cursor.execute(DIFFERENCES)
        except NOT_READY:
            self.not_ready += 1
            assert self.exact == 0, "it was ready before"
            return
        assert cursor.fetchall() == []
        self.exact += 1


def await_that(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.02)


def test_never_one_wrong_answer(filled):
    seed = secrets.randbelow(10**9)
    print("seed", seed)
    readings = [Readings(), Readings()]
    with Company(filled) as company:
        for number in range(3):
            company.send(write, random.Random(seed + number))
        for reading in readings:
            company.send(reading.read)
        filled.rows(CREATE)
        for reading in readings:
            seen = reading.exact
            await_that(lambda: company.failures or reading.exact > seen + 1, "an answer")
    assert all(reading.not_ready and reading.exact for reading in readings)


class Factors:
    def __init__(self):
        self.seen = []

    def read(self, cursor):
        cursor.execute(FACTOR)
        rows = cursor.fetchall()
        assert len(rows) == 1, f"a mixture, after {self.seen}"
        if self.seen[-1:] != [rows[0][0]]:
            self.seen.append(rows[0][0])


def test_upcasts_change_and_every_answer_is_of_one_of_them(filled):
    seed = secrets.randbelow(10**9)
    print("seed", seed)
    for factor in (2, 3):
        filled.rows(TIMES.format(factor))
    filled.rows(CREATE.replace("'live',", "'live', version => 'latest',"))
    readers = [Factors(), Factors()]
    with Company(filled) as company:
        for number in range(3):
            company.send(write, random.Random(seed + number))
        for reader in readers:
            company.send(reader.read)
        for factor, build in ((2, "CALL analytics_build_projection('live')"), (3, "CALL analytics_maintain()")):
            filled.rows("INSERT INTO analytics_contracts (event_type, version, upcast) SELECT t, 1, %s "
                        "FROM unnest('{t0,t1}'::text[]) AS t ON CONFLICT (event_type, version) "
                        "DO UPDATE SET upcast = excluded.upcast", (f"public.times_{factor}",))
            filled.rows(build)
            await_that(lambda: company.failures or all(reader.seen[-1:] == [factor] for reader in readers), "an answer")
    assert all(reader.seen == [1, 2, 3] for reader in readers)
    assert filled.rows("SELECT * FROM analytics_verify()") == []


def test_older_writers_are_awaited_and_counted(filled):
    with contextlib.closing(filled.connect()) as older, older.cursor() as cursor, Company(filled) as company:
        cursor.execute("BEGIN")
        cursor.execute("DELETE FROM analytics_events WHERE payload @> '{\"n\": 999}'")
        done = threading.Event()
        company.send(lambda builder: done.is_set() or (builder.execute(CREATE), done.set()))
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'virtualxid'"
        await_that(lambda: filled.sql(waiting), "a wait")
        filled.rows("INSERT INTO analytics_events (event_type, source, occurred_at, payload) "
                    "VALUES ('t0', 's', '2025-01-01 12:00:00+00', '{\"n\": 5000}')")  # nobody waits for the builder
        with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState):
            filled.rows(TOLD)
        assert not done.is_set()
        cursor.execute("COMMIT")
        assert done.wait(60)
        company.over.set()
    assert filled.rows(DIFFERENCES) == []


def test_a_builder_that_is_stopped_is_gone_on_with_by_two(filled):
    with contextlib.closing(filled.connect()) as older, older.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE analytics_events SET source = 'o' WHERE occurred_at < '2025-01-01 00:10:00+00'")
        with contextlib.closing(filled.connect()) as stopped, stopped.cursor() as builder:
            builder.execute("SET statement_timeout = '500ms'")
            with pytest.raises(psycopg2.errors.QueryCanceled):
                builder.execute(CREATE)
        cursor.execute("COMMIT")
    filled.rows("SELECT _analytics_build_projection_chunk('live')")
    with pytest.raises(psycopg2.errors.ObjectNotInPrerequisiteState):
        filled.rows(TOLD)
    failures = []

    def build():
        try:
            filled.rows("CALL analytics_build_projection('live')")
        except Exception as failure:
            failures.append(failure)

    builders = [threading.Thread(target=build) for _ in range(2)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert failures == []
    assert filled.rows(DIFFERENCES) == []
