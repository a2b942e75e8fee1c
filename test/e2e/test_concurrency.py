"""Many sessions at once: the same events, new partitions, keys without a time, batches in opposite order, two owners of
one Kafka partition. No deadlock, no wait that need not be, exact counts.

The races are forced, not hoped for: sessions meet at a barrier, or one holds its transaction open while pg_locks shows
that the other waits for it.
"""
import concurrent.futures
import contextlib
import datetime
import threading

import psycopg2.errors
import pytest
from rig import place

SESSIONS = 6
EVENTS = 400
SNAPPY = "SET deadlock_timeout = '50ms'; SET statement_timeout = '60s'"


def event(number, when="2026-03-04T05:06:07Z", kind="e"):
    occurred = f'"occurredAt":"{when}",' if when else ""
    return (f'{{"eventType":"{kind}","source":"s",{occurred}"eventId":"k{number}",'
            f'"payload":{{"n":"{number}"}}}}').encode()


def ingest(cursor, records):
    """(stored, duplicates, dead_lettered, skipped)"""
    cursor.execute("SELECT * FROM analytics_ingest(%s::bytea[])", (records,))
    return cursor.fetchone()


@pytest.fixture
def sessions(database):
    """sessions(n): n connections, closed after the test."""
    with contextlib.ExitStack() as stack:
        def opened(count, autocommit=True):
            connections = [stack.enter_context(contextlib.closing(database.connect(autocommit=autocommit)))
                           for _ in range(count)]
            for connection in connections:
                with connection.cursor() as cursor:
                    cursor.execute(SNAPPY)
                if not autocommit:
                    connection.commit()
            return connections

        yield opened


def at_once(connections, work):
    """work(cursor, number) in each session, begun together; the results in order, or the first error."""
    barrier = threading.Barrier(len(connections))

    def run(number):
        with connections[number].cursor() as cursor:
            barrier.wait(30)
            return work(cursor, number)

    with concurrent.futures.ThreadPoolExecutor(len(connections)) as pool:
        return list(pool.map(run, range(len(connections))))


def waits(database, connection):
    """Whether the session waits for a lock."""
    return bool(database.sql("SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted", (connection.info.backend_pid,)))


def summed(counts):
    return tuple(map(sum, zip(*counts)))


@pytest.mark.parametrize("order", ["same", "opposite"])
@pytest.mark.parametrize("when", ["2026-03-04T05:06:07Z", None], ids=["timed", "untimed"])
def test_the_same_events_at_once_are_stored_once(database, sessions, order, when):
    records = [event(number, when) for number in range(EVENTS)]

    def work(cursor, number):
        ours = records[::-1] if order == "opposite" and number % 2 else records
        return summed(ingest(cursor, ours[at:at + 100]) for at in range(0, EVENTS, 100))

    counts = summed(at_once(sessions(SESSIONS), work))
    assert counts == (EVENTS, (SESSIONS - 1) * EVENTS, 0, 0)
    assert database.sql("SELECT count(*), count(DISTINCT id) FROM analytics_events") == (EVENTS, EVENTS)


def test_different_events_at_once_are_all_stored(database, sessions):
    def work(cursor, number):
        return summed(ingest(cursor, [event(n, kind=f"e{number}") for n in range(at, at + 100)])
                      for at in range(0, EVENTS, 100))

    assert summed(at_once(sessions(SESSIONS), work)) == (SESSIONS * EVENTS, 0, 0, 0)
    assert database.sql("SELECT count(*) FROM analytics_events") == SESSIONS * EVENTS


def last_months(count):
    """A time in each of the months before this one; they get a partition each."""
    today = datetime.date.today()
    numbers = [12 * today.year + today.month - 1 - back for back in range(1, count + 1)]
    return [f"{number // 12}-{1 + number % 12:02}-15T00:00:00Z" for number in numbers]


