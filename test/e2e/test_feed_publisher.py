"""A feed's topic has every change exactly once, for consumers of committed messages."""
import contextlib
import json
import os
import re
import signal
import time

import pytest
import requests
from confluent_kafka.admin import ConfigResource

from feed_topic import FeedTopic, ViewTopic, headers_of
from rig import place

STORE = """INSERT INTO analytics_events (id, occurred_at, event_type, source, tenant_id, payload)
    SELECT md5(n::text)::uuid, '2025-06-01Z'::timestamptz + n * interval '1 second', 'e' || n %% 3, 's', 't' || n %% 5,
           jsonb_build_object('n', n) FROM generate_series(%s, %s) AS n"""
UPDATE = "UPDATE analytics_events SET payload = payload || '{\"u\": %s}' WHERE (payload ->> 'n')::int %% %s = %s"
DELETE = "DELETE FROM analytics_events WHERE (payload ->> 'n')::int %% %s = %s"


@pytest.fixture
def feed(kafka, database, topic):
    """feed(argument=value, …): a feed "f" of the database, published to the topic that is returned."""
    def made(topic=topic + ".feed", name="f", **arguments):
        kafka.create_topic(topic)
        given = {"topic": topic, "every": "50 ms", **arguments}
        database.sql("SELECT analytics_create_partition('2025-06-01Z')")
        names = ", ".join(f"{argument} => %s" for argument in given)
        database.sql(f"CALL analytics_create_feed(%s, {names})", (name, *given.values()))
        return topic
    return made


@pytest.fixture
def replica(kafka, database):
    with contextlib.ExitStack() as stack:
        yield lambda topic: stack.enter_context(FeedTopic(kafka, topic, database))


def test_every_change_is_published(database, feed, replica, ingestor):
    database.sql("SELECT analytics_create_partition('2025-06-01Z')")
    database.sql(STORE, (1, 1_000))
    topic = replica(feed())
    running = ingestor()
    topic.await_table()
    assert len(topic.messages) == 1_000, "the past, each event once"
    database.sql(STORE, (1_001, 5_000))
    database.sql(UPDATE, (1, 3, 0))
    database.sql(DELETE, (7, 0))
    topic.await_table()
    claimed = running.logs(event="feed_claimed")
    assert [(line["feed"], line["epoch"]) for line in claimed] == [("f", 1)]
    database.sql("TRUNCATE analytics_events")
    topic.await_table()
    assert running.terminate() == 0
    assert database.sql("SELECT publisher FROM analytics_feed_publishers") is None


@pytest.mark.parametrize("source, names, rows", [
    ("counts", ("minute", "tenantId", "eventType"),
     """SELECT json_build_object('minute', _analytics_instant_text(date_trunc('minute', occurred_at)),
            'tenantId', tenant_id, 'eventType', event_type, 'count', count(*))
        FROM analytics_events GROUP BY date_trunc('minute', occurred_at), tenant_id, event_type"""),
    ("sums", ("bucket_start", "tenant_id", "u", "other"), "SELECT item FROM _analytics_projection_page('sums', 1000)")],
    ids=("counts", "sums"))
def test_a_compacted_topic_of_a_view_is_the_view(kafka, database, topic, ingestor, source, names, rows):
    kafka.create_topic(topic + ".feed", cleanup_policy="compact")
    database.sql("SELECT analytics_create_partition('2025-06-01Z')")
    database.sql(STORE, (1, 500))
    database.sql("CALL analytics_create_projection('sums', dimensions => '{\"u\": [\"u\"]}', "
                 "measures => '{\"n\": [\"n\"]}', bucket => '5 minutes')")
    database.sql("CALL analytics_create_feed('f', %s, topic => %s, every => '50 ms')", (source, topic + ".feed"))
    with ViewTopic(kafka, topic + ".feed", database, rows, names) as replayed:
        running = ingestor()
        replayed.await_table()
        database.sql(STORE, (501, 1_000))
        database.sql(UPDATE, (1, 3, 0))
        replayed.await_table()
        running.kill()
        database.sql(DELETE, (7, 0))
        database.sql("UPDATE analytics_events SET tenant_id = 'moved' WHERE tenant_id = 't1'")
        database.sql("UPDATE analytics_feed_publishers SET heartbeat_at = '-infinity'")  # nobody waits for the dead
        running.start()
        replayed.await_table()
        assert "drop" not in {headers_of(message)["analytics-operation"] for message in replayed.messages}
        database.sql("SELECT analytics_republish_feed('f')")
        database.sql(STORE, (1_001, 1_100))
        replayed.await_table()
        database.sql("TRUNCATE analytics_events")
        replayed.await_table()
        assert not replayed.events and len({message.partition() for message in replayed.messages}) > 1


