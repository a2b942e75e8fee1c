"""Memory: flat from batch to batch, and when there is none left, an error like any other: SQLSTATE 53200, nothing
stored, and a session that decides as before."""
import contextlib
import os
import random

import psycopg2.errors
import pytest
from backend import Backend
from bulk import copy_rows
from data import emitters
from random_json import ENVELOPE, Texts, damaged

SEED = int(os.environ.get("SEED") or random.SystemRandom().getrandbits(32))
RECORDS = 1000
WARM_UP = 20
BATCHES = 100
MEBIBYTE = 1 << 20
OUT_OF_MEMORY = "53200"
INGEST = "SELECT i.* FROM analytics_ingest(ARRAY(SELECT value FROM record)) AS i"


def records():
    """Every shape, random canonical payloads, one in four damaged."""
    texts = Texts(SEED)
    for number in range(RECORDS):
        moment = emitters.Moment((1_770_000_000 + texts.randrange(86_400)) * emitters.SECOND)
        record = texts.choice(emitters.BY_PERCENT)(texts, moment) if number % 3 else ENVELOPE + texts.object() + "}"
        yield (damaged(texts, record.encode(), 1) if number % 4 == 0 else record.encode(),)


@pytest.fixture
def backend(database):
    """A session, and a table record with a batch of random records."""
    print(f"SEED={SEED}")
    with contextlib.closing(database.connect()) as connection:
        session = Backend(connection)
        session.run("CREATE TABLE record (value bytea)")
        copy_rows(connection, "record", records())
        yield session


def test_a_hundred_batches_leave_memory_as_it_was(backend):
    """The batch is rolled back each time, so that all of it is stored anew."""
    def ingest(times):
        for _ in range(times):
            backend.run(f"BEGIN; {INGEST}; ROLLBACK")

    ingest(WARM_UP)
    contexts, private = backend.context_bytes(), backend.private_bytes()
    ingest(BATCHES)
    assert backend.context_bytes() - contexts < MEBIBYTE
    assert backend.private_bytes() - private < 8 * MEBIBYTE


def test_a_hundred_failing_batches_leave_memory_as_it_was(backend, database):
    """Of an error that is no row's own, so that the batch fails as a whole."""
    database.rows("CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
                  "$$ BEGIN RAISE 'not today' USING ERRCODE = 'insufficient_resources'; END $$; "
                  "CREATE TRIGGER fail AFTER INSERT ON analytics_events EXECUTE FUNCTION fail()")

    def ingest(times):
        for _ in range(times):
            with pytest.raises(psycopg2.errors.InsufficientResources):
                backend.run(INGEST)

    ingest(WARM_UP)
    contexts, private = backend.context_bytes(), backend.private_bytes()
    ingest(BATCHES)
    assert backend.context_bytes() - contexts < MEBIBYTE
    assert backend.private_bytes() - private < 8 * MEBIBYTE


def test_a_rare_giant_is_not_kept_for_ever(backend):
    """Buffers live from record to record, but what a record of 16 MiB needed is let go at the next one."""
    backend.run("SET analytics.max_event_bytes = '32MB'")
    backend.run(INGEST)
    before = backend.private_bytes()
    giant = ("SELECT reason FROM analytics_normalize(convert_to('" + ENVELOPE
             + """{"n":[' || repeat('1,', 8000000) || '1]}}', 'UTF8'))""")
    assert backend.run(giant) == (None,)
    assert backend.private_bytes() - before > 32 * MEBIBYTE
    backend.run(f"SELECT reason FROM analytics_normalize('{ENVELOPE}{{}}}}'::text)")
    assert backend.private_bytes() - before < 16 * MEBIBYTE


@pytest.fixture
def short_of_memory(backend):
    """short_of_memory(bytes): the session's process gets so much more address space and no more."""
    def limit(headroom):
        backend.limit_address_space(backend.address_space() + headroom)

    yield limit
    backend.limit_address_space()


GIANT = ("SELECT i.* FROM analytics_ingest(ARRAY(SELECT convert_to(format('" + ENVELOPE
         + """{"n":%s,"a":[%s],"%s":"%s"}}', n, repeat('[{},', 20) || repeat('1,', 200000) || '1' || repeat(']', 20),
         repeat('k', 100000), repeat('v', 100000)), 'UTF8') FROM generate_series(1, 2) AS n)) AS i""")


def test_memory_that_runs_out_anywhere_is_an_error(backend, short_of_memory):
    """From nothing at all to enough, in steps: every large allocation, PostgreSQL's and C++'s, fails once or more."""
    backend.run(INGEST)  # or the library itself can't be loaded
    outcomes = []
    for tenths in range(0, 200, 3):
        short_of_memory(tenths * MEBIBYTE // 10)
        try:
            outcomes.append(backend.run(GIANT))
        except psycopg2.errors.OperationalError as error:
            outcomes.append(error.pgcode)
        backend.limit_address_space()
        backend.run("TRUNCATE analytics_events")
    refused = [outcome for outcome in outcomes if outcome == OUT_OF_MEMORY]
    stored = [outcome for outcome in outcomes if outcome == (2, 0, 0, 0)]
    assert len(refused) + len(stored) == len(outcomes), set(outcomes)
    assert len(refused) > 10 and stored


def test_after_memory_ran_out_the_session_decides_as_before(backend, short_of_memory):
    verdicts = ("SELECT array_agg(regexp_replace((n.*)::text, ', and is .* ahead', '') ORDER BY value) "  # of now
                "FROM record, LATERAL analytics_normalize(value) AS n")
    before = backend.run(verdicts)
    counts = backend.run(f"BEGIN; {INGEST}")
    backend.run("ROLLBACK")
    failures = 0
    for tenths in range(0, 100, 7):
        short_of_memory(tenths * MEBIBYTE // 10)
        try:
            backend.run(GIANT)
        except psycopg2.errors.OperationalError:
            failures += 1
        backend.limit_address_space()
    assert failures > 5
    backend.run("TRUNCATE analytics_events")
    assert backend.run(verdicts) == before
    assert backend.run(INGEST) == counts