def test_first_events_of_new_months_at_once(database, sessions):
    """Every session brings events of the same 24 months that have no partition yet, in its own order."""
    months = last_months(24)

    def work(cursor, number):
        shift = number * 5 % len(months)
        return summed(ingest(cursor, [event(f"{number}-{when}", when)]) for when in months[shift:] + months[:shift])

    assert summed(at_once(sessions(SESSIONS), work)) == (SESSIONS * len(months), 0, 0, 0)
    partitions = database.sql("SELECT count(*) FROM pg_inherits WHERE inhparent = 'analytics_events'::regclass")
    assert partitions == len(months)


def test_new_months_in_one_batch_in_opposite_order(database, sessions):
    months = last_months(30)

    def work(cursor, number):
        return ingest(cursor, [event(f"{number}-{when}", when) for when in (months if number % 2 else months[::-1])])

    assert summed(at_once(sessions(SESSIONS), work)) == (SESSIONS * len(months), 0, 0, 0)


def test_a_new_partition_does_not_wait_for_a_reader(database, sessions):
    """The reader has read analytics_events and keeps its transaction, as a dashboard or pg_dump does."""
    [reader] = sessions(1, autocommit=False)
    [writer] = sessions(1)
    with reader.cursor() as reading, writer.cursor() as writing:
        ingest(writing, [event(1)])
        reading.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM analytics_events")
        assert reading.fetchone() == (1,)
        writing.execute("SET lock_timeout = '2s'")
        assert ingest(writing, [event(2, "2003-01-01T00:00:00Z")]) == (1, 0, 0, 0)
        reading.execute("SELECT count(*) FROM analytics_events")
        assert reading.fetchone() == (1,)


def test_a_reader_does_not_wait_for_a_new_partition(database, sessions):
    [writer] = sessions(1, autocommit=False)
    [reader] = sessions(1)
    with reader.cursor() as reading, writer.cursor() as writing:
        ingest(writing, [event(1, "2004-01-01T00:00:00Z")])
        reading.execute("SET lock_timeout = '2s'")
        reading.execute("SELECT count(*) FROM analytics_events")
        assert reading.fetchone() == (0,)
        reading.execute("SELECT analytics_summary(60)")
        writer.commit()
        reading.execute("SELECT count(*) FROM analytics_events")
        assert reading.fetchone() == (1,)


def test_a_writer_of_known_months_does_not_wait_for_a_new_partition(database, sessions):
    [slow] = sessions(1, autocommit=False)
    [other] = sessions(1)
    with slow.cursor() as making, other.cursor() as writing:
        ingest(writing, [event(1)])
        ingest(making, [event(1, "2005-01-01T00:00:00Z")])
        writing.execute("SET lock_timeout = '2s'")
        assert ingest(writing, [event(2)]) == (1, 0, 0, 0)


def test_a_second_maker_of_a_partition_waits_and_uses_it(database, sessions):
    first, second = sessions(2, autocommit=False)
    with first.cursor() as one, second.cursor() as two, concurrent.futures.ThreadPoolExecutor(1) as pool:
        ingest(one, [event(1, "2006-01-01T00:00:00Z")])
        outcome = pool.submit(ingest, two, [event(2, "2006-01-02T00:00:00Z")])
        place.eventually(lambda: waits(database, second), what="the second maker's wait")
        first.commit()
        assert outcome.result(30) == (1, 0, 0, 0)
        second.commit()
    assert database.rows("SELECT count(*) FROM analytics_events") == [(2,)]


def test_a_second_maker_of_a_partition_makes_it_when_the_first_gives_up(database, sessions):
    first, second = sessions(2, autocommit=False)
    with first.cursor() as one, second.cursor() as two, concurrent.futures.ThreadPoolExecutor(1) as pool:
        ingest(one, [event(1, "2006-01-01T00:00:00Z")])
        outcome = pool.submit(ingest, two, [event(2, "2006-01-02T00:00:00Z")])
        place.eventually(lambda: waits(database, second), what="the second maker's wait")
        first.rollback()
        assert outcome.result(30) == (1, 0, 0, 0)
        second.commit()
    assert database.rows("SELECT payload ->> 'n' FROM analytics_events") == [("2",)]


