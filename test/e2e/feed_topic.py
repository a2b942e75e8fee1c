"""A feed's topic as a consumer of committed messages sees it: replayed, it must be the table.

with FeedTopic(broker, topic, database) as replica:
    replica.await_table()         until what was replayed equals the table; nothing may have come twice or out of order
    replica.messages              all that has come, in each partition's order

ViewTopic does the same for a feed whose rows are not events.
"""
import json
import uuid

from confluent_kafka import Consumer, TopicPartition

from feed_replay import Replay, headers_of
from rig import place

__all__ = ["FeedTopic", "ViewTopic", "headers_of"]
TABLE = ("SELECT id::text, (SELECT _analytics_event_json(e)::jsonb FROM analytics_event(t.occurred_at, t.id) AS e) "
         "FROM analytics_events AS t")


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
        self.replay = Replay(by_id=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.consumer.close()

    @property
    def events(self):
        """By id: the event as JSON."""
        return self.replay.rows()

    def table(self):
        return dict(self.database.rows(TABLE))

    def poll(self, timeout=0.1):
        """Replays what has come; returns how many messages."""
        found = [message for message in self.consumer.consume(10_000, timeout) if message.error() is None]
        self.messages += found
        for message in found:
            self.replay.apply(message)
        return len(found)

    def is_table(self):
        self.poll()
        return self.events == self.table()

    def await_table(self, timeout=60):
        try:
            place.eventually(self.is_table, timeout, what="a topic that has what the table has")
        except AssertionError as error:
            table, events = self.table(), self.events
            missing = [number for number in table if events.get(number) != table[number]]
            extra = [number for number in events if number not in table]
            raise AssertionError(f"{len(self.messages)} messages; {len(missing)} of {len(table)} events are missing or "
                                 f"old ({missing[:3]}), {len(extra)} are gone ({extra[:3]})") from error

    def await_messages(self, count, timeout=30):
        place.eventually(lambda: self.poll() >= 0 and len(self.messages) >= count, timeout,
                         what=f"{count} messages in {self.topic}, of which there are {len(self.messages)}")
        return self.messages


class ViewTopic(FeedTopic):
    """query: the rows as JSON. names: of the members that are a row's key."""

    def __init__(self, broker, topic, database, query, names):
        super().__init__(broker, topic, database)
        self.query, self.names = query, names
        self.replay = Replay()

    @property
    def events(self):
        """By key: the row as JSON."""
        return {json.dumps(json.loads(key)): row for key, row in self.replay.rows().items()}

    def table(self):
        return {json.dumps({name: row[name] for name in self.names}): row for row, in self.database.rows(self.query)}
