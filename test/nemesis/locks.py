"""Faults that are locks: somebody's transaction has what the ingestors need."""
import json
import time

import psycopg2

from . import faults
from .records import STORED, Made


class LockHeld(faults.Fault):
    """Somebody's transaction stands in the way for a while, and is rolled back."""

    needs = frozenset({"locks"})
    statements = ()

    def inject(self, world):
        try:
            with world.connection(autocommit=False) as connection, connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '10s'")
                self.take(world, cursor)
                waited = faults.came_true(lambda: faults.sessions(world, "pid", "wait_event_type = 'Lock'"))
                time.sleep(self.seconds)
                connection.rollback()
                return bool(waited)
        except psycopg2.Error:
            return False  # the database went away

    def take(self, world, cursor):
        for statement in self.statements:
            cursor.execute(statement)


class OffsetsLocked(LockHeld):
    kind = "lock: offset rows"
    statements = ("SELECT 1 FROM analytics_kafka_offsets FOR UPDATE",)


class EventsLocked(LockHeld):
    kind = "lock: events"
    statements = ("LOCK TABLE analytics_events IN ACCESS EXCLUSIVE MODE",)


class PartitionMade(LockHeld):
    """Somebody makes the partition that the next record needs, and thinks better of it."""

    kind, needs = "lock: partition", frozenset({"locks", "transactions"})

    def __init__(self, rng):
        super().__init__(rng)
        self.instant = f"{rng.randrange(2000, 2020)}-{rng.randrange(1, 13):02}-11T12:00:00Z"

    def take(self, world, cursor):
        cursor.execute("SELECT analytics_create_partition(%s)", (self.instant,))
        nonce = world.transactions.maker.nonce()
        event = {"eventType": "nemesis.old", "source": "nemesis", "occurredAt": self.instant,
                 "payload": {"nonce": nonce}}
        world.transactions.run([Made(json.dumps(event).encode(), STORED, nonce, nonce)], True)


class Twin(LockHeld):
    """Somebody stores the next record, and rolls back."""

    kind, needs = "lock: same event", frozenset({"locks", "transactions"})

    def take(self, world, cursor):
        made = world.transactions.maker.keyed_event()
        cursor.execute("SELECT analytics_ingest(ARRAY[%s])", (made.value,))
        world.transactions.run([made], True)


class Deadlock(LockHeld):
    kind = "deadlock"

    def take(self, world, cursor):
        cursor.execute("LOCK TABLE analytics_events IN ACCESS EXCLUSIVE MODE")
        faults.came_true(lambda: faults.sessions(world, "pid", "wait_event_type = 'Lock'"))
        cursor.execute("SELECT 1 FROM analytics_kafka_offsets FOR UPDATE")

    def inject(self, world):
        position = world.server.log_size()
        super().inject(world)
        return "deadlock detected" in world.server.log_since(position)
