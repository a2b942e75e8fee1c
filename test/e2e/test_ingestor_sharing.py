"""Several ingestors on one topic: they share its partitions, take over from each other, and who has been overtaken
writes nothing more."""
import signal
import time

import pytest

from rig import place
from stream import QUICK_GROUP, events

ROUND = 400
POLL_INTERVAL = 6  # seconds: not less than a session may last


@pytest.fixture
def two(stream, ingestor):
    """Two ingestors that have two partitions each."""
    both = [ingestor(**QUICK_GROUP)]
    stream.await_taken()
    both.append(ingestor(**QUICK_GROUP))
    pids = sorted(running.process.pid for running in both)
    place.eventually(lambda: sorted(stream.owners().values()) == sorted(pids * 2), what="an even share")
    return both


def test_two_share_the_partitions_and_store_every_record_once(stream, two):
    stream.produce(events(ROUND))
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((ROUND, 0, 0, 0), list(range(ROUND)))
    assert set(stream.owners().values()) == {running.process.pid for running in two}


def test_the_other_takes_over_what_one_leaves(stream, two):
    stream.produce(events(ROUND))
    assert two[0].terminate() == 0
    stream.produce(events(ROUND, first=ROUND))
    stream.await_read()
    place.eventually(lambda: set(stream.owners().values()) == {two[1].process.pid}, what="one owner")
    assert (stream.totals(), stream.numbers()) == ((2 * ROUND, 0, 0, 0), list(range(2 * ROUND)))


def test_the_other_takes_over_what_a_killed_one_had(stream, two):
    stream.produce(events(ROUND))
    two[0].kill()
    stream.produce(events(ROUND, first=ROUND))
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((2 * ROUND, 0, 0, 0), list(range(2 * ROUND)))


def test_one_that_was_frozen_until_others_took_over_harms_nothing_when_it_wakes(stream, two):
    """What it had read before, it must not write any more."""
    frozen, other = two
    frozen.signal(signal.SIGSTOP)
    stream.produce(events(ROUND))
    place.eventually(lambda: set(stream.owners().values()) == {other.process.pid}, what="one owner")
    stream.produce(events(ROUND, first=ROUND))
    frozen.signal(signal.SIGCONT)
    stream.produce(events(ROUND, first=2 * ROUND))
    place.eventually(lambda: frozen.process.pid in stream.owners().values(), what="its return")
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((3 * ROUND, 0, 0, 0), list(range(3 * ROUND)))


def test_a_batch_that_takes_longer_than_the_group_waits_costs_no_place_in_it(stream, ingestor):
    """It is polled meanwhile."""
    running = ingestor(ANALYTICS_KAFKA_X_MAX_POLL_INTERVAL_MS=POLL_INTERVAL * 1000, **QUICK_GROUP)
    stream.await_taken()
    epochs = stream.epochs()
    with stream.locked():
        stream.produce(events(ROUND))
        stream.await_waiting()
        time.sleep(POLL_INTERVAL + 2)
    stream.produce(events(ROUND, first=ROUND))
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((2 * ROUND, 0, 0, 0), list(range(2 * ROUND)))
    assert (stream.epochs(), running.logs(event="partitions_revoked")) == (epochs, [])


def test_a_rebalance_in_the_middle_of_a_backlog_loses_nothing_and_repeats_nothing(stream, ingestor):
    backlog = 20_000
    stream.produce(events(backlog))
    ingestor(ANALYTICS_BATCH_RECORDS=100, **QUICK_GROUP)
    stream.await_stored(1_000)
    ingestor(ANALYTICS_BATCH_RECORDS=100, **QUICK_GROUP)
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((backlog, 0, 0, 0), list(range(backlog)))


def test_a_rebalance_raises_the_epochs(stream, ingestor):
    ingestor(**QUICK_GROUP)
    stream.await_taken()
    before = stream.epochs()
    second = ingestor(**QUICK_GROUP)
    second.await_log(event="partition_claimed")
    place.eventually(lambda: all(epoch > before[partition] for partition, epoch in stream.epochs().items()),
                     what="a new epoch for each partition")


