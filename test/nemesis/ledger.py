"""The records that Kafka took, by place: the oracle.

Only producers write here, and only what the broker has acknowledged: a plain record with its delivery report, a
transaction's once the commit has been answered. A transaction whose commit got no clear answer is doubtful; its records
are asked for in Kafka itself in the end, by a consumer that reads what is committed.
"""
import collections
import dataclasses
import threading

from confluent_kafka import OFFSET_INVALID, Consumer, TopicPartition

from .records import STORED, TOMBSTONE, UNKNOWN_SHAPE

PATIENCE = 30  # seconds for one record to be read


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    outcome: str
    identity: str
    nonce: str
    value: bytes  # of those that are kept as they came


class Ledger:
    def __init__(self):
        self.entries = {}   # (topic, partition, offset): Entry
        self.doubtful = []  # [((topic, partition, offset), Entry)]
        self.aborted = 0    # records of aborted transactions
        self.troubles = []  # what a producer could not do
        self._lock = threading.Lock()

    def took(self, placed):
        """[((topic, partition, offset), Made)]: these are committed."""
        with self._lock:
            self.entries.update((place, entry_of(made)) for place, made in placed)

    def doubts(self, placed):
        with self._lock:
            self.doubtful += [(place, entry_of(made)) for place, made in placed]

    def gave_up(self, count):
        with self._lock:
            self.aborted += count

    def complain(self, text):
        with self._lock:
            self.troubles.append(text)

    def settle(self, bootstrap):
        """Turns the doubtful ones into entries, or drops them."""
        if not self.doubtful:
            return
        consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "nemesis-oracle",
                             "isolation.level": "read_committed", "enable.partition.eof": True,
                             "enable.auto.commit": False})
        try:
            for (topic, partition, offset), entry in self.doubtful:
                if offset == OFFSET_INVALID:
                    continue
                consumer.assign([TopicPartition(topic, partition, offset)])
                message = consumer.poll(PATIENCE)
                if message is not None and message.error() is None and message.offset() == offset:
                    self.entries[topic, partition, offset] = entry
        finally:
            consumer.close()

    def per_partition(self):
        """{(topic, partition): (to be stored or duplicates, dead letters, skipped)}"""
        sums = collections.defaultdict(lambda: [0, 0, 0])
        for (topic, partition, _), entry in list(self.entries.items()):
            column = 0 if entry.outcome == STORED else 2 if entry.outcome in (TOMBSTONE, UNKNOWN_SHAPE) else 1
            sums[topic, partition][column] += 1
        return {place: tuple(counts) for place, counts in sums.items()}


def entry_of(made):
    kept = None if made.outcome == STORED else made.value
    return Entry(made.outcome, made.identity, made.nonce, kept)
