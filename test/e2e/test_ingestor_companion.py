"""The companion topic has every dead letter, at least once, as the record came: through crashes between a letter's
commit and its publication, a broker that finds one too large, and several ingestors; and never in the events' way."""
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
                             "auto.offset.reset": "earliest", "enable.auto.commit": False})
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


def published(database):
    return database.sql("SELECT count(*) FROM analytics_dead_letters WHERE published_at IS NOT NULL")


def test_a_letter_is_published_as_it_came(stream, publishing, companion):
    record = Record(b"{\x00\xff", 2, b"key", (("trace", b"00-1"), ("raw", b"\xff"), ("none", None)),
                    timestamp=1_735_689_600_500)
    [produced] = stream.produce([record])
    publishing()
    [message] = companion.messages(1)
    assert (message.key(), message.value()) == (f"{stream.topic}-2-{produced.offset}".encode(), record.value)
    letter, reason, detail = stream.database.sql("SELECT id, reason, detail FROM analytics_dead_letters")
    assert message.headers() == [
        *record.headers, ("analytics-dead-letter", str(letter).encode()), ("analytics-reason", reason.encode()),
        ("analytics-detail", detail.encode()), ("analytics-topic", stream.topic.encode()),
        ("analytics-partition", b"2"), ("analytics-offset", str(produced.offset).encode()),
        ("analytics-timestamp", b"2025-01-01T00:00:00.500000Z")]
    place.eventually(lambda: published(stream.database) == 1, what="the letter's mark")


def test_letters_come_in_order_and_skipped_records_do_not(stream, publishing, companion):
    stream.produce([Record(b"{" if number % 3 else b"{}", 0) for number in range(60)])
    publishing()
    messages = companion.messages(40)
    assert [int(headers_of(message)["analytics-offset"]) for message in messages] == [
        number for number in range(60) if number % 3]
    place.eventually(lambda: published(stream.database) == 40, what="the letters' marks")


def test_letters_that_were_there_before_and_such_from_elsewhere_are_published(stream, publishing, companion):
    stream.database.sql("SELECT dead_lettered FROM analytics_ingest(ARRAY['[]'::bytea])")
    publishing()
    [message] = companion.messages(1)
    assert (message.key(), message.value()) == (b"dead-letter-1", b"[]")


def test_a_crash_between_a_letter_s_commit_and_its_publication(stream, publishing, companion):
    """Somebody else seems to be publishing until the first ingestor is dead; then the next one does."""
    with contextlib.closing(stream.database.connect(autocommit=False)) as other, other.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM _analytics_unpublished_dead_letters()")
        running = publishing()
        stream.produce([Record(b"{", 0) for _ in range(5)])
        stream.await_read()
        running.kill()
    assert published(stream.database) == 0
    publishing()
    assert [headers_of(message)["analytics-offset"] for message in companion.messages(5)] == [
        b"0", b"1", b"2", b"3", b"4"]


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
    place.eventually(lambda: published(stream.database) == 400, 60, what="all letters' marks")
    keys = {message.key() for message in companion.messages(400)}
    assert (len(keys), kills) == (400, 4)


def test_a_letter_that_the_broker_finds_too_large_holds_up_no_other(stream, publishing, companion):
    companion.configure("max.message.bytes", "2000")
    stream.produce([Record(b"{", 0), Record(b"{" + b"x" * 5_000, 0), Record(b"[", 0)])
    running = publishing()
    assert [message.value() for message in companion.messages(2)] == [b"{", b"["]
    assert running.await_log(event="dead_letter_unpublishable")["id"] == 2
    place.eventually(lambda: published(stream.database) == 2, what="the letters' marks")
    assert stream.database.sql("SELECT unpublishable FROM analytics_dead_letter_summary") == 1


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
    assert published(stream.database) == 1


def test_a_role_without_rights_can_t_stop_the_publishing(stream, publishing, companion):
    role = f"stranger_{stream.database.name}"
    stream.database.sql(f"CREATE ROLE {role} LOGIN")
    try:
        with contextlib.closing(stream.database.connect(role)) as other, other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock('analytics_dead_letters'::regclass::oid::integer, n) "
                           "FROM generate_series(0, 2) AS n")
            stream.produce([Record(b"{", 0)])
            publishing()
            assert len(companion.messages(1)) == 1
    finally:
        stream.database.sql(f"DROP ROLE {role}")


def test_a_companion_topic_that_is_ill_is_not_in_the_events_way(stream, publishing, companion):
    """It finds every message too old, but for one that it gets within its millisecond. Told once in between, however
    often it is tried."""
    companion.configure("message.timestamp.before.max.ms", "0")
    running = publishing(ANALYTICS_KAFKA_X_MESSAGE_TIMEOUT_MS=1_000)
    for first in range(0, 40, 4):
        stream.produce([b"{", *events(4, first)])
        stream.await_read()
    assert stream.numbers() == list(range(40))
    running.await_log(event="publishing_paused")
    companion.configure("message.timestamp.before.max.ms", "9223372036854775807")
    assert len({message.key() for message in companion.messages(10)}) == 10
    running.await_log(event="publishing_resumed")
    told = [line["event"] for line in running.logs() if line["event"] in ("publishing_paused", "publishing_resumed")]
    assert told == ["publishing_paused", "publishing_resumed"] * (len(told) // 2)


def test_two_ingestors_do_not_do_the_work_twice(stream, publishing, companion):
    publishing()
    publishing()
    stream.await_taken()
    stream.produce([Record(b"{", number % 4) for number in range(200)])
    place.eventually(lambda: published(stream.database) == 200, what="all letters' marks")
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