def test_what_a_message_is(database, feed, replica, ingestor):
    topic = replica(feed(since="now"))
    ingestor()
    database.sql(STORE, (1, 1))
    [put] = topic.await_messages(1)
    [identifier] = database.rows("SELECT id::text FROM analytics_events")[0]
    assert put.key() == identifier.encode()
    assert json.loads(put.value())["payload"] == {"n": 1}
    assert dict(headers_of(put), **{"analytics-position": ""}) == {
        "content-type": "application/json", "analytics-operation": "put", "analytics-position": "",
        "analytics-time": "2025-06-01T00:00:01Z"}
    database.sql("DELETE FROM analytics_events")
    delete = topic.await_messages(2)[1]
    assert (delete.key(), delete.value(), delete.partition()) == (put.key(), None, put.partition())
    database.sql("SELECT analytics_retain('1 day')")
    drops = topic.await_messages(6)[2:]
    assert sorted(drop.partition() for drop in drops) == [0, 1, 2, 3]
    assert {headers_of(drop)["analytics-operation"] for drop in drops} == {"drop"}


def test_a_cloudevent(database, feed, replica, ingestor):
    topic = replica(feed(format="cloudevent", key="tenant"))
    ingestor()
    database.sql(STORE, (1, 1))
    [message] = topic.consumer.consume(1, 30)
    assert (message.key(), json.loads(message.value())) == (b"t1", {"n": 1})
    assert headers_of(message)["ce_specversion"] == "1.0"


@pytest.mark.parametrize("seconds, statements, patience", [
    (0, 1, 30), pytest.param(int(os.environ.get("HELD_SECONDS", 600)), 50, 2, marks=pytest.mark.slow)])
def test_an_open_transaction_delays_its_own_changes_alone(
        database, feed, replica, ingestor, seconds, statements, patience):
    topic = replica(feed())
    ingestor()
    database.sql(STORE, (0, 0))
    topic.await_messages(1)
    rounds, slowest = 0, 0
    with contextlib.closing(database.connect(autocommit=False)) as other, other.cursor() as cursor, \
            contextlib.closing(database.connect()) as connection, connection.cursor() as beside:
        cursor.execute(STORE, (1_000_001, 1_000_010))
        began = time.monotonic()
        while rounds < 5 or time.monotonic() < began + seconds:
            for number in range(rounds * statements + 1, (rounds + 1) * statements + 1):
                beside.execute(STORE, (number, number))
            committed, rounds = time.monotonic(), rounds + 1
            topic.await_messages(1 + rounds * statements, patience)
            slowest = max(slowest, time.monotonic() - committed)
        print(f"{rounds} times {statements} changes in {time.monotonic() - began:.0f} s, each within {slowest:.2f} s")
        other.commit()
    topic.await_table()
    assert len(topic.messages) == 11 + rounds * statements


def test_killed_again_and_again(database, feed, replica, ingestor):
    topic = replica(feed())
    running = ingestor()
    for number in range(6):
        database.sql(STORE, (number * 800 + 1, number * 800 + 800))
        place.eventually(lambda: topic.poll() > 0, what="messages")
        running.kill()
        database.sql(UPDATE, (number, 5, number % 5))
        database.sql(DELETE, (11, number))
        database.sql("UPDATE analytics_feed_publishers SET heartbeat_at = '-infinity'")  # nobody waits for the dead
        running.start()
    topic.await_table()


