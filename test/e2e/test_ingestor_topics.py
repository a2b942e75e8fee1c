"""What is read, and from where on: transactions that were aborted, first starts, stored offsets, topics that grow,
several topics, topics by regular expression, and records that Kafka no longer has."""
import json
import re

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import NewPartitions

from rig import place
from stream import QUICK_GROUP, Record, event, events


# ---- transactions

def await_ends(stream, ends):
    """A transaction's marks come a moment after its end was told to the producer."""
    place.eventually(lambda: stream.ends() == ends, what="the transactions' marks")


@pytest.fixture
def transacted(stream):
    """In every partition: 10 records committed, 10 aborted, 5 committed, 10 aborted, with the marks after each."""
    producer = stream.producer(**{"transactional.id": stream.topic})
    producer.init_transactions(30)
    number = 0
    for count, is_kept in ((40, True), (40, False), (20, True), (40, False)):
        producer.begin_transaction()
        stream.produce(events(count, first=number), producer=producer)
        (producer.commit_transaction if is_kept else producer.abort_transaction)(30)
        number += count
    await_ends(stream, {partition: 39 for partition in range(4)})
    return [*range(40), *range(80, 100)]


def test_aborted_records_never_appear_and_offsets_move_past_them(stream, ingestor, transacted):
    ingestor(**QUICK_GROUP)
    stream.await_read()
    assert stream.numbers() == transacted
    assert stream.offsets() == {partition: 39 for partition in range(4)}


def test_a_restart_behind_a_gap_reads_nothing_twice(stream, ingestor, transacted):
    running = ingestor(**QUICK_GROUP)
    stream.await_read()
    assert running.terminate() == 0
    stream.produce(events(4, first=1_000))
    ingestor(**QUICK_GROUP)
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((64, 0, 0, 0), [*transacted, *range(1_000, 1_004)])


def test_an_open_transaction_is_waited_for(stream, ingestor):
    """Records behind its first one are not read before it ends."""
    producer = stream.producer(**{"transactional.id": stream.topic})
    producer.init_transactions(30)
    stream.produce(events(1, partition=0))
    producer.begin_transaction()
    stream.produce(events(1, first=1, partition=0), producer=producer)
    stream.produce(events(1, first=2, partition=0))
    stream.produce(events(1, first=3, partition=1))
    ingestor(**QUICK_GROUP)
    stream.await_stored(2)
    assert (stream.numbers(), stream.offsets()[0]) == ([0, 3], 1)
    producer.commit_transaction(30)
    await_ends(stream, {0: 4, 1: 1, 2: 0, 3: 0})
    stream.await_read()
    assert stream.numbers() == [0, 1, 2, 3]


# ---- where it starts

@pytest.mark.parametrize("reset, first", [("", 0), ("earliest", 0), ("latest", 4)])
def test_where_a_first_start_begins(stream, ingestor, reset, first):
    stream.produce(events(4))
    ingestor(ANALYTICS_KAFKA_AUTO_OFFSET_RESET=reset, **QUICK_GROUP)
    stream.await_taken()
    stream.produce(events(4, first=4))
    stream.await_read()
    assert stream.numbers() == list(range(first, 8))


@pytest.mark.parametrize("reset", ["earliest", "latest"])
def test_a_stored_offset_wins(stream, ingestor, reset):
    stream.produce(events(8))
    for partition in range(4):
        stream.database.sql("SELECT owner_epoch FROM analytics_claim_partition(%s, %s, %s, 'somebody:1', 1)",
                            (stream.group, stream.topic, partition))
    ingestor(ANALYTICS_KAFKA_AUTO_OFFSET_RESET=reset, **QUICK_GROUP)
    stream.await_read()
    assert stream.numbers() == [4, 5, 6, 7]


