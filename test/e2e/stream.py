"""One topic seen from both of its ends: what was produced to it, and what the database made of that.

stream = Stream(broker, database, topic)      without a group, it is named as the topic
stream.produce([Record(value, partition=0), b"{}"])  returns them as Produced: with the offset that the broker gave
stream.await_read()                           until the database has read to the end of every partition
"""
import contextlib
import dataclasses
import json

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from rig import place

PARTITIONS = 4

# What the broker answers about a partition that was made a moment ago.
NO_LEADER_YET = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART)

# A member that was killed is not waited for longer than need be (6 s is the least that the broker allows); rebalances,
# new partitions and a broker that is back are heard of at once.
QUICK_GROUP = {"ANALYTICS_KAFKA_X_SESSION_TIMEOUT_MS": 6000, "ANALYTICS_KAFKA_X_HEARTBEAT_INTERVAL_MS": 200,
               "ANALYTICS_KAFKA_X_TOPIC_METADATA_REFRESH_INTERVAL_MS": 300,
               "ANALYTICS_KAFKA_X_RECONNECT_BACKOFF_MAX_MS": 500}


@dataclasses.dataclass(frozen=True)
class Record:
    """What is produced. Without a partition they take turns; a timestamp is in milliseconds since the epoch."""

    value: bytes
    partition: int = None
    key: bytes = None
    headers: tuple = ()
    timestamp: int = None


@dataclasses.dataclass(frozen=True)
class Produced:
    record: Record
    topic: str
    partition: int
    offset: int


def event(number, text=""):
    """A canonical event with a key of its own."""
    return json.dumps({"eventType": "e", "source": "s", "eventId": f"k-{number}", "occurredAt": "2026-01-02T03:04:05Z",
                       "payload": {"number": number, "text": text}}).encode()


def events(count, first=0, partition=None, text=""):
    return [Record(event(number, text), partition) for number in range(first, first + count)]


def _watermarks(consumer, partition):
    """(the first offset, the offset after the last record), asked for until the partition has a leader."""
    def asked():
        try:
            return consumer.get_watermark_offsets(partition, timeout=10)
        except KafkaException as error:
            if error.args[0].code() not in NO_LEADER_YET:
                raise
    return place.eventually(asked, what=f"a leader of {partition}")


class Stream:
    def __init__(self, broker, database, topic, group=None):
        self.broker = broker
        self.database = database
        self.topic = topic
        self.group = group or topic

    # ---- Kafka's end

    def produce(self, records, topic=None, producer=None):
        """In order; returns when the broker has them all, each with its offset."""
        topic = topic or self.topic
        if producer is None:  # an idle producer is falsy
            producer = self.producer()
        placed = {}

        def delivered(number):
            def on_delivery(error, message):
                assert error is None, error
                placed[number] = (message.partition(), message.offset())
            return on_delivery

        records = [record if isinstance(record, Record) else Record(record) for record in records]
        for number, record in enumerate(records):
            partition = number % PARTITIONS if record.partition is None else record.partition
            producer.produce(topic, record.value, record.key, partition, on_delivery=delivered(number),
                             timestamp=record.timestamp or 0, headers=list(record.headers))
            producer.poll(0)
        assert producer.flush(60) == 0, "the broker did not take all records"
        return [Produced(record, topic, *placed[number]) for number, record in enumerate(records)]

    def fill(self, values):
        """Produces many values anywhere, quickly."""
        producer = self.producer(**{"sticky.partitioning.linger.ms": 20})
        for value in values:
            producer.produce(self.topic, value)
        assert producer.flush(60) == 0, "the broker did not take all records"

    def producer(self, **settings):
        return Producer({"bootstrap.servers": self.broker.bootstrap, "linger.ms": 5,
                         "queue.buffering.max.messages": 1_000_000, **settings})

    @contextlib.contextmanager
    def _asking(self):
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": self.group})
        try:
            yield consumer
        finally:
            consumer.close()

    def ends(self, topic=None):
        """{partition: the offset after its last record or transaction mark}"""
        topic = topic or self.topic
        with self._asking() as consumer:
            partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
            return {number: _watermarks(consumer, TopicPartition(topic, number))[1] for number in partitions}

    def group_offsets(self):
        """{partition: what Kafka believes that the group has read}"""
        with self._asking() as consumer:
            asked = [TopicPartition(self.topic, number) for number in self.ends()]
            return {answer.partition: answer.offset for answer in consumer.committed(asked, timeout=10)}

    def commit(self, offsets):
        """Tells Kafka how far the group has read, as some other tool might."""
        with self._asking() as consumer:
            told = [TopicPartition(self.topic, *entry) for entry in offsets.items()]
            consumer.commit(offsets=told, asynchronous=False)

    # ---- the database's end

    def offsets(self, topic=None):
        """{partition: next_offset}"""
        return dict(self._rows("next_offset", topic or self.topic))

    def epochs(self):
        return dict(self._rows("owner_epoch", self.topic))

    def owners(self):
        """{partition: the owner's process id}"""
        return {partition: int(owner.rsplit(":", 1)[1]) for partition, owner in self._rows("owner", self.topic)}

    def _rows(self, column, topic):
        return self.database.rows(f"SELECT partition, {column} FROM analytics_kafka_offsets "
                                  "WHERE consumer_group = %s AND topic = %s", (self.group, topic))

    def totals(self):
        """(stored, duplicates, dead_lettered, skipped) since the first assignment, over all partitions."""
        return self.database.sql("SELECT sum(stored)::int, sum(duplicates)::int, sum(dead_lettered)::int, "
                                 "sum(skipped)::int FROM analytics_kafka_offsets")

    def numbers(self):
        """The payloads' numbers, as often as they are stored."""
        return sorted(number for number, in self.database.rows(
            "SELECT (payload ->> 'number')::int FROM analytics_events"))

    def await_read(self, timeout=60, topic=None):
        """Awaits that the database's offsets are the ends of all partitions."""
        ends = self.ends(topic)
        place.eventually(lambda: self.offsets(topic) == ends, timeout, what=f"reading up to {ends}")

    def await_stored(self, count, timeout=60):
        place.eventually(lambda: self.database.sql("SELECT count(*) FROM analytics_events") >= count, timeout,
                         what=f"{count} events")

    def await_taken(self, count=PARTITIONS, timeout=60):
        """Awaits that so many partitions have an owner."""
        place.eventually(lambda: len(self.offsets()) == count, timeout, what=f"{count} partitions taken")

    @contextlib.contextmanager
    def locked(self):
        """Nobody can store an event meanwhile; gives what ends that early."""
        with contextlib.closing(self.database.connect(autocommit=False)) as other, other.cursor() as cursor:
            cursor.execute("LOCK TABLE analytics_events IN ACCESS EXCLUSIVE MODE")
            yield other.rollback

    def await_waiting(self):
        """Awaits that somebody waits for a lock."""
        place.eventually(lambda: self.database.sql("SELECT count(*) FROM pg_locks WHERE NOT granted"), what="a wait")
