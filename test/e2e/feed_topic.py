"""A feed's topic as a consumer of committed messages sees it: replayed, it must be the table.

with FeedTopic(broker, topic, database) as replica:
    replica.await_table()         until what was replayed equals the table; nothing may have come twice or out of order
    replica.messages              all that has come, in each partition's order
"""
import json
import uuid

from confluent_kafka import Consumer, TopicPartition

from rig import place

TABLE = ("SELECT id::text, (SELECT _analytics_event_json(e)::jsonb FROM analytics_event(t.occurred_at, t.id) AS e) "
         "FROM analytics_events AS t")


def headers_of(message):
    return {name: value.decode() for name, value in message.headers() or []}


def place_of(position):
    """Positions in the order of a feed: TICK, TICK.NUMBER.INDEX, or TICK.TIME.ID in the past, which comes first."""
    if position == "beginning":
        return None
    tick, *rest = position.split(".")
    if not rest or len(rest[1]) == 36:
        return (int(tick), 0)
    return (int(tick), 1, int(rest[0]), int(rest[1]))


class FeedTopic:
    def __init__(self, broker, topic, database):
        self.topic = topic
        self.database = database
        self.consumer = Consumer({
            "bootstrap.servers": broker.bootstrap, "group.id": uuid.uuid4().hex, "isolation.level": "read_committed",
            "enable.auto.commit": False, "reconnect.backoff.max.ms": 500, "fetch.wait.max.ms": 50})
        partitions = broker.admin.list_topics(topic, timeout=10).topics[topic].partitions
        self.consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        self.messages = []
        self.events = {}  # by id: the event as JSON
        self.seen = set()  # positions; those that all partitions get, of each partition
        self.last = {}  # by partition: the place of the last message

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.consumer.close()

    def poll(self, timeout=0.1):
        """Replays what has come; returns how many messages."""
        found = [message for message in self.consumer.consume(10_000, timeout) if message.error() is None]
        for message in found:
            self._replay(message)
        return len(found)

    def _replay(self, message):
        self.messages.append(message)
        headers = headers_of(message)
        operation, position = headers["analytics-operation"], headers["analytics-position"]
        key = position if message.key() is not None else (position, message.partition())
        if operation == "drop" and json.loads(message.value())["rangeStart"] is None:
            self.events.clear()  # the feed begins again; every partition says so before anything else comes
            self.seen.clear()
            self.last.clear()
        assert key not in self.seen, f"{position} comes twice"
        self.seen.add(key)
        at, last = place_of(position), self.last.get(message.partition())
        assert last is None or at is None or last <= at, f"{position} comes after {last}"
        self.last[message.partition()] = at
        if operation == "put":
            value = json.loads(message.value())
            self.events[value["id"]] = value
        elif operation == "delete":
            assert message.value() is None
            self.events.pop(headers["analytics-id"], None)
        else:
            dropped = json.loads(message.value())
            for number, event in list(self.events.items()):
                if (dropped["rangeStart"] or "") <= event["occurredAt"] < (dropped["rangeEnd"] or "9"):
                    del self.events[number]

    def is_table(self):
        self.poll()
        return self.events == dict(self.database.rows(TABLE))

    def await_table(self, timeout=60):
        try:
            place.eventually(self.is_table, timeout, what="a topic that has what the table has")
        except AssertionError as error:
            table = dict(self.database.rows(TABLE))
            missing = [number for number in table if self.events.get(number) != table[number]]
            extra = [number for number in self.events if number not in table]
            raise AssertionError(f"{len(self.messages)} messages; {len(missing)} of {len(table)} events are missing or "
                                 f"old ({missing[:3]}), {len(extra)} are gone ({extra[:3]})") from error

    def await_messages(self, count, timeout=30):
        place.eventually(lambda: self.poll() >= 0 and len(self.messages) >= count, timeout,
                         what=f"{count} messages in {self.topic}, of which there are {len(self.messages)}")
        return self.messages
