"""The companion topic is a feed of dead letters: it has each one once, as the record came. Through crashes between a
letter's commit and its publication, a broker that finds one too large, and several ingestors; and never in the events'
way."""
import contextlib
import json
import uuid

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import ConfigResource

from rig import place
from stream import QUICK_GROUP, Record, event, events


def headers_of(message):
    return dict(message.headers() or [])


class Companion:
    """The companion topic, read from its beginning by nobody's group."""

    def __init__(self, broker, topic):
        self.broker = broker
        self.topic = topic

    def configure(self, name, value):
        resource = ConfigResource(ConfigResource.Type.TOPIC, self.topic, {name: value})
        self.broker.admin.alter_configs([resource])[resource].result(30)

    def messages(self, count, timeout=40):
        """So many messages or more, in their order; fails when they don't come."""
        found = []
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": uuid.uuid4().hex,
                             "auto.offset.reset": "earliest", "enable.auto.commit": False,
                             "isolation.level": "read_committed"})
        with contextlib.closing(consumer):
            consumer.subscribe([self.topic])

            def more():
                message = consumer.poll(0.2)
                if message is not None and message.error() is None:
                    found.append(message)
                return len(found) >= count

            place.eventually(more, timeout, what=f"{count} messages in {self.topic}")
        return found


@pytest.fixture
def companion(kafka, topic):
    name = f"{topic}.dlq"
    kafka.create_topic(name, 1)
    return Companion(kafka, name)


@pytest.fixture
def publishing(ingestor, companion):
    return lambda **settings: ingestor(ANALYTICS_KAFKA_DLQ_TOPIC=companion.topic, **{**QUICK_GROUP, **settings})


def await_published(database, timeout=30):
    """All that there are, by the position that the publisher reports."""
    all_there_is = """SELECT count(*) FROM analytics_feeds AS f JOIN analytics_feed_publishers AS p ON p.feed = f.name
                     WHERE f.source = 'dead_letters' AND p."position" ~ '^\\d+$'
                       AND p."position"::bigint = (SELECT max(tick) FROM analytics_ticks)
                       AND NOT EXISTS (SELECT FROM analytics_outbox WHERE tick IS NULL)"""
    place.eventually(lambda: database.sql(all_there_is) == 1, timeout, what="the feed's position")


def test_a_letter_is_published_as_it_came(stream, publishing, companion):
    record = Record(b"{\x00\xff", 2, b"key", (("trace", b"00-1"), ("raw", b"\xff"), ("none", None)),
                    timestamp=1_735_689_600_500)
    [produced] = stream.produce([record])
    running = publishing()
    [message] = companion.messages(1)
    assert (message.key(), message.value()) == (f"{stream.topic}-2-{produced.offset}".encode(), record.value)
    letter, reason, detail = stream.database.sql("SELECT id, reason, detail FROM analytics_dead_letters")
    *headers, (name, position) = message.headers()
    assert headers == [
        *record.headers, ("analytics-dead-letter", str(letter).encode()), ("analytics-reason", reason.encode()),
        ("analytics-detail", detail.encode()), ("analytics-topic", stream.topic.encode()),
        ("analytics-partition", b"2"), ("analytics-offset", str(produced.offset).encode()),
        ("analytics-timestamp", b"2025-01-01T00:00:00.500000Z")]
    after = stream.database.rows("SELECT operation FROM analytics_read_feed('dead_letters', %s)", (position.decode(),))
    assert (name, [operation for [operation] in after if operation]) == ("analytics-position", [])
    running.await_log(event="dead_letters_published")


def test_letters_come_in_order_and_skipped_records_do_not(stream, publishing, companion):
    stream.produce([Record(b"{" if number % 3 else b"{}", 0) for number in range(60)])
    publishing()
    messages = companion.messages(40)
    assert [int(headers_of(message)["analytics-offset"]) for message in messages] == [
        number for number in range(60) if number % 3]


def test_letters_that_were_there_before_and_such_from_elsewhere_are_published(stream, publishing, companion):
    stream.database.sql("SELECT dead_lettered FROM analytics_ingest(ARRAY['[]'::bytea])")
    publishing()
    [message] = companion.messages(1)
    assert (message.key(), message.value()) == (b"dead-letter-1", b"[]")


def test_a_crash_between_a_letter_s_commit_and_its_publication(stream, publishing, companion):
    """The feed is paused until the first ingestor is dead; then the next one goes on."""
    running = publishing()
    stream.produce([Record(b"{", 0)])
    companion.messages(1)
    stream.database.sql("SELECT analytics_pause_feed('dead_letters')")
    stream.produce([Record(b"{", 0) for _ in range(5)])
    stream.await_read()
    running.kill()
    stream.database.sql("SELECT analytics_resume_feed('dead_letters')")
    publishing()
    assert [headers_of(message)["analytics-offset"] for message in companion.messages(6)] == [
        b"0", b"1", b"2", b"3", b"4", b"5"]


def test_what_an_earlier_release_has_marked_is_not_published_again(stream, publishing, companion):
    for _ in range(4):
        stream.database.sql("SELECT dead_lettered FROM analytics_ingest(ARRAY['['::bytea])")
    stream.database.sql("UPDATE analytics_dead_letters SET published_at = now() WHERE id IN (1, 3)")
    publishing()
    assert [message.key() for message in companion.messages(2)] == [b"dead-letter-2", b"dead-letter-4"]
    await_published(stream.database)
    stream.produce([Record(b"{", 0)])
    assert len(companion.messages(3)) == 3