def test_a_publisher_that_was_frozen_is_fenced(database, feed, replica, ingestor):
    topic = replica(feed())
    frozen = ingestor()
    database.sql(STORE, (1, 500))
    topic.await_table()
    frozen.signal(signal.SIGSTOP)
    database.sql(STORE, (501, 1_000))
    database.sql("UPDATE analytics_feed_publishers SET heartbeat_at = '-infinity'")  # nobody waits ten seconds here
    other = ingestor()
    assert other.await_log(event="feed_claimed")["epoch"] == 2
    topic.await_table()
    frozen.signal(signal.SIGCONT)
    for number in range(2, 6):
        database.sql(STORE, (number * 500 + 1, number * 500 + 500))
        database.sql(UPDATE, (number, 2, number % 2))
    topic.await_table()
    place.eventually(lambda: frozen.logs(event="feed_released") or frozen.logs(event="feed_fenced"),
                     what="a publisher that gives up")
    assert not other.logs(event="feed_fenced")


def test_the_servers_crash(kafka, database, server, feed, replica, ingestor):
    topic = replica(feed())
    running = ingestor()
    database.sql(STORE, (1, 1_000))
    topic.await_messages(1)
    server.stop(signal.SIGQUIT)
    server.start()
    database.sql(UPDATE, (1, 2, 0))
    topic.await_table()
    kafka.kill()
    database.sql(STORE, (1_001, 2_000))
    kafka.start()
    topic.await_table()
    assert running.running


def test_a_position_that_is_too_old_stops_the_feed(database, feed, replica, ingestor):
    topic = replica(feed(keep="1 second"))
    running = ingestor()
    database.sql(STORE, (1, 20))
    topic.await_table()
    running.terminate()
    database.sql(DELETE, (2, 0))
    database.sql(STORE, (21, 30))
    database.sql("SELECT analytics_tick()")
    database.sql(STORE, (31, 40))
    database.sql("SELECT analytics_tick()")
    database.sql("CALL analytics_maintain(now() + interval '1 hour')")
    running.start()
    stopped = running.await_log(event="feed_stopped")
    assert stopped["command"] == "SELECT analytics_republish_feed('f');"
    assert "older than" in database.sql("SELECT fault FROM analytics_feed_publishers")
    database.sql("SELECT analytics_republish_feed('f')")
    topic.await_table()
    assert [json.loads(message.value()) for message in topic.messages
            if headers_of(message)["analytics-operation"] == "drop"] == 4 * [{"rangeStart": None, "rangeEnd": None}]


def test_a_compacted_topic_begins_again(kafka, database, topic, replica, ingestor):
    kafka.create_topic(topic + ".feed", cleanup_policy="compact")
    database.sql("SELECT analytics_create_partition('2025-06-01Z')")
    database.sql("CALL analytics_create_feed('f', topic => %s, every => '50 ms')", (topic + ".feed",))
    replayed = replica(topic + ".feed")
    ingestor()
    database.sql(STORE, (1, 10))
    replayed.await_table()
    database.sql("SELECT analytics_retain('1 day')")
    replayed.await_table()
    database.sql("SELECT analytics_create_partition('2025-06-01Z')")
    database.sql(STORE, (11, 20))
    replayed.await_table()
    database.sql("SELECT analytics_republish_feed('f')")
    database.sql(STORE, (21, 30))
    replayed.await_table()
    assert {headers_of(message)["analytics-operation"] for message in replayed.messages} == {"put", "drop"}


