"""What passes by the feeds: long transactions, retention, and maintenance that deletes what is no longer kept."""
import time

import psycopg2

from . import editors, faults, feeds

TICKS = 3
LAST_TICK = "SELECT max(tick) FROM analytics_ticks"


class LongTransaction(faults.Fault):
    """It has changed events, and stays open while others change events and ticks are made. Then it commits, or not."""

    kind, needs = "transaction held open across ticks", frozenset({"long"})

    def __init__(self, rng):
        super().__init__(rng)
        self.commits = rng.random() < 0.8

    def inject(self, world):
        with world.connection(autocommit=False) as connection, connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '10s'")
            changes = sum(editors.change(cursor, self.rng) for _ in range(self.rng.randint(2, 8)))
            [[begun]] = world.rows(LAST_TICK)
            passed = faults.came_true(lambda: world.rows(LAST_TICK)[0][0] >= begun + TICKS)
            time.sleep(self.seconds)
            connection.commit() if self.commits else connection.rollback()
        return bool(changes and passed)


class PartitionDropped(faults.Fault):
    """Retention, at one of the oldest partitions. What it drops is listed before, in the same transaction."""

    kind, needs = "retention: partitions dropped", frozenset({"locks", "long"})
    OLD = "SELECT range_end FROM analytics_partitions() WHERE range_end < now() - interval '30 days' ORDER BY 1 LIMIT 9"

    def __init__(self, rng):
        super().__init__(rng)
        self.keeps_rollups = rng.random() < 0.6

    def inject(self, world):
        with world.connection(autocommit=False) as connection, connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '10s'")
            cursor.execute("LOCK TABLE analytics_events IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute(self.OLD)
            ends = [end for end, in cursor.fetchall()]
            if not ends:
                return False
            end = self.rng.choice(ends[:3])
            cursor.execute(editors.NOTE.format("false", "analytics_events WHERE occurred_at < %s"), (end,))
            cursor.execute("SELECT count(*) FROM analytics_retain(now() - %s, %s)", (end, self.keeps_rollups))
            [dropped] = cursor.fetchone()
            connection.commit()
        return dropped > 0


class TicksExpired(faults.Fault):
    """Maintenance deletes the ticks of more than a while ago. A publisher that was away for longer has to begin
    again."""

    kind, needs = "maintenance: old ticks deleted", frozenset({"maintenance"})
    WHILE = 15  # seconds

    def inject(self, world):
        before = world.rows("SELECT count(*) FROM analytics_ticks")
        maintain(world, self.WHILE)
        return world.rows("SELECT count(*) FROM analytics_ticks") < before


class FeedOutrun(faults.Fault):
    """A feed is paused while all that it has not published is deleted. It has to stop, and to begin again."""

    kind, needs = "feed behind what is kept", frozenset({"maintenance"})

    def __init__(self, rng):
        super().__init__(rng)
        self.feed = rng.choice(("events", "days", "letters"))

    def inject(self, world):
        before = world.republished[self.feed]
        world.rows("SELECT analytics_pause_feed(%s)", (self.feed,))
        try:
            [[begun]] = world.rows(LAST_TICK)
            if not faults.came_true(lambda: world.rows(LAST_TICK)[0][0] >= begun + TICKS):
                return False
            maintain(world, 0)
        finally:
            faults.came_true(lambda: self.resume(world), 60)
        return bool(faults.came_true(lambda: self.is_republished(world, before), 30))

    def is_republished(self, world, before):
        try:
            feeds.look_after(world)
            return world.republished[self.feed] > before
        except psycopg2.Error:
            return False

    def resume(self, world):
        try:
            world.rows("SELECT analytics_resume_feed(%s)", (self.feed,))
            return True
        except psycopg2.Error:
            return False


def maintain(world, seconds):
    """As if the ticks of more than so many seconds ago were kept long enough."""
    with world.connection() as connection, connection.cursor() as cursor:
        cursor.execute("CALL analytics_maintain(now() + %s * interval '1 hour' - %s * interval '1 second')",
                       (feeds.KEEP_HOURS, seconds))
