"""The feeds, and who follows their topics all along: a consumer of committed messages that replays them.

events has all events, with the key id. days has the rows of a projection, in a compacted topic. What a message is in
its partition's order, and that no position comes twice, is checked as it comes; prove() compares what was replayed with
the table and the view. letters is the dead-letter topic, in which each dead letter comes once.
"""
import collections
import hashlib
import json
import re
import threading
import uuid

from confluent_kafka import Consumer, KafkaException, TopicPartition

from feed_replay import Replay  # of the end-to-end tests

PARTITIONS = 3
KEEP_HOURS = 1
OUTRUN = "older than what feed"  # in the fault of a feed whose changes are no longer kept
VIEW = "nemesis_days"
CREATE = (
    f"""CALL analytics_create_projection('{VIEW}', bucket => '1 day',
        dimensions => '{{"color": ["color"], "device": ["session", "device"]}}',
        measures => '{{"edit": ["edit"], "score": ["score"], "attempt": ["attempt"]}}')""",
    f"""CALL analytics_create_feed('events', topic => 'nemesis.feed.events', every => '200 ms',
        keep => '{KEEP_HOURS} hour')""",
    f"""CALL analytics_create_feed('letters', 'dead_letters', topic => 'nemesis.feed.letters', every => '200 ms',
        keep => '{KEEP_HOURS} hour')""",
    f"""CALL analytics_create_feed('days', '{VIEW}', topic => 'nemesis.feed.days', every => '300 ms',
        keep => '{KEEP_HOURS} hour')""")
TOPICS = {"nemesis.feed.events": {}, "nemesis.feed.letters": {}, "nemesis.feed.days": {
    "cleanup_policy": "compact", "segment_ms": 5_000, "min_cleanable_dirty_ratio": 0.01, "segment_bytes": 1 << 20}}
EVENTS = """SELECT id::text, md5(_analytics_event_json(
        ROW(id, event_type, source, occurred_at, ingested_at, tenant_id, payload)::analytics_event)::text)
    FROM analytics_events"""
SUM = f"SELECT count(*), bit_xor(('x' || left(md5, 16))::bit(64)::bigint) FROM ({EVENTS}) AS e"
ROWS = f"""SELECT (to_jsonb(v) || jsonb_build_object('bucket_start', _analytics_iso8601(v.bucket_start)))::text
    FROM {VIEW} AS v"""
LETTERS = """SELECT id::text, md5(value) FROM analytics_dead_letters
    WHERE reason <> 'unknown_shape' AND replayed_at IS NULL"""
EDIT = re.compile(rb'"edit"\s*:\s*(\d+)')
MOST_TROUBLES = 20


def event_kept(value):
    """MD5, and the edit's number."""
    edit = EDIT.search(value)
    return hashlib.md5(value).digest(), int(edit[1]) if edit else 0


def row_kept(value):
    """A row as a text that does not depend on blanks and the order of its members; numbers keep their digits."""
    return json.dumps(json.loads(value, parse_float=str, parse_int=str), sort_keys=True)


class Topic(threading.Thread):
    """Follows one from its beginning; begins by itself."""

    def __init__(self, bootstrap, topic, kept):
        super().__init__(name=f"follower of {topic}", daemon=True)
        self.topic, self.replay, self.troubles, self.messages = topic, Replay(kept), [], 0
        self.lock = threading.Lock()
        self._closed = threading.Event()
        self.consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "log_level": 2,
                                  "isolation.level": "read_committed", "enable.auto.commit": False,
                                  "queued.max.messages.kbytes": 8192, "reconnect.backoff.max.ms": 500})
        self.consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
        self.start()

    def run(self):
        while not self._closed.is_set():
            try:
                found = self.consumer.consume(500, 0.2)
            except KafkaException:
                continue
            with self.lock:
                for message in found:
                    if message.error() is None:
                        self._take(message)

    def _take(self, message):
        self.messages += 1
        try:
            self._apply(message)
        except Exception as error:  # whatever it is about: a message that can't be replayed
            self._complain(f"partition {message.partition()}, offset {message.offset()}: {error!r}")

    def _apply(self, message):
        rows = self.replay.parts[message.partition()].rows
        before = rows.get(message.key())
        self.replay.apply(message)
        after = rows.get(message.key())
        if before and after and isinstance(after[1], tuple) and 0 < after[1][1] < before[1][1]:
            self._complain(f"{message.key()}: edit {after[1][1]} comes after {before[1][1]}")

    def _complain(self, text):
        if len(self.troubles) < MOST_TROUBLES:
            self.troubles.append(f"{self.topic}: {text}")

    def rows(self):
        with self.lock:
            return self.replay.rows()

    def close(self):
        self._closed.set()
        self.join()
        self.consumer.close()