@pytest.mark.parametrize("way_on", ["raised", "left out"])
def test_a_message_that_is_too_large_stops_the_feed_before_it(kafka, database, feed, replica, ingestor, way_on):
    topic = replica(feed(since="now"))

    def set_limit(size):
        limits = ConfigResource("topic", topic.topic, {"max.message.bytes": str(size)})
        [done] = kafka.admin.alter_configs([limits]).values()
        done.result(30)

    set_limit(20_000)
    database.sql(STORE, (1, 900))
    database.sql("UPDATE analytics_events SET payload = payload || jsonb_build_object('big', repeat('x', 30000)) "
                 "WHERE (payload ->> 'n')::int IN (300, 600)")
    running = ingestor()
    stopped = running.await_log(event="feed_stopped", timeout=60)
    message, at, after = re.fullmatch(
        r"(.*); put this right and call analytics_republish_feed\('f', '(.*)'\), or leave the message out by "
        r"analytics_republish_feed\('f', '(.*)'\)", stopped["message"]).groups()
    assert re.fullmatch(rf'topic "{re.escape(topic.topic)}" refuses the message at {re.escape(after)}, which has '
                        r"30\d\d\d bytes: more than its max.message.bytes, 20000", message)
    assert database.sql("SELECT (\"position\", fault) = (%s, %s) FROM analytics_feed_publishers",
                        (at, stopped["message"]))
    assert stopped["command"] == ""
    changes = database.rows("""SELECT "position", octet_length(value::text) > 20000
        FROM analytics_read_feed('f', NULL, 5000) WHERE operation = 'put'""")
    first, second = [number for number, (_, is_large) in enumerate(changes) if is_large][:2]
    assert changes[first][0] == after
    assert len(topic.await_messages(first)) == first
    if way_on == "raised":
        set_limit(100_000)
        database.sql("SELECT analytics_republish_feed('f', %s)", (at,))
        topic.await_table()
        assert len(topic.messages) == len(changes)
    else:
        database.sql("SELECT analytics_republish_feed('f', %s)", (after,))
        place.eventually(lambda: len(running.logs(event="feed_stopped")) == 2, 60, what="the second one")
        assert len(topic.await_messages(second - 1)) == second - 1


def test_a_copy_of_the_database_does_not_publish_to_the_same_topic(database, feed, replica, ingestor):
    topic = replica(feed())
    running = ingestor()
    database.sql(STORE, (1, 10))
    topic.await_table()
    running.terminate()
    # What a copy has: the same store, in another system.
    database.sql("""CREATE OR REPLACE FUNCTION analytics_store_identity(
        OUT id uuid, OUT system_identifier bigint, OUT database_oid oid, OUT database text)
        LANGUAGE sql AS 'SELECT s.id, 7, 8::oid, ''copy'' FROM public.analytics_store AS s'""")
    database.sql(STORE, (11, 20))
    running = ingestor(group=topic.topic)
    assert "another database" in running.await_log(event="feed_stopped")["message"]
    database.sql("SELECT analytics_republish_feed('f', 'now')")
    database.sql(STORE, (21, 30))
    topic.await_messages(20)
    assert len(topic.events) == 20


def test_a_feed_of_a_name_that_was_dropped_begins_anew(database, feed, replica, ingestor):
    topic = replica(feed())
    ingestor()
    database.sql(STORE, (1, 10))
    topic.await_table()
    database.sql("SELECT analytics_drop_feed('f')")
    database.sql(STORE, (11, 20))
    other = replica(feed(topic.topic + ".2"))
    other.await_table()
    assert len(other.messages) == 20


def test_topics_that_are_read_are_not_published_to(database, feed, topic, ingestor):
    feed()
    running = ingestor(topic="^.*")
    assert "reads" in running.await_log(event="feed_stopped")["message"]


@pytest.mark.parametrize("setting, claimed", [("all", {"f", "g"}), ("g", {"g"}), ("g,f", {"f", "g"})])
def test_the_feeds_that_are_named(database, feed, topic, ingestor, setting, claimed):
    feed()
    feed(topic + ".g", "g")
    running = ingestor(ANALYTICS_FEEDS=setting)
    place.eventually(lambda: {line["feed"] for line in running.logs(event="feed_claimed")} == claimed,
                     what=f"claims of {claimed}")


def test_an_ingestor_that_only_publishes(stream, database, feed, replica, ingestor):
    stream.produce([b"{}"])
    topic = replica(feed())
    running = ingestor(admin=True, arguments=["--publish-only"])
    database.sql(STORE, (1, 10))
    topic.await_table()
    assert requests.get(running.admin_url + "/readyz", timeout=10).status_code == 200
    assert running.terminate() == 0
    assert database.sql("SELECT count(*) FROM analytics_kafka_offsets") == 0


def test_ticks_are_made_without_topics(database, ingestor):
    database.sql("CALL analytics_create_feed('f', since => 'now')")
    ingestor()
    database.sql("SELECT analytics_create_partition('2025-06-01Z')")
    database.sql(STORE, (1, 1))
    place.eventually(lambda: database.sql("SELECT count(*) FROM analytics_read_feed('f') WHERE operation = 'put'") == 1,
                     what="a tick")