def test_killed_again_and_again_every_letter_is_published(stream, publishing, companion):
    stream.produce([Record(b"{", number % 4) for number in range(400)])
    running = publishing()
    kills = 0
    for count in (1, 100, 200, 300):
        place.eventually(lambda: stream.database.sql("SELECT count(*) FROM analytics_dead_letters") >= count,
                         what=f"{count} letters")
        running.kill()
        kills += 1
        running.start()
    messages = companion.messages(400, 60)
    await_published(stream.database)
    keys = {message.key() for message in messages}
    assert (len(keys), len(messages), kills) == (400, 400, 4)


def test_a_letter_that_the_broker_finds_too_large_holds_up_no_other(stream, publishing, companion):
    companion.configure("max.message.bytes", "2000")
    stream.produce([Record(b"{", 0), Record(b"{" + b"x" * 5_000, 0), Record(b"[", 0)])
    running = publishing()
    assert [message.value() for message in companion.messages(2)] == [b"{", b"["]
    assert running.await_log(event="dead_letter_unpublishable")["id"] == 2
    assert stream.database.sql("SELECT unpublishable FROM analytics_dead_letter_summary") == 1
    companion.configure("max.message.bytes", "100000")
    stream.database.sql("UPDATE analytics_dead_letters SET publish_fault = NULL")
    assert [len(message.value()) for message in companion.messages(3)] == [1, 1, 5_001]
    assert not running.logs(event="feed_paused")


def test_letters_that_are_larger_than_a_page_are_published(stream, publishing, companion):
    companion.configure("max.message.bytes", "40000000")
    stream.database.sql("INSERT INTO analytics_dead_letters (reason, value) SELECT 'too_large', convert_to("
                        "repeat('x', n), 'UTF8') FROM unnest(ARRAY[1, 20000000, 2]) AS n")
    publishing()
    assert [len(message.value()) for message in companion.messages(3)] == [1, 20_000_000, 2]


NONSENSE = ['[{"name": "x", "base64": "no base64!"}]', '[{"name": "x", "base64": 7}]',
            '[{"name": "x", "base64": "QQ="}]', '[{"name": "x", "base64": ["QQ=="]}]']


def test_letters_of_which_no_message_can_be_made_hold_up_no_other(stream, publishing, companion):
    """Somebody wrote them by hand."""
    for headers in NONSENSE:
        stream.database.sql("INSERT INTO analytics_dead_letters (reason, value, headers) "
                            "VALUES ('invalid_json', 'x', %s)", (headers,))
    stream.database.sql("INSERT INTO analytics_dead_letters (reason, recorded_at) VALUES ('invalid_json', 'infinity')")
    stream.produce([Record(b"{", 0)])
    running = publishing()
    assert [message.value() for message in companion.messages(1)] == [b"{"]
    place.eventually(lambda: len(running.logs(event="dead_letter_unpublishable")) == len(NONSENSE) + 1,
                     what="the marks")
    assert stream.database.sql("SELECT count(*) FROM analytics_dead_letters WHERE publish_fault IS NOT NULL") == 5


def test_a_companion_topic_that_is_ill_is_not_in_the_events_way(stream, publishing, companion):
    """It finds every message too old, and also the marks with which Kafka ends a transaction: so it stays ill."""
    companion.configure("message.timestamp.before.max.ms", "0")
    running = publishing(ANALYTICS_KAFKA_X_MESSAGE_TIMEOUT_MS=1_000)
    for first in range(0, 40, 4):
        stream.produce([b"{", *events(4, first)])
        stream.await_read()
    assert stream.numbers() == list(range(40))
    running.await_log(event="feed_paused")
    stream.produce(events(4, 40))
    stream.await_read()
    assert stream.numbers() == list(range(44))


def test_two_ingestors_do_not_do_the_work_twice(stream, publishing, companion):
    publishing()
    publishing()
    stream.await_taken()
    stream.produce([Record(b"{", number % 4) for number in range(200)])
    assert len(companion.messages(200)) == 200
    stream.produce([Record(b"[", 0)])
    messages = companion.messages(201)
    assert (len(messages), len({message.key() for message in messages})) == (201, 201)


@pytest.mark.parametrize("topics", ["{dlq}", "a,{dlq}", "^.*dlq$"])
def test_a_topic_that_is_read_can_t_be_the_companion(stream, ingestor, topics):
    running = ingestor(topic=topics.format(dlq="x.dlq"), ANALYTICS_KAFKA_DLQ_TOPIC="x.dlq")
    assert running.wait() == 78
    [refused] = running.logs(event="setting_refused")
    assert "ANALYTICS_KAFKA_DLQ_TOPIC" in json.dumps(refused)


def test_events_are_stored_while_letters_are_published(stream, publishing, companion):
    publishing()
    stream.produce([Record(b"{" if number % 2 else event(number), number % 4) for number in range(400)])
    stream.await_read()
    assert stream.numbers() == list(range(0, 400, 2))
    assert len(companion.messages(200)) == 200