def test_kafka_s_own_group_offsets_do_not_matter(stream, ingestor):
    """They are a hint for lag tools: what they say is not believed, and put right."""
    stream.produce(events(8))
    stream.commit({partition: 2 for partition in range(4)})
    running = ingestor(**QUICK_GROUP)
    stream.await_read()
    assert running.terminate() == 0
    assert (stream.numbers(), stream.group_offsets()) == (list(range(8)), stream.offsets())


# ---- topics

def test_partitions_that_are_added_later_are_read(stream, ingestor):
    running = ingestor(**QUICK_GROUP)
    stream.await_taken()
    stream.broker.admin.create_partitions([NewPartitions(stream.topic, 6)])[stream.topic].result(30)
    place.eventually(lambda: len(stream.ends()) == 6, what="six partitions")
    stream.produce([Record(event(number), number) for number in range(6)])
    stream.await_read()
    assert (stream.numbers(), len(running.logs(event="started"))) == (list(range(6)), 1)


@pytest.fixture
def family(stream):
    """Topics of one name's beginning: a and b exist."""
    names = [f"{stream.topic}.{letter}" for letter in "abc"]
    for name in names[:2]:
        stream.broker.create_topic(name, 1)
    return names


def test_several_topics_are_read(stream, ingestor, family):
    for number, topic in enumerate(family[:2]):
        stream.produce([Record(event(number), 0)], topic)
    ingestor(topic=",".join(family[:2]), **QUICK_GROUP)
    for topic in family[:2]:
        stream.await_read(topic=topic)
    assert stream.numbers() == [0, 1]


def test_topics_by_regular_expression_are_read_also_those_that_come_later(stream, ingestor, family):
    ingestor(topic="^" + re.escape(stream.topic) + r"\.[ac]$", **QUICK_GROUP)
    stream.produce([Record(event(0), 0)], family[0])
    stream.await_read(topic=family[0])
    stream.broker.create_topic(family[2], 1)
    for number, topic in enumerate(family[1:], start=1):
        stream.produce([Record(event(number), 0)], topic)
    stream.await_read(topic=family[2])
    assert stream.numbers() == [0, 2]


@pytest.mark.parametrize("more", [{}, {"ANALYTICS_KAFKA_X_TOPIC_BLACKLIST": "^nothing,^at-all"}],
                         ids=["", "beside a list of one's own"])
def test_an_expression_matches_none_of_kafka_s_own_topics(stream, ingestor, more):
    """The group's own offsets would be read, and make letters without end."""
    producer = stream.producer(**{"transactional.id": stream.topic})
    producer.init_transactions(30)  # __transaction_state is there
    stream.commit({0: 0})  # __consumer_offsets is there
    stream.produce(events(4))
    # Nobody else's topics: they have names of their own
    mine = ingestor(topic="^(e2e|_).*", **more, **QUICK_GROUP)
    place.eventually(lambda: stream.offsets() == stream.ends(), 60, what="the topic's end")
    mine.await_log(event="partitions_ready")
    read = {topic for topic, in stream.database.rows("SELECT DISTINCT topic FROM analytics_kafka_offsets")}
    assert stream.topic in read and {topic for topic in read if topic.startswith("__")} == set()
    assert stream.database.sql("SELECT count(*) FROM analytics_dead_letters WHERE topic LIKE '\\_\\_%'") == 0


def test_a_topic_that_does_not_exist_yet_is_waited_for(stream, ingestor, family):
    running = ingestor(topic=family[2], **QUICK_GROUP)
    running.await_log(event="kafka_notice")
    stream.broker.create_topic(family[2], 1)
    stream.produce([Record(event(0), 0)], family[2])
    stream.await_read(topic=family[2])
    assert stream.numbers() == [0]


# ---- records that Kafka no longer has

def delete(stream, tmp_path, before):
    """Takes the records of partition 0 that are before this offset out of Kafka."""
    cuts = tmp_path / "cuts.json"
    cuts.write_text(json.dumps({"version": 1, "partitions": [
        {"topic": stream.topic, "partition": 0, "offset": before}]}))
    stream.broker.tool("org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server", stream.broker.bootstrap,
                       "--offset-json-file", cuts)


