"""Several database connections of one ingestor: batches of different partitions at once, those of one in order."""
import collections
import contextlib
import signal

import pytest

from rig import place
from stream import QUICK_GROUP, events

BACKLOG = 20_000
TWO = {"ANALYTICS_INGESTOR_DATABASE_CONNECTIONS": 2, "ANALYTICS_BATCH_RECORDS": 100, "ANALYTICS_LOG_LEVEL": "debug",
       **QUICK_GROUP}


def sessions(stream):
    return stream.database.sql("SELECT count(*)::int FROM pg_stat_activity WHERE application_name = "
                               "'analytics-ingestor' AND datname = current_database()")


@pytest.fixture
def busy(stream, ingestor):
    """An ingestor with two connections in the middle of a backlog."""
    stream.produce(events(BACKLOG))
    running = ingestor(**TWO)
    stream.await_stored(BACKLOG // 10)
    return running


def test_both_are_used_and_every_record_is_stored_once_in_order(stream, busy):
    place.eventually(lambda: sessions(stream) == 2, what="two sessions")
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((BACKLOG, 0, 0, 0), list(range(BACKLOG)))
    ends = collections.defaultdict(int)
    for batch in busy.logs(event="batch_committed"):
        assert batch["offset"] == ends[batch["partition"]], "a batch overtook the one before it"
        ends[batch["partition"]] = batch["next_offset"]
    assert ends == stream.ends()


def test_a_second_one_is_not_made_while_one_does(stream, ingestor):
    stream.produce(events(1))
    ingestor(**TWO)
    stream.await_read()
    assert sessions(stream) == 1


def test_a_partition_that_waits_does_not_keep_the_others_waiting(stream, ingestor):
    ingestor(**TWO)
    stream.await_taken()
    with contextlib.closing(stream.database.connect(autocommit=False)) as other, other.cursor() as cursor:
        cursor.execute("SELECT 1 FROM analytics_kafka_offsets WHERE partition = 0 FOR UPDATE")
        stream.produce(events(100, partition=0))
        stream.await_waiting()
        stream.produce(events(100, first=100, partition=1))
        place.eventually(lambda: stream.offsets()[1] == 100, what="the other partition's records")
        assert stream.offsets()[0] == 0
    stream.await_read()
    assert stream.numbers() == list(range(200))


@pytest.mark.parametrize("way", ["kill", "terminate"])
def test_an_end_in_the_middle_loses_nothing_and_repeats_nothing(stream, busy, way):
    getattr(busy, way)()
    busy.start()
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((BACKLOG, 0, 0, 0), list(range(BACKLOG)))


def test_a_crash_of_the_server_in_the_middle_loses_nothing_and_repeats_nothing(server, stream, busy):
    server.stop(signal.SIGQUIT)
    server.start()
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((BACKLOG, 0, 0, 0), list(range(BACKLOG)))
