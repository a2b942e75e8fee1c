"""Everything that a campaign plays with: a cluster whose data lies on a small disk, a broker, proxies between them and
the ingestors, feeds and who follows them, and producers and editors that never rest.

hands runs what faults do. Its threads outlive all processes here: a child of ours is sent a signal when the thread that
started it ends.
"""
import collections
import concurrent.futures
import contextlib
import shutil
import time

import psycopg2
from confluent_kafka import Consumer, TopicPartition

from rig import broker as brokers
from rig import cluster, installation, place

from . import editors, feeds, fleet
from .disk import SmallDisk
from .editors import Editor
from .fleet import CONNECTIONS, Fleet
from .kafka_proxy import Kafka, KafkaProxy
from .ledger import Ledger
from .producers import Committing, Steady, Transactions
from .proxy import Proxy
from .records import MAX_EVENT_BYTES

TOPICS = {"nemesis.a": 3, "nemesis.b": 2}
GROUP = "nemesis"
DATABASE = "nemesis"
EDITS = 0.5  # changes of events, for each record
HANDS = 4  # as many faults at once as a campaign may want
PATIENCE = 120  # seconds until what has been healed must have caught up
# What the offsets did, row by row, written in their own transactions.
HISTORY = """
CREATE TABLE nemesis_history (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text, partition int,
                              from_offset bigint, to_offset bigint, from_epoch bigint, to_epoch bigint, owner text);
CREATE FUNCTION nemesis_remember() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.nemesis_history (topic, partition, from_offset, to_offset, from_epoch, to_epoch, owner)
    VALUES (NEW.topic, NEW.partition, OLD.next_offset, NEW.next_offset, OLD.owner_epoch, NEW.owner_epoch, NEW.owner);
    RETURN NULL;
END $$;
CREATE TRIGGER nemesis_remember AFTER INSERT OR UPDATE ON analytics_kafka_offsets
    FOR EACH ROW EXECUTE FUNCTION nemesis_remember();
"""