class EventsTopic(Topic):
    def __init__(self, bootstrap):
        super().__init__(bootstrap, "nemesis.feed.events", event_kept)

    def is_exact(self, world):
        total = 0
        rows = self.rows()
        for digest, _ in rows.values():
            total ^= int.from_bytes(digest[:8], "big", signed=True)
        return (len(rows), total) == tuple(value or 0 for value in world.rows(SUM)[0])

    def differences(self, world):
        """Texts; [] is exact."""
        rows, table = {key.decode(): digest.hex() for key, (digest, _) in self.rows().items()}, dict(world.rows(EVENTS))
        return ([f"event {key} is not the table's" if key in rows else f"event {key} is missing"
                 for key in table if rows.get(key) != table[key]]
                + [f"event {key} is gone" for key in rows if key not in table])


class RowsTopic(Topic):
    def __init__(self, bootstrap):
        super().__init__(bootstrap, "nemesis.feed.days", row_kept)

    def is_exact(self, world):
        return not self.differences(world)

    def differences(self, world):
        rows = self.rows()
        wrong = [f"the key {key} is not in its row {row}" for key, row in rows.items()
                 if not json.loads(row_kept(key)).items() <= json.loads(row).items()]
        replayed, view = set(rows.values()), {row_kept(row) for row, in world.rows(ROWS)}
        return wrong + [f"row {row} is missing or old" for row in view - replayed] + [
            f"row {row} is gone" for row in replayed - view]


class LettersTopic(Topic):
    """A feed that begins again says so to nobody: then all dead letters come once more."""

    def __init__(self, bootstrap):
        self.letters = {}  # id: MD5
        self.times = collections.Counter()
        super().__init__(bootstrap, "nemesis.feed.letters", None)

    def _apply(self, message):
        [letter] = {value.decode() for name, value in message.headers() if name == "analytics-dead-letter"}
        self.letters[letter] = None if message.value() is None else hashlib.md5(message.value()).hexdigest()
        self.times[letter] += 1

    def is_exact(self, world):
        return not self.differences(world)

    def differences(self, world):
        with self.lock:
            letters, most = dict(self.letters), max(self.times.values(), default=0)
        table = dict(world.rows(LETTERS))
        wrong = [f"dead letter {letter} is missing, or another one" for letter in table
                 if letters.get(letter) != table[letter]]
        wrong += [f"dead letter {letter} is nobody's" for letter in letters if letter not in table]
        if most > 1 + world.republished["letters"]:
            wrong.append(f"a dead letter came {most} times")
        return wrong


KINDS = (EventsTopic, RowsTopic, LettersTopic)


def look_after(world):
    """What an operator does: a feed that has stopped because its changes are no longer kept begins again. That another
    one has stopped is a finding. Returns how many began again."""
    stopped = world.rows("SELECT feed, fault FROM analytics_feed_publishers WHERE fault IS NOT NULL")
    for feed, fault in stopped:
        if OUTRUN not in fault:
            world.fleet.findings.append(f"the feed {feed} has stopped: {fault}")
        world.rows("SELECT analytics_republish_feed(%s)", (feed,))
        world.republished[feed] += 1
    return len(stopped)
