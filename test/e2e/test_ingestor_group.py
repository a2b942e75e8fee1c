"""A consumer group belongs to one store, and says for whom it waits."""
import pytest

from rig import place
from stream import QUICK_GROUP, events


@pytest.fixture
def other(new_database):
    with new_database() as fresh:
        yield fresh


def stored(database):
    return database.sql("SELECT count(*) FROM analytics_events")


def refused(running):
    """What the ingestor said when it refused to share another store's group; it has ended with 78."""
    assert running.wait(60) == 78
    [refusal] = running.logs(event="group_of_another_store")
    return refusal


@pytest.mark.parametrize("is_running", [True, False], ids=["beside it", "after it"])
def test_another_database_is_refused_and_both_are_named(stream, ingestor, other, is_running):
    stream.produce(events(100))
    first = ingestor(**QUICK_GROUP)
    stream.await_read()
    if not is_running:
        assert first.terminate() == 0
    refusal = refused(ingestor(ANALYTICS_DATABASE_URL=other.url, **QUICK_GROUP))
    assert stream.database.name in refusal["other_store"] and other.name in refusal["store"]
    assert "--adopt-group" in refusal["hint"] and "ANALYTICS_KAFKA_CONSUMER_GROUP" in refusal["hint"]
    assert other.rows("SELECT * FROM analytics_kafka_offsets") == []
    stream.produce(events(100, first=100))
    if not is_running:
        ingestor(**QUICK_GROUP)
    stream.await_read()
    assert (stream.numbers(), stored(other)) == (list(range(200)), 0)


def test_check_finds_it_too(stream, ingestor, other):
    stream.produce(events(4))
    ingestor(**QUICK_GROUP)
    stream.await_read()
    refused(ingestor(ANALYTICS_DATABASE_URL=other.url, arguments=("--check",), **QUICK_GROUP))
    assert ingestor(arguments=("--check",), **QUICK_GROUP).wait() == 0


def test_two_that_begin_at_once_do_not_both_go_on(stream, ingestor, other):
    stream.produce(events(400))
    both = [ingestor(**QUICK_GROUP), ingestor(ANALYTICS_DATABASE_URL=other.url, **QUICK_GROUP)]
    place.eventually(lambda: any(not one.running for one in both), 60, what="one's end")
    [gone] = [one for one in both if not one.running]
    assert gone.process.returncode == 78
    owner = stream.database if gone is both[1] else other
    place.eventually(lambda: stored(owner) == 400, 60, what="everything in one of them")


def test_a_restored_copy_is_another_store_until_it_adopts_the_group(stream, ingestor, server, other):
    stream.produce(events(100))
    first = ingestor(**QUICK_GROUP)
    stream.await_read()
    assert first.terminate() == 0
    copy = f"{stream.database.name}_copy"
    server.sql(f"CREATE DATABASE {copy} TEMPLATE {stream.database.name}")
    try:
        stream.produce(events(100, first=100))
        settings = {"ANALYTICS_DATABASE_URL": server.url(copy), **QUICK_GROUP}
        refused(ingestor(**settings))
        running = ingestor(arguments=("--adopt-group",), **settings)
        place.eventually(lambda: server.sql("SELECT count(*) FROM analytics_events", copy) == "200", 60,
                         what="all events")
        running.await_log(event="group_adopted")
        assert running.terminate() == 0
        again = ingestor(**settings)
        again.await_log(event="partitions_ready")
        assert again.terminate() == 0
        refused(ingestor(**QUICK_GROUP))
    finally:
        server.sql(f"DROP DATABASE {copy} WITH (FORCE)")


def test_offsets_of_before_there_were_marks_are_adopted_silently(stream, ingestor):
    stream.produce(events(8))
    stream.commit({partition: 1 for partition in range(4)})
    running = ingestor(**QUICK_GROUP)
    stream.await_read()
    assert running.logs(event="group_adopted") == []


def test_two_of_one_store_share_the_group(stream, ingestor):
    both = [ingestor(**QUICK_GROUP), ingestor(**QUICK_GROUP)]
    place.eventually(lambda: len(set(stream.owners().values())) == 2, what="two owners")
    stream.produce(events(100))
    stream.await_read()
    assert [one.running for one in both] == [True, True]


def test_a_successor_says_for_whom_it_waits(stream, ingestor):
    settings = {**QUICK_GROUP, "ANALYTICS_KAFKA_X_SESSION_TIMEOUT_MS": 20_000}
    first = ingestor(**settings)
    stream.await_taken()
    first.kill()
    second = ingestor(**settings)
    waiting = second.await_log(event="group_waiting")
    assert (waiting["group"], waiting["session_timeout_ms"]) == (stream.group, 20_000)
    assert "analytics-ingestor" in waiting["members"]
    second.await_log(event="partitions_ready", timeout=60)
    assert len(second.logs(event="group_waiting")) == 1