@pytest.fixture
def cut(stream, ingestor, tmp_path):
    """Of partition 0, read up to 10, Kafka has only what is from 15 on; an ingestor comes back to that."""
    stream.produce([Record(event(number), number % 2) for number in range(20)])
    first = ingestor(**QUICK_GROUP)
    stream.await_read()
    assert first.terminate() == 0
    stream.produce([Record(event(number), number % 2) for number in range(20, 40)])
    delete(stream, tmp_path, 15)
    running = ingestor(**QUICK_GROUP)
    place.eventually(lambda: stream.offsets()[1] == 20, what="the other partition's end")
    return running


def test_a_partition_whose_records_are_gone_stops_and_others_go_on(stream, cut):
    assert cut.running
    assert stream.offsets() == {0: 10, 1: 20, 2: 0, 3: 0}
    assert stream.numbers() == sorted([*range(20), *range(21, 40, 2)])
    stopped = [(entry["topic"], entry["partition"], entry["offset"], entry["low_watermark"], entry["high_watermark"])
               for entry in cut.logs(event="partition_stopped")]
    assert stopped == [(stream.topic, 0, 10, 15, 20)]


def test_the_message_names_both_offsets_and_the_command_lets_it_go_on(stream, cut):
    """Without a restart; what lies between is written down as given up."""
    stopped = cut.await_log(event="partition_stopped")
    assert ("10" in stopped["message"], "15" in stopped["message"]) == (True, True)
    stream.database.rows(stopped["command"])
    place.eventually(lambda: stream.offsets()[0] == 20, what="the partition's end")
    stream.produce([Record(event(number), 0) for number in range(40, 44)])
    place.eventually(lambda: stream.offsets()[0] == 24, what="the partition's end")
    assert stream.numbers() == sorted([*range(20), *range(21, 40, 2), *range(30, 40, 2), *range(40, 44)])
    assert stream.database.rows("SELECT partition, from_offset, to_offset FROM analytics_kafka_gaps") == [(0, 10, 15)]
    assert (cut.running, len(cut.logs(event="started")), len(cut.logs(event="gap_accepted"))) == (True, 1, 1)


def spoil(kafka, topic, offset):
    """Turns a byte of the batch that begins at this offset, on the stopped broker's disk; the offset after it."""
    log = kafka.folder / "data" / f"{topic}-0" / f"{0:020}.log"
    content = bytearray(log.read_bytes())
    at = 0
    while int.from_bytes(content[at:at + 8], "big") != offset:
        at += 12 + int.from_bytes(content[at + 8:at + 12], "big")
    content[at + 12 + int.from_bytes(content[at + 8:at + 12], "big") - 10] ^= 0xFF
    log.write_bytes(content)
    return offset + int.from_bytes(content[at + 23:at + 27], "big") + 1  # its records: lastOffsetDelta


@pytest.mark.parametrize("behind", [10, 0], ids=["amid others", "at the end"])
def test_a_spoilt_batch_is_passed_by_one_command(stream, kafka, ingestor, behind):
    if kafka.kind != "kafka":
        pytest.skip("needs a broker whose disk is ours")
    producer = stream.producer(**{"linger.ms": 60_000, "batch.num.messages": 10_000})  # a flush sends at once
    for first, count in [(0, 10), (10, 100), (110, behind)]:  # the first may be cut: the topic is not known yet
        stream.produce(events(count, first, partition=0), producer=producer)
    kafka.stop()
    assert spoil(kafka, stream.topic, 10) == 110
    kafka.start()
    running = ingestor(**QUICK_GROUP)
    stopped = running.await_log(event="partition_stopped", timeout=60)
    assert stopped["offset"] == 10
    assert "10 to 109 can't be read" in stopped["message"], stopped
    place.eventually(lambda: stream.offsets()[0] == 10, 60, what="what comes before")
    stream.database.rows(stopped["command"])
    place.eventually(lambda: stream.offsets()[0] == 110 + behind, 60, what="the partition's end")
    assert stream.numbers() == [*range(10), *range(110, 110 + behind)]
    assert len(running.logs(event="partition_stopped")) == 1
    assert stream.database.rows("SELECT from_offset, to_offset FROM analytics_kafka_gaps") == [(10, 110)]