class World:
    """with World(seed, rate) as world: all is running; rate: records a second; connections: what an ingestor's start
    draws from."""

    def __init__(self, seed, rate, connections=CONNECTIONS):
        self.seed, self.rate, self.connections = seed, rate, connections
        self.partitions = [(topic, number) for topic, count in TOPICS.items() for number in range(count)]
        self.ledger = Ledger()
        self.killed_backends = set()  # process ids, for the server's log
        self.republished = collections.Counter()  # feeds that had to begin again, by name
        self.wrong_feeds = []  # texts, from every comparison
        self.topics = []

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.disk = stack.enter_context(SmallDisk())
            self.hands = stack.enter_context(concurrent.futures.ThreadPoolExecutor(HANDS))
            self.server = stack.enter_context(cluster.Cluster(installation.with_extension(), cluster.UNUSUAL))
            self._make_database()
            self.doors = stack.enter_context(KafkaProxy(fleet.DOORS))
            self.broker = self.doors.broker = stack.enter_context(Kafka(self.doors))
            for topic, count in TOPICS.items():
                self.broker.create_topic(topic, count)
            for topic, config in feeds.TOPICS.items():
                self.broker.create_topic(topic, feeds.PARTITIONS, **config)
            self.asking_committed, self.asking_all = (self._asking(stack, level)
                                                      for level in ("read_committed", "read_uncommitted"))
            self.proxy = stack.enter_context(Proxy(f"{self.server.socket}/.s.PGSQL.{cluster.PORT}"))
            self.fleet = stack.enter_context(Fleet(
                lambda door: brokers.Broker(f"127.0.0.1:{self.doors.ports[door]}"),
                lambda door: url_through(self.proxy.door(door)), ",".join(TOPICS), GROUP, self.connections, self.seed))
            self.follow(stack)
            for slot in (*self.fleet.slots[:2], self.fleet.publisher):
                slot.start()
            self._start_producers()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *problem):
        return self._stack.__exit__(*problem)

    def _make_database(self):
        where = ""
        if self.disk.folder:
            self.server.sql(f"CREATE TABLESPACE small LOCATION '{self.disk.folder}'")
            where = "TABLESPACE small"
        self.server.sql(f"CREATE DATABASE {DATABASE} {where}")
        self.server.sql(f"ALTER DATABASE {DATABASE} SET analytics.max_event_bytes = {MAX_EVENT_BYTES}")
        self.server.sql("CREATE EXTENSION analytics_events", DATABASE)
        self.server.sql(HISTORY, DATABASE)
        self.server.sql(editors.LIST, DATABASE)
        for statement in feeds.CREATE:
            self.rows(statement)

    def _start_producers(self):
        where = (self.broker.bootstrap, self.ledger, self.partitions, self.seed)
        self.transactions = Transactions(*where, "faults")
        self.producers = [Steady(*where, self.rate * 0.7),
                          Committing(Transactions(*where, "committing"), self.rate * 0.3)]
        self.producers += [Editor(self._connected, self.seed, name, self.rate * EDITS / 2) for name in "ab"]
        for producer in self.producers:
            producer.start()

    def follow(self, stack):
        """Replays the feeds' topics from their beginnings."""
        self.topics += [kind(self.broker.bootstrap) for kind in feeds.KINDS]
        for topic in self.topics[-len(feeds.KINDS):]:
            stack.callback(topic.close)

    # ---- the database, past the proxy

    def _connected(self):
        return psycopg2.connect(self.server.url(DATABASE), application_name="nemesis")

    @contextlib.contextmanager
    def connection(self, autocommit=True):
        connection = self._connected()
        connection.autocommit = autocommit
        try:
            yield connection
        finally:
            connection.close()

    def rows(self, statement, parameters=None):
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def answers(self):
        try:
            return self.rows("SELECT 1")
        except psycopg2.Error:
            return None

    def offsets(self):
        """{(topic, partition): next_offset}"""
        return {(topic, partition): offset for topic, partition, offset in self.rows(
            "SELECT topic, partition, next_offset FROM analytics_kafka_offsets WHERE consumer_group = %s", (GROUP,))}

    # ---- Kafka

    def _asking(self, stack, level):
        consumer = Consumer({"bootstrap.servers": self.broker.bootstrap, "group.id": "nemesis-asks", "log_level": 2,
                             "isolation.level": level})
        stack.callback(consumer.close)
        return consumer

    def _ends(self, consumer):
        return {(topic, partition): consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=30)[1]
                for topic, partition in self.partitions}

    def ends(self):
        """{(topic, partition): the offset after the last record or transaction mark before any open transaction}"""
        return self._ends(self.asking_committed)

    @contextlib.contextmanager
    def resting_producers(self):
        """Nothing is under way to Kafka, but what faults themselves produce."""
        for producer in self.producers:
            producer.rest()
        try:
            yield
        finally:
            for producer in self.producers:
                producer.go_on()

    def settle(self):
        """Proves the ledger; nobody may produce meanwhile.

        The broker answers a commit before it has written the transaction's marks into every partition. Until then a
        reader of committed records does not see the transaction.
        """
        place.eventually(lambda: self.ends() == self._ends(self.asking_all), PATIENCE, what="every transaction's marks")
        self.ledger.settle(self.broker.bootstrap, self.ends())

    # ---- between and after faults

    def heal(self):
        """All runs, nothing is held; faults have undone their own already."""
        self.proxy.is_refusing = self.doors.is_refusing = False
        if self.disk.folder:
            self.disk.empty()
        place.eventually(self.answers, PATIENCE, what="PostgreSQL's answer")
        self.look_after()

    def look_after(self):
        """Starts again who has ended by itself, and what has stopped."""
        self.fleet.look_after()
        with contextlib.suppress(psycopg2.Error):
            feeds.look_after(self)

    def catch_up(self):
        """Awaits that all is read that Kafka has now; returns how many seconds that took."""
        ends, began = self.ends(), time.monotonic()

        def caught_up():
            self.fleet.look_after()
            offsets = self.offsets()
            behind = {place: (offsets.get(place), end) for place, end in ends.items() if offsets.get(place, 0) < end}
            self.behind = behind
            return not behind

        try:
            place.eventually(caught_up, PATIENCE, 0.1, what="catching up")
        except AssertionError as error:
            raise AssertionError(f"{error}; (read, end): {self.behind}") from error
        return time.monotonic() - began

    def prove_feeds(self, topics=None):
        """Compares the replayed topics with table and view; producers and editors must rest."""
        def caught_up():
            self.look_after()
            return all(topic.is_exact(self) for topic in topics or self.topics)

        began = time.monotonic()
        with contextlib.suppress(AssertionError):
            place.eventually(caught_up, PATIENCE, 0.3)
            return time.monotonic() - began
        self.wrong_feeds += [f"{topic.topic}: {text}" for topic in topics or self.topics
                             for text in topic.differences(self)]
        return time.monotonic() - began

    def conclude(self):
        """No more records; all of them read and published; no ingestor any more. The topics are read once more."""
        for producer in self.producers:
            if not producer.is_alive():
                self.fleet.findings.append(f"the {producer.name} ended by itself")
            producer.stop()
        self.settle()
        self.catch_up()
        if not self.wrong_feeds:
            self.prove_feeds()
        for slot in self.fleet.publishing():
            self.fleet.stop(slot)
        self.follow(self._stack)
        self.prove_feeds(self.topics[-len(feeds.KINDS):])

    def save_logs(self, folder):
        """Copies what everybody said, for who wants to know what happened."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.server.log, folder / "postgres.log")
        shutil.copy(self.broker.folder / "log", folder / "kafka.log")
        for slot in self.fleet.everybody():
            (folder / f"ingestor-{slot.door}.log").write_text(slot.ingestor.output())


def url_through(port):
    return f"postgresql://postgres@127.0.0.1:{port}/{DATABASE}?sslmode=disable&gssencmode=disable"
