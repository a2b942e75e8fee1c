"""Ten minutes without a database, while a producer goes on with 2,000 records a second: make slow.

The ingestor has its settings as shipped. OUTAGE_SECONDS makes it shorter, for who works on this test.
"""
import contextlib
import os
import pathlib
import re
import signal
import struct
import threading
import time

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from rig import daemon
from stream import Stream, event

pytestmark = pytest.mark.slow

OUTAGE_SECONDS = float(os.environ.get("OUTAGE_SECONDS", 600))
RATE = 2_000  # records a second
BURST = 100
BOUND_KIB = 128 * 1024
HIGH_WATER = re.compile(r"^VmHWM:\s*(\d+) kB", re.MULTILINE)
GROUPS = "__consumer_offsets"
GROUP_KEY = struct.pack(">h", 2)  # of the records that tell of a group; others tell of offsets
SETTLED = 10  # seconds of plain work before and after


class Tap(threading.Thread):
    """Produces numbered events at RATE until close(); count: how many."""

    def __init__(self, stream):
        super().__init__(daemon=True)
        self.stream, self.count = stream, 0
        self._closed = threading.Event()
        self._failures = []

    def run(self):
        producer, began = self.stream.producer(), time.monotonic()
        while not self._closed.is_set():
            for _ in range(BURST):
                producer.produce(self.stream.topic, event(self.count, "x" * 200), on_delivery=self._delivered)
                self.count += 1
            producer.poll(0)
            self._closed.wait(max(0, began + self.count / RATE - time.monotonic()))
        assert producer.flush(60) == 0

    def _delivered(self, error, _):
        if error is not None:
            self._failures.append(error)

    def close(self):
        self._closed.set()
        self.join()
        assert not self._failures, self._failures[0]


class LongOutage:
    """What was seen."""


def generation(broker, group):
    """Of the group, as Kafka's own log of groups has it last: the number behind the protocol's name."""
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "asks", "enable.partition.eof": True,
                         "enable.auto.commit": False})
    try:
        places = [TopicPartition(GROUPS, number, OFFSET_BEGINNING)
                  for number in consumer.list_topics(GROUPS, timeout=30).topics[GROUPS].partitions]
        ends = {place.partition: consumer.get_watermark_offsets(place, timeout=30)[1] for place in places}
        consumer.assign(places)
        unread, found = {number for number, end in ends.items() if end > 0}, None
        while unread:
            message = consumer.poll(30)
            if message.error() is not None:
                assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                unread.discard(message.partition())
                continue
            if message.key() == GROUP_KEY + struct.pack(">h", len(group)) + group.encode() and message.value():
                _, length = struct.unpack_from(">hh", message.value())
                [found] = struct.unpack_from(">i", message.value(), 4 + length)
            if message.offset() + 1 >= ends[message.partition()]:  # it may be that there is always more
                unread.discard(message.partition())
        return found
    finally:
        consumer.close()


def members(broker, group):
    """By the ids that the coordinator gave them."""
    said = broker.tool("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--bootstrap-server",
                       broker.bootstrap, "--describe", "--group", group, "--members")
    return re.findall(r"analytics-ingestor-[0-9a-f-]+", said)


@pytest.fixture(scope="module")
def outage(server, broker, new_database):
    if broker.kind != "kafka":
        pytest.skip("needs an Apache Kafka of its own")
    seen = LongOutage()
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(new_database())
        topic = f"e2e.long-outage.{os.getpid()}"
        broker.create_topic(topic)
        stream = Stream(broker, database, topic)
        ingestor = stack.enter_context(daemon.Ingestor(broker, database.url, topic, topic))
        tap = Tap(stream)
        tap.start()
        stream.await_taken()
        time.sleep(SETTLED)
        seen.epochs_before, seen.generation_before = stream.epochs(), generation(broker, topic)
        seen.members_before = members(broker, topic)
        server.stop(signal.SIGQUIT)
        try:
            time.sleep(OUTAGE_SECONDS)
            seen.members_meanwhile = members(broker, topic)
        finally:
            server.start()
        time.sleep(SETTLED)
        tap.close()
        began = time.monotonic()
        stream.await_read(600)
        seen.seconds_to_catch_up = time.monotonic() - began
        seen.generation_after, seen.epochs_after = generation(broker, topic), stream.epochs()
        seen.produced, seen.totals = tap.count, stream.totals()
        seen.numbers = stream.numbers()
        seen.dead_letters = database.sql("SELECT count(*) FROM analytics_dead_letters")
        seen.log = ingestor.logs()
        status = pathlib.Path(f"/proc/{ingestor.process.pid}/status").read_text()
        seen.peak_kib = int(HIGH_WATER.search(status)[1])
        print(f"{seen.produced} produced, {OUTAGE_SECONDS:.0f} s away, caught up {seen.seconds_to_catch_up:.1f} s "
              f"after the last record, peak memory {seen.peak_kib / 1024:.1f} MiB, generation {seen.generation_after}")
        yield seen


def test_memory_stays_within_bounds(outage):
    assert outage.peak_kib < BOUND_KIB


def test_no_record_is_lost_or_stored_twice(outage):
    assert outage.totals == (outage.produced, 0, 0, 0)
    assert outage.numbers == list(range(outage.produced))


def test_no_good_event_becomes_a_dead_letter(outage):
    assert outage.dead_letters == 0


def test_the_groups_generation_stays(outage):
    assert outage.generation_before >= 1
    assert outage.generation_after == outage.generation_before


def test_the_member_stays_in_the_group_all_along(outage):
    assert len(outage.members_before) == 1
    assert outage.members_meanwhile == outage.members_before


def test_the_epochs_stay(outage):
    assert outage.epochs_after == outage.epochs_before


@pytest.mark.parametrize("event_name", ["database_unavailable", "consumption_paused", "database_recovered",
                                        "consumption_resumed"])
def test_each_step_is_told_once(outage, event_name):
    assert len([line for line in outage.log if line["event"] == event_name]) == 1
