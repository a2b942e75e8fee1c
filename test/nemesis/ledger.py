"""The records that Kafka took, by place: the oracle.

Only producers write here, and only what the broker has acknowledged: a plain record with its delivery report, a
transaction's once the commit has been answered. Two things that leaves open, and settle() closes them by reading Kafka
itself while the producers rest: a transaction whose commit got no clear answer (doubtful), and records that the broker
took before it was killed and acknowledged as duplicates after it, which does not tell their offset (unplaced). Reading
also proves the ledger: Kafka must hold what it says, no less and no more.
"""
import collections
import dataclasses
import threading
import time

from confluent_kafka import Consumer, KafkaError, TopicPartition

from .records import STORED, TOMBSTONE, UNKNOWN_SHAPE

PATIENCE = 60  # seconds for a partition to be read
AT_ONCE = 500  # records


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    outcome: str
    identity: str
    nonce: str
    value: bytes  # of those that are kept as they came


class Ledger:
    def __init__(self):
        self.entries = {}    # (topic, partition, offset): Entry
        self.aborted = 0     # records of aborted transactions
        self.recovered = 0   # that settle() found a place for
        self.troubles = []   # what a producer could not do, and what Kafka says otherwise
        self._settled = collections.Counter()             # (topic, partition): read up to here
        self._fresh = collections.defaultdict(set)        # (topic, partition): offsets of entries since then
        self._doubtful = collections.defaultdict(dict)    # (topic, partition): {offset: Made}
        self._unplaced = collections.defaultdict(list)    # (topic, partition): [Made]
        self._lock = threading.Lock()

    def took(self, placed):
        """[((topic, partition, offset), Made)]: these are committed."""
        with self._lock:
            for place, made in placed:
                self._enter(place, made)

    def doubts(self, placed):
        with self._lock:
            for (topic, partition, offset), made in placed:
                self._doubtful[topic, partition][offset] = made

    def gave_up(self, count):
        with self._lock:
            self.aborted += count

    def complain(self, text):
        with self._lock:
            self.troubles.append(text)

    def settle(self, bootstrap, ends):
        """ends: {(topic, partition): offset}. Nobody may produce meanwhile."""
        with self._lock:
            for place, end in ends.items():
                self._compare(place, committed(bootstrap, place, self._settled[place], end))
                self._settled[place] = end

    def per_partition(self):
        """{(topic, partition): (to be stored or duplicates, dead letters, skipped)}"""
        sums = collections.defaultdict(lambda: [0, 0, 0])
        for (topic, partition, _), entry in self.entries.items():
            column = 0 if entry.outcome == STORED else 2 if entry.outcome in (TOMBSTONE, UNKNOWN_SHAPE) else 1
            sums[topic, partition][column] += 1
        return {place: tuple(counts) for place, counts in sums.items()}

    def _enter(self, place, made):
        topic, partition, offset = place
        if offset < 0:
            self._unplaced[topic, partition].append(made)
            return
        kept = None if made.outcome == STORED else made.value
        self.entries[place] = Entry(made.outcome, made.identity, made.nonce, kept)
        self._fresh[topic, partition].add(offset)

    def _compare(self, place, there):
        """there: {offset: value}, what Kafka holds since the last time."""
        fresh, doubtful, unplaced = (part.pop(place, empty) for part, empty in (
            (self._fresh, set()), (self._doubtful, {}), (self._unplaced, [])))
        for offset in sorted(there.keys() - fresh):
            made = doubtful.get(offset) or next((made for made in unplaced if made.value == there[offset]), None)
            if made is None:
                self.troubles.append(f"Kafka has a record of nobody at {(*place, offset)}")
                continue
            if made in unplaced:
                unplaced.remove(made)
            self._enter((*place, offset), made)
            self.recovered += 1
        self._fresh.pop(place, None)
        self.troubles += [f"Kafka does not have the record at {(*place, offset)}" for offset in fresh - there.keys()]
        self.troubles += [f"Kafka does not have a record of {place}: {made}" for made in unplaced]


def committed(bootstrap, place, begin, end):
    """{offset: value} of a partition's committed records in [begin, end)."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "nemesis-oracle", "log_level": 2,
                         "isolation.level": "read_committed", "enable.partition.eof": True,
                         "enable.auto.commit": False, "auto.offset.reset": "error"})
    found, position, deadline = {}, begin, time.monotonic() + PATIENCE
    try:
        consumer.assign([TopicPartition(*place, begin)])
        while position < end:
            for message in consumer.consume(AT_ONCE, 0.2):
                if message.error() is None:
                    found[message.offset()] = message.value()
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    position = message.offset()
            if time.monotonic() > deadline:
                raise AssertionError(f"Kafka does not give {place} from {begin} to {end}")
        return found
    finally:
        consumer.close()