@pytest.fixture
def remade(stream, ingestor):
    """A topic of ten records a partition, some refused, that was deleted and made anew while the ingestor ran."""
    stream.produce([Record(b"{" if number == 0 else event(number * 4 + partition), partition)
                    for partition in range(4) for number in range(10)])
    running = ingestor(**QUICK_GROUP)
    stream.await_read()
    admin = stream.broker.admin
    admin.delete_topics([stream.topic])[stream.topic].result(30)

    def made_anew():
        try:
            stream.broker.create_topic(stream.topic)
            return True
        except KafkaException:  # the old one is not gone yet
            return False

    place.eventually(made_anew, what="the new topic")
    stream.produce([Record(b"[" if number == 0 else event(100 + number * 4 + partition), partition)
                    for partition in range(4) for number in range(3)])
    place.eventually(lambda: len(running.logs(event="partition_stopped")) == 4, what="all partitions stop")
    return running


def test_a_topic_that_was_made_anew_is_told_apart(stream, remade):
    stopped = remade.logs(event="partition_stopped")
    assert {(entry["offset"], entry["low_watermark"], "created again" in entry["message"]) for entry in stopped} == {
        (10, 0, True)}


def test_once_accepted_it_is_read_from_its_beginning_and_loses_no_letter(stream, remade):
    """At offset 0 of each partition there is a letter of the old topic already."""
    for entry in remade.logs(event="partition_stopped"):
        stream.database.rows(entry["command"])
    stream.await_read()
    assert stream.numbers() == [*range(4, 40), *range(104, 112)]
    assert stream.database.rows('SELECT reason, "offset", count(*) FROM analytics_dead_letters GROUP BY 1, 2 '
                                "ORDER BY 1") == [("invalid_json", 0, 8)]
    assert remade.running


def test_a_stored_offset_beyond_the_end_stops_the_partition(stream, ingestor):
    """As after a topic was deleted and made anew."""
    stream.produce(events(8))
    stream.database.sql("SELECT owner_epoch FROM analytics_claim_partition(%s, %s, 0, 'somebody:1', 100)",
                        (stream.group, stream.topic))
    running = ingestor(**QUICK_GROUP)
    stopped = running.await_log(event="partition_stopped")
    assert (stopped["partition"], stopped["offset"], stopped["high_watermark"]) == (0, 100, 2)
    stream.await_stored(6)
    assert stream.offsets() == {0: 100, 1: 2, 2: 2, 3: 2}


def test_a_partition_whose_next_record_is_gone_while_it_is_read_stops_there(stream, ingestor, tmp_path):
    """It is behind by more than it has fetched ahead; what it has fetched is stored, and nothing is skipped."""
    count, most = 4_000, 1_000
    stream.produce(events(count, partition=0, text="x" * most))
    with stream.locked():
        running = ingestor(ANALYTICS_BATCH_RECORDS=10, ANALYTICS_KAFKA_X_QUEUED_MIN_MESSAGES=1,
                           ANALYTICS_KAFKA_X_FETCH_MESSAGE_MAX_BYTES=most * 100, **QUICK_GROUP)
        stream.await_waiting()
        delete(stream, tmp_path, count - 1)
    stopped = running.await_log(event="partition_stopped")
    place.eventually(lambda: stream.offsets()[0] == stopped["offset"], what="what was fetched is stored")
    assert stream.numbers() == list(range(stopped["offset"]))
    assert (stopped["topic"], stopped["partition"], 0 < stopped["offset"] < count - 1) == (stream.topic, 0, True)
