"""Which fault when.

A deck holds every kind, the quick ones several times. It is shuffled by the seed and played, up to OVERLAP faults at
once; those that did not come off go back below the others, a few times. After each deck all is healed and must catch
up, so that the next one meets a system at work.
"""
import collections
import random
import threading
import time

import psycopg2
from confluent_kafka import KafkaException

from . import faults, locks, passing, publishing

OVERLAP = 4
TRIES = 3
LONGEST_PAUSE = 0.6  # seconds between two faults' beginnings
CUTS = faults.CUTS
DECK = {
    CUTS["connect"]: 2, CUTS["mid_bind"]: 2, CUTS["before_commit"]: 3, CUTS["during_commit"]: 3,
    CUTS["before_answer"]: 4, CUTS["mid_answer"]: 2, CUTS["after_commit"]: 2,
    faults.SlowCommit: 1, faults.NetworkAway: 1,
    faults.IngestorKilled: 3, faults.IngestorStopped: 3, faults.OneMore: 2, faults.OneLess: 2,
    faults.Zombie: 1, faults.ZombieWithBatch: 1,
    faults.PostgresStopped: 2, faults.BackendKilled: 1, faults.BackendTerminated: 2, faults.StatementCancelled: 2,
    faults.DiskFull: 1,
    locks.OffsetsLocked: 1, locks.EventsLocked: 1, locks.PartitionMade: 1, locks.Twin: 1, locks.Deadlock: 1,
    faults.BrokerKilled: 1, faults.HeadDeleted: 1, faults.TransactionAborted: 2,
    **dict.fromkeys(publishing.CUTS, 1), publishing.KafkaAway: 1,
    publishing.PublisherKilled: 1, publishing.PublisherKilledLater: 1, publishing.PublisherFrozen: 1,
    publishing.PublisherFenced: 1, publishing.CommitTooLate: 1,
    publishing.FeedSessionTerminated: 1, publishing.FeedStatementCancelled: 1,
    passing.LongTransaction: 2, passing.PartitionDropped: 1, passing.TicksExpired: 1, passing.FeedOutrun: 1,
}


class Campaign:
    """Campaign(world, seed, say).run(count): say takes a line for people."""

    def __init__(self, world, seed, say):
        self.world, self.say = world, say
        self.rng = random.Random(f"{seed} faults")
        self.injected = collections.Counter()  # by kind
        self.missed = collections.Counter()
        self.slowest_recovery = 0
        self.skipped = {kind.kind: kind.why_not(world) for kind in DECK if kind.why_not(world)}
        self._change = threading.Condition()
        self._taken = set()
        self._running = 0

    def run(self, count):
        """Injects so many faults, of those kinds that can be had here."""
        while (rest := count - self.injected.total()) > 0:
            before = self.injected.total()
            self._play(self._deck()[:rest])
            self.world.heal()
            with self.world.resting_producers():
                self.world.settle()
            seconds = self.world.catch_up()
            self.slowest_recovery = max(self.slowest_recovery, seconds)
            with self.world.resting_producers():
                feeds = self.world.prove_feeds()
            self.say(f"{self.injected.total()} faults, {len(self.world.ledger.entries)} records; "
                     f"caught up after {seconds:.1f} s, feeds after {feeds:.1f} s")
            if self.injected.total() == before or self._has_found():
                return

    def _has_found(self):
        world = self.world
        return (world.fleet.findings or world.ledger.troubles or world.wrong_feeds
                or any(topic.troubles for topic in world.topics))

    def _deck(self):
        deck = [kind(random.Random(self.rng.random())) for kind, times in DECK.items() for _ in range(times)
                if kind.kind not in self.skipped]
        self.rng.shuffle(deck)
        return deck

    def _play(self, deck):
        queue = collections.deque((fault, 1) for fault in deck)
        at_work = []
        while queue or at_work:
            if queue:
                fault, attempt = queue.popleft()
                self._await_room(fault)
                at_work.append((self.world.hands.submit(self._inject, fault), fault, attempt))
                time.sleep(self.rng.uniform(0, LONGEST_PAUSE))
            for entry in [entry for entry in at_work if entry[0].done() or not queue]:
                at_work.remove(entry)
                future, fault, attempt = entry
                if future.result():
                    self.injected[fault.kind] += 1
                elif attempt < TRIES:
                    queue.append((fault, attempt + 1))
                else:
                    self.missed[fault.kind] += 1
            self.world.look_after()

    def _await_room(self, fault):
        with self._change:
            self._change.wait_for(lambda: self._running < OVERLAP and not self._taken & fault.needs)
            self._running += 1
            self._taken |= fault.needs

    def _inject(self, fault):
        began, happened = time.monotonic(), None
        try:
            happened = fault.inject(self.world)
            return happened
        except (psycopg2.Error, KafkaException) as error:  # another fault came between
            self.say(f"    {str(error).splitlines()[0]}")
            return False
        finally:
            self.say(f"  {fault.kind}{'' if happened else ': did not come off'} ({time.monotonic() - began:.1f} s)")
            with self._change:
                self._running -= 1
                self._taken -= fault.needs
                self._change.notify_all()
