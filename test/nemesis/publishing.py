"""Faults of those that publish feeds, most of them at the commit of a transaction of Kafka."""
import contextlib
import signal
import time

import psycopg2

from . import faults, kafka_proxy, proxy
from .fleet import TRANSACTION_MS

PATIENCE = 60  # seconds of a zombie's commit with its being overtaken
FEED_SESSIONS = "application_name LIKE 'analytics-ingestor feed%' AND datname = current_database()"


def publisher_of(world, feed):
    """The slot that publishes the feed, and its name as a publisher; (None, None): nobody does."""
    for name, in world.rows("SELECT publisher FROM analytics_feed_publishers WHERE feed = %s AND publisher IS NOT NULL",
                            (feed,)):
        for slot in world.fleet.publishing():
            if slot.pid == int(name.split(":")[-2]):
                return slot, name
    return None, None


def hurry(world, feed):
    """Nobody waits ten seconds for a publisher that is gone."""
    world.rows("UPDATE analytics_feed_publishers SET heartbeat_at = '-infinity' WHERE feed = %s", (feed,))


class PublisherFault(faults.Fault):
    """Something happens to a publisher at a point of a transaction."""

    needs = frozenset({"publisher"})
    point = "hold_commit"

    def __init__(self, rng):
        super().__init__(rng)
        self.feed = rng.choice(("events", "events", "days", "letters"))
        self.hurries = rng.random() < 0.7
        self.passes = rng.random() < 0.5

    def inject(self, world):
        slot, name = faults.came_true(lambda: self.borrow(world)) or (None, None)
        if slot is None:
            return False
        try:
            cut = world.doors.arm(proxy.Cut(self.point, door=slot.door, patience=PATIENCE))
            try:
                return cut.reached.wait(faults.SOON) and self.happen(world, slot, name, cut)
            finally:
                world.doors.disarm(cut)
                cut.release()
        finally:
            slot.lock.release()

    def borrow(self, world):
        """The slot that publishes the feed, which nobody else has in hand, and its name as a publisher; or None."""
        slot, name = publisher_of(world, self.feed)
        if slot is None or not slot.lock.acquire(blocking=False):
            return None
        if slot.is_wanted:
            return slot, name
        slot.lock.release()
        return None

    def happen(self, world, slot, name, cut):
        raise NotImplementedError

    def hurry(self, world):
        if self.hurries:
            with contextlib.suppress(psycopg2.Error):
                hurry(world, self.feed)


class PublisherKilled(PublisherFault):
    """Its commit is lost with it, or comes to the broker when it is gone."""

    kind = "publisher killed (-9) before its commit"

    def happen(self, world, slot, name, cut):
        slot.kill()
        self.hurry(world)
        cut.release(self.passes)
        time.sleep(self.seconds / 2)
        slot.start()
        return True


class PublisherKilledLater(PublisherKilled):
    """It never hears that it has committed."""

    kind, point = "publisher killed (-9) after its commit", "hold_answer"


class PublisherFrozen(PublisherFault):
    """Its transaction stays open, and readers wait behind it."""

    kind = "publisher frozen in a transaction"

    def happen(self, world, slot, name, cut):
        slot.ingestor.signal(signal.SIGSTOP)
        try:
            time.sleep(2 * self.seconds)
        finally:
            slot.ingestor.signal(signal.SIGCONT)
        return True


class PublisherFenced(PublisherFault):
    """Frozen with its commit on the way, which reaches the broker when another one publishes."""

    kind = "publisher fenced, its commit comes late"
    needs = frozenset({"publisher", "scale"})

    def happen(self, world, slot, name, cut):
        slot.ingestor.signal(signal.SIGSTOP)
        try:
            hurry(world, self.feed)
            return bool(faults.came_true(lambda: self.is_overtaken(world, name), PATIENCE / 2))
        finally:
            cut.release()
            cut.done.wait(faults.SOON)
            slot.ingestor.signal(signal.SIGCONT)

    def is_overtaken(self, world, name):
        """Another one has published."""
        try:
            return world.rows("SELECT 1 FROM analytics_feed_publishers WHERE feed = %s AND publisher <> %s "
                              "AND published_at > %s", (self.feed, name, self.frozen_at(world)))
        except psycopg2.Error:
            return None

    def frozen_at(self, world):
        if not hasattr(self, "_frozen_at"):
            [[self._frozen_at]] = world.rows("SELECT clock_timestamp()")
        return self._frozen_at


class CommitTooLate(PublisherFault):
    """Kafka aborts the transaction, or has it committed in the last moment, when the publisher asks again."""

    kind = "publisher's commit too late"
    needs = frozenset({"publisher", "broker"})

    def happen(self, world, slot, name, cut):
        time.sleep(TRANSACTION_MS / 1000 + kafka_proxy.LOOKS_EVERY + self.seconds)
        cut.release(self.passes)
        return True


class KafkaCut(faults.CutFault):
    def proxy_of(self, world):
        return world.doors


def cut_fault(point):
    return type(point, (KafkaCut,), {"point": point, "kind": "publisher's cut: " + point.replace("_", " ")})


CUTS = [cut_fault(point) for point in kafka_proxy.POINTS]


class KafkaAway(faults.NetworkAway):
    kind, needs = "network to Kafka away", frozenset({"kafka network"})

    def proxy_of(self, world):
        return world.doors


class FeedSessionTerminated(faults.BackendTerminated):
    kind, whose = "feed's backend terminated", FEED_SESSIONS


class FeedStatementCancelled(faults.StatementCancelled):
    kind, whose = "feed's statement cancelled", FEED_SESSIONS