@pytest.mark.parametrize("end, counts", [("commit", (0, 1, 0, 0)), ("rollback", (1, 0, 0, 0))])
@pytest.mark.parametrize("when", ["2026-03-04T05:06:07Z", None], ids=["timed", "untimed"])
def test_a_duplicate_waits_for_the_fate_of_the_first(database, sessions, when, end, counts):
    first, second = sessions(2, autocommit=False)
    with first.cursor() as one, second.cursor() as two, concurrent.futures.ThreadPoolExecutor(1) as pool:
        with contextlib.closing(database.connect()) as before, before.cursor() as cursor:
            ingest(cursor, [event(0, when)])
        assert ingest(one, [event(1, when)]) == (1, 0, 0, 0)
        outcome = pool.submit(ingest, two, [event(1, when)])
        place.eventually(lambda: waits(database, second), what="the duplicate's wait")
        getattr(first, end)()
        assert outcome.result(30) == counts
        second.commit()
    assert database.sql("SELECT count(*) FROM analytics_events") == 2


def test_a_rival_between_the_look_and_the_insert(database, sessions):
    """A batch that has found its events new is held by a user's trigger; meanwhile another stores one of them."""
    database.sql("CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                 "PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$")
    database.sql("CREATE TRIGGER hold BEFORE INSERT ON analytics_events FOR EACH STATEMENT "
                 "WHEN (current_setting('application_name') = 'held') EXECUTE FUNCTION hold()")
    gate, held, rival = sessions(3)
    with gate.cursor() as lock, held.cursor() as one, rival.cursor() as two, \
            concurrent.futures.ThreadPoolExecutor(1) as pool:
        ingest(two, [event(0)])
        one.execute("SET application_name = 'held'")
        lock.execute("SELECT pg_advisory_lock(1)")
        outcome = pool.submit(ingest, one, [event(number) for number in (1, 2, 3)])
        place.eventually(lambda: waits(database, held), what="the batch's wait")
        assert ingest(two, [event(2)]) == (1, 0, 0, 0)
        lock.execute("SELECT pg_advisory_unlock(1)")
        assert outcome.result(30) == (2, 1, 0, 0)
    assert database.sql("SELECT count(*) FROM analytics_events") == 4


def take(cursor, owner):
    cursor.execute("SELECT * FROM analytics_claim_partition('g', 't', 0, %s, 0)", (owner,))
    return cursor.fetchone()


def ingest_kafka(cursor, epoch, expected, records):
    offsets = list(range(expected, expected + len(records)))
    cursor.execute("SELECT stored, duplicates, dead_lettered, skipped FROM analytics_ingest_kafka("
                   "'g', 't', 0, %s, %s, %s, %s::bytea[], %s)",
                   (epoch, expected, expected + len(records), records, offsets))
    return cursor.fetchone()


def test_an_owner_is_fenced_as_soon_as_another_has_taken(database, sessions):
    old, new = sessions(2)
    with old.cursor() as one, new.cursor() as two:
        epoch, offset = take(one, "one")
        assert ingest_kafka(one, epoch, offset, [event(1)]) == (1, 0, 0, 0)
        assert take(two, "two") == (epoch + 1, 1)
        with pytest.raises(psycopg2.errors.Error) as fenced:
            ingest_kafka(one, epoch, 1, [event(2)])
        assert fenced.value.pgcode == "AN001"
        assert ingest_kafka(two, epoch + 1, 1, [event(2)]) == (1, 0, 0, 0)


def test_a_taker_waits_for_the_batch_that_is_on_its_way(database, sessions):
    """The old owner's transaction is open: the new one must see its offset, so it waits for the outcome."""
    old, new = sessions(2, autocommit=False)
    with old.cursor() as one, new.cursor() as two, concurrent.futures.ThreadPoolExecutor(1) as pool:
        epoch, offset = take(one, "one")
        old.commit()
        assert ingest_kafka(one, epoch, offset, [event(1), event(2)]) == (2, 0, 0, 0)
        taken = pool.submit(take, two, "two")
        place.eventually(lambda: waits(database, new), what="the taker's wait")
        old.commit()
        assert taken.result(30) == (epoch + 1, 2)
        new.commit()


def test_the_fenced_owner_gets_its_error_while_the_other_is_at_work(database, sessions):
    """The new owner has taken the partition and its first batch is not committed yet: the old one waits and loses."""
    old, new = sessions(2, autocommit=False)
    with old.cursor() as one, new.cursor() as two, concurrent.futures.ThreadPoolExecutor(1) as pool:
        epoch, offset = take(one, "one")
        old.commit()
        assert take(two, "two") == (epoch + 1, offset)
        assert ingest_kafka(two, epoch + 1, offset, [event(1)]) == (1, 0, 0, 0)
        fenced = pool.submit(ingest_kafka, one, epoch, offset, [event(1)])
        place.eventually(lambda: waits(database, old), what="the fenced owner's wait")
        new.commit()
        with pytest.raises(psycopg2.errors.Error) as error:
            fenced.result(30)
        assert error.value.pgcode == "AN001"
        old.rollback()
    assert database.sql("SELECT next_offset, owner, stored FROM analytics_kafka_offsets") == (1, "two", 1)
    assert database.sql("SELECT count(*) FROM analytics_events") == 1


def test_the_same_batch_of_one_owner_twice_at_once_is_taken_once(database, sessions):
    """What a reconnecting ingestor does when its first COMMIT is still on its way."""
    first, second = sessions(2)
    with first.cursor() as cursor:
        epoch, offset = take(cursor, "one")

    def work(cursor, _):
        try:
            return ingest_kafka(cursor, epoch, offset, [event(1)])
        except psycopg2.errors.Error as error:
            return error.pgcode

    assert sorted(map(str, at_once([first, second], work))) == ["(1, 0, 0, 0)", "AN001"]


def test_owners_of_many_partitions_at_once(database, sessions):
    """Each session owns a partition of its own; the events are the same, so all but one are duplicates."""
    def work(cursor, number):
        cursor.execute("SELECT * FROM analytics_claim_partition('g', 't', %s, 'o', 0)", (number,))
        epoch, _ = cursor.fetchone()
        total = []
        for at in range(0, EVENTS, 50):
            records = [event(n) for n in range(at, at + 49)] + [b"no json"]
            cursor.execute("SELECT stored, duplicates, dead_lettered, skipped FROM analytics_ingest_kafka("
                           "'g', 't', %s, %s, %s, %s, %s::bytea[], %s)",
                           (number, epoch, at, at + 50, records, list(range(at, at + 50))))
            total.append(cursor.fetchone())
        return summed(total)

    counts = summed(at_once(sessions(SESSIONS), work))
    unique, refused = EVENTS // 50 * 49, EVENTS // 50
    assert counts == (unique, (SESSIONS - 1) * unique, SESSIONS * refused, 0)
    assert database.sql("SELECT sum(stored), sum(duplicates), sum(dead_lettered), min(next_offset), max(next_offset) "
                        "FROM analytics_kafka_offsets") == (counts[0], counts[1], counts[2], EVENTS, EVENTS)
    assert database.sql("SELECT count(*) FROM analytics_dead_letters") == SESSIONS * refused


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_higher_isolation_meets_a_concurrent_duplicate_with_a_retryable_error(database, sessions, level):
    """A snapshot that can't see the row must not call it stored, nor a duplicate: class 40, which clients retry."""
    late, early = sessions(2, autocommit=False)
    with late.cursor() as one, early.cursor() as two:
        one.execute(f"SET TRANSACTION ISOLATION LEVEL {level}; SELECT count(*) FROM analytics_events")
        ingest(two, [event(1)])
        early.commit()
        with pytest.raises(psycopg2.errors.SerializationFailure):
            ingest(one, [event(1)])
        late.rollback()
