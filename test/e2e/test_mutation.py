"""Damaged records in great number through analytics_ingest on a running server: no error, no crash, and every one is
accounted for: in the counts, in the tables, and with the reason that analytics_normalize gives.

Records of every kind and shape are damaged by one to nine mutations; some are left whole, some are sent twice, some are
null. MUTATIONS=<n> sets how many (make check: 40000), SEED=<n> repeats a run.
"""
import contextlib
import os
import random
import time
from collections import Counter

import pytest
from bulk import copy_rows
from conftest import Database
from data import emitters
from random_json import ENVELOPE, Texts, damaged

MUTATIONS = int(os.environ.get("MUTATIONS", "40000"))
SEED = int(os.environ.get("SEED") or random.SystemRandom().getrandbits(32))
BATCH = 2000
YEAR = 365 * 86_400


def records(texts, count):
    """count values, now and then None."""
    previous = None
    for _ in range(count):
        kind = texts.random()
        if kind < 0.01:
            yield None
            continue
        if kind < 0.03 and previous is not None:
            yield previous
            continue
        if kind < 0.3:
            value = (ENVELOPE + texts.object() + "}").encode()
        else:
            seconds = 1_700_000_000 + texts.randrange(YEAR)
            moment = emitters.Moment(seconds * emitters.SECOND + texts.randrange(emitters.SECOND))
            value = texts.choice(emitters.BY_PERCENT)(texts, moment).encode()
        previous = value if kind < 0.4 else damaged(texts, value, texts.choice((1, 1, 1, 2, 3, 9)))
        yield previous


@pytest.fixture(scope="module")
def outcome(server):
    """The run itself: (database, counts by name)."""
    print(f"SEED={SEED} MUTATIONS={MUTATIONS}")
    database = Database(server, "mutation")
    server.sql("CREATE DATABASE mutation")
    server.sql("CREATE EXTENSION analytics_events", "mutation")
    server.sql("ALTER DATABASE mutation SET analytics.max_future = -1")
    texts = Texts(SEED)
    totals = Counter()
    seconds = 0.0
    with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE sent (batch integer, value bytea); CREATE INDEX ON sent (batch)")
        for batch in range(0, MUTATIONS, BATCH):
            size = min(BATCH, MUTATIONS - batch)
            copy_rows(connection, "sent", ((batch, value) for value in records(texts, size)))
            began = time.monotonic()
            cursor.execute("SELECT i.* FROM analytics_ingest(ARRAY(SELECT value FROM sent WHERE batch = %s)) AS i",
                           (batch,))
            seconds += time.monotonic() - began
            counts = dict(zip(("stored", "duplicates", "dead_lettered", "skipped"), cursor.fetchone()))
            assert sum(counts.values()) == size, f"SEED={SEED}, batch {batch}: {counts}"
            totals.update(counts)
    print(f"{dict(totals)} in {seconds:.1f} s of analytics_ingest")
    yield database, totals
    server.sql("DROP DATABASE mutation WITH (FORCE)")


def test_counts_add_up_to_what_was_sent(outcome):
    _, totals = outcome
    assert sum(totals.values()) == MUTATIONS


def test_stored_events_are_in_the_table(outcome):
    database, totals = outcome
    stored = database.sql("SELECT count(*), count(DISTINCT (occurred_at, id)) FROM analytics_events")
    assert stored == (totals["stored"], totals["stored"])


def test_refused_records_are_dead_letters_byte_for_byte(outcome):
    """Both ways: what normalize refuses of what was sent, and what is kept, as bags of (reason, detail, value)."""
    database, totals = outcome
    refused = """SELECT n.reason, n.detail, s.value FROM sent AS s, LATERAL analytics_normalize(s.value) AS n
                 WHERE n.reason IS NOT NULL AND s.value IS NOT NULL"""
    kept = "SELECT reason, detail, value FROM analytics_dead_letters"
    assert database.sql(f"SELECT count(*) FROM ({refused}) AS r") == database.sql(f"SELECT count(*) FROM ({kept}) AS k")
    assert database.rows(f"({refused} EXCEPT ALL {kept}) LIMIT 3") == [], f"SEED={SEED}"


def test_dead_letters_and_skipped_are_told_apart(outcome):
    database, totals = outcome
    assert database.sql("""SELECT count(*) FILTER (WHERE reason <> 'unknown_shape'),
                                  count(*) FILTER (WHERE reason = 'unknown_shape')
                                  + (SELECT count(*) FROM sent WHERE value IS NULL) FROM analytics_dead_letters""") == (
        totals["dead_lettered"], totals["skipped"])


def test_accepted_records_are_stored_or_duplicates(outcome):
    """Duplicates: what has a key and came before. Without a key nothing is one."""
    database, totals = outcome
    keyless, keyed, keys = database.sql("""
        SELECT count(*) FILTER (WHERE event_key IS NULL), count(event_key),
               count(DISTINCT (event_type, source, tenant_id, event_key, occurred_at))
                   FILTER (WHERE event_key IS NOT NULL)
        FROM sent, LATERAL analytics_normalize(value) WHERE reason IS NULL""")
    assert (totals["stored"], totals["duplicates"]) == (keyless + keys, keyed - keys), f"SEED={SEED}"


def test_stored_payloads_are_the_ones_sent(outcome):
    database, _ = outcome
    assert database.rows("""
        SELECT event_type, payload::text FROM analytics_events
        EXCEPT SELECT event_type, payload::text FROM sent, LATERAL analytics_normalize(value) WHERE reason IS NULL
        LIMIT 3""") == []


def test_the_damage_reaches_all_four_outcomes(outcome):
    _, totals = outcome
    assert min(totals.values()) > 0 and len(totals) == 4
