"""Producers with broken clocks: records of random instants of the years 1 to 9999, half of them in one partition.

Everything is accounted for, the table has few partitions, nobody is short of locks, and a partition without such
records does not wait. RANDOM_YEARS makes it larger than in make check; the seed is printed.
"""
import datetime
import json
import os
import random
import secrets
import time

import pytest

from rig import place
from stream import QUICK_GROUP, Record

RECORDS = int(os.environ.get("RANDOM_YEARS", 6_000))
CROWDED, QUIET = 0, 1  # partitions of Kafka; the others have the other half
FIRST, LAST = datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59)
SPAN = (LAST - FIRST) // datetime.timedelta(microseconds=1)
MOST_PARTITIONS = 150
SHORT_OF_LOCKS = ("53200", "out of shared memory", "max_locks_per_transaction")


def instants():
    seed = secrets.randbelow(10**9)
    print("seed", seed)
    rng = random.Random(seed)
    return [FIRST + datetime.timedelta(microseconds=rng.randrange(SPAN)) for _ in range(RECORDS)]


def event(number, when):
    return json.dumps({
        "eventType": f"t{number % 3}", "source": "s", "eventId": f"k-{number}", "tenantId": f"a{number % 5}",
        "occurredAt": when.isoformat(timespec="microseconds") + "Z", "payload": {"number": number}}).encode()


def require_exact_counts(database):
    """Oracle: GROUP BY."""
    assert database.rows("SELECT * FROM analytics_verify()") == []
    counted = "SELECT event_type, count::bigint FROM analytics_counts('0001-01-01Z', '10000-01-01Z') ORDER BY 1"
    assert database.rows(counted) == database.rows(
        "SELECT event_type::text, count(*) FROM analytics_events GROUP BY 1 ORDER BY 1")


def require_few_partitions(database):
    count = database.sql("SELECT count(*) FROM analytics_partitions()")
    print(count, "partitions")
    assert count <= MOST_PARTITIONS


@pytest.fixture
def no_lack_of_locks(server):
    position = server.log_size()
    yield
    assert not [line for line in server.log_since(position).splitlines()
                if any(sign in line for sign in SHORT_OF_LOCKS)]


@pytest.fixture(params=["default limits", "no limits"])
def limits(request, database):
    if request.param == "no limits":
        request.getfixturevalue("any_time")
    return request.param


def test_random_years_are_accounted_for_and_need_few_partitions(stream, ingestor, database, limits, no_lack_of_locks):
    times = instants()
    stream.produce([Record(event(number, when), CROWDED if number % 2 else 2 + number // 2 % 2)
                    for number, when in enumerate(times)])
    begun = datetime.datetime.utcnow()
    running = ingestor(**QUICK_GROUP)
    honest, slowest = 0, 0.0
    ends = stream.ends()
    while stream.offsets().get(CROWDED) != ends[CROWDED]:
        asked = time.monotonic()
        stream.produce([Record(event(RECORDS + honest, begun), QUIET)])
        honest += 1
        place.eventually(lambda: stream.offsets().get(QUIET) == honest, 30, what="the quiet partition's event")
        slowest = max(slowest, time.monotonic() - asked)
    stream.await_read(1_200)
    print(f"{honest} events beside, the slowest after {slowest:.1f} s, all after {datetime.datetime.utcnow() - begun}")
    assert slowest < 10
    assert not running.logs(event="record_failing")

    limit = begun + datetime.timedelta(days=1)
    too_late = {number for number, when in enumerate(times) if when > limit and limits == "default limits"}
    stored, duplicates, dead_lettered, skipped = stream.totals()
    assert (stored + duplicates + dead_lettered + skipped, duplicates, skipped) == (RECORDS + honest, 0, 0)
    assert dead_lettered == len(too_late)
    assert set(stream.numbers()) == set(range(RECORDS + honest)) - too_late
    require_few_partitions(database)
    require_exact_counts(database)
    newest = database.sql("SELECT analytics_summary() #>> '{freshness,lastEventAt}'")
    if limits == "default limits":
        assert newest <= limit.isoformat() + "Z"
    assert {reason for reason, in database.rows("SELECT DISTINCT reason FROM analytics_dead_letters")} == (
        {"implausible_time"} if too_late else set())
    if limits == "no limits":
        return

    after, replayed = 0, 0
    while after is not None:
        [(part, after)] = database.rows(
            "SELECT stored, last_id FROM analytics_replay_dead_letters(reason => 'implausible_time', "
            "accept_time => true, after_id => %s)", (after,))
        replayed += part
    assert replayed == len(too_late)
    assert set(stream.numbers()) == set(range(RECORDS + honest))
    kept = database.rows("SELECT (payload ->> 'number')::int, occurred_at AT TIME ZONE 'UTC' FROM analytics_events "
                         "WHERE (payload ->> 'number')::int < %s", (RECORDS,))
    assert dict(kept) == dict(enumerate(times))
    require_few_partitions(database)
    require_exact_counts(database)