# ---- static members

def named(name):
    """A session that outlasts any test."""
    return {**QUICK_GROUP, "ANALYTICS_KAFKA_X_GROUP_INSTANCE_ID": name, "ANALYTICS_KAFKA_X_SESSION_TIMEOUT_MS": 60_000}


@pytest.fixture
def members(stream, ingestor):
    """Two members with names of their own that have two partitions each."""
    both = [ingestor(**named("one"))]
    stream.await_taken()
    both.append(ingestor(**named("two")))
    pids = sorted(running.process.pid for running in both)
    place.eventually(lambda: sorted(stream.owners().values()) == sorted(pids * 2), what="an even share")
    return both


@pytest.mark.parametrize("way", ["terminate", "kill"])
def test_a_named_member_s_restart_costs_the_others_no_rebalance(stream, members, way):
    before, others = stream.epochs(), members[1].process.pid
    mine = [partition for partition, pid in stream.owners().items() if pid != others]
    getattr(members[0], way)()
    stream.produce(events(ROUND))
    members[0].start()
    stream.await_read()
    raised = [partition for partition, epoch in stream.epochs().items() if epoch > before[partition]]
    assert (raised, members[1].logs(event="partitions_revoked")) == (mine, [])
    assert (stream.totals(), stream.numbers()) == ((ROUND, 0, 0, 0), list(range(ROUND)))


def test_of_two_with_one_name_the_first_leaves_with_a_fault(stream, ingestor):
    first = ingestor(**named("one"))
    stream.await_taken()
    second = ingestor(**named("one"))
    assert first.wait() == 1
    [fault] = first.logs(event="fault")
    assert "instance" in fault["message"]
    stream.produce(events(ROUND))
    stream.await_read()
    assert second.running and stream.numbers() == list(range(ROUND))


# ---- fencing

@pytest.fixture
def overtaken(stream, ingestor):
    """An ingestor whose partition 0 somebody else took while it has records of it to write."""
    running = ingestor(**QUICK_GROUP)
    stream.await_taken()
    stream.produce(events(ROUND))
    stream.await_read()
    stream.database.sql("SELECT owner_epoch FROM analytics_claim_partition(%s, %s, 0, 'somebody:1', 0)",
                        (stream.group, stream.topic))
    stream.produce(events(ROUND, first=ROUND))
    return running


def test_who_is_overtaken_says_so_once_and_names_the_partition(stream, overtaken):
    stream.await_read()
    fenced = overtaken.logs(event="partition_fenced")
    assert [(entry["topic"], entry["partition"], entry["offset"], entry["epoch"]) for entry in fenced] == [
        (stream.topic, 0, ROUND // 4, 1)]


def test_who_is_overtaken_joins_anew_and_goes_on(stream, overtaken):
    stream.await_read()
    assert overtaken.running
    assert (stream.epochs()[0], stream.owners()[0]) == (3, overtaken.process.pid)


def test_nothing_is_lost_and_nothing_stored_twice_by_being_overtaken(stream, overtaken):
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((2 * ROUND, 0, 0, 0), list(range(2 * ROUND)))


def test_two_groups_read_the_same_records_each_for_itself(stream, ingestor):
    """The events are the same: to the second group each is a duplicate."""
    stream.produce(events(ROUND))
    ingestor(**QUICK_GROUP)
    stream.await_read()
    ingestor(group=stream.group + ".second", **QUICK_GROUP)
    sums = ("SELECT sum(next_offset)::int, sum(stored)::int, sum(duplicates)::int FROM analytics_kafka_offsets "
            "GROUP BY consumer_group ORDER BY consumer_group")
    place.eventually(lambda: stream.database.rows(sums) == [(ROUND, ROUND, 0), (ROUND, 0, ROUND)], what="both groups")
