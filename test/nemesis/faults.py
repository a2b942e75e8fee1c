"""The faults: one class a kind. A fault is made with its parameters drawn (rng), injected later, and undoes itself.

inject(world) returns whether it really happened: a cut that no batch came by for is none. needs names what only one
fault at a time may play with; everything else may happen at once.
"""
import json
import os
import signal
import tempfile
import time

import psycopg2

from rig import place

from . import proxy
from .fleet import SESSION_MS

SOON = 10  # seconds until what must happen by itself has happened
INGESTORS = "application_name = 'analytics-ingestor' AND datname = current_database()"


class Fault:
    kind = ""
    needs = frozenset()

    def __init__(self, rng):
        self.rng = rng
        self.seconds = rng.uniform(0.2, 2)

    @staticmethod
    def why_not(world):
        """What is missing here for this kind, or None."""

    def inject(self, world):
        raise NotImplementedError


def came_true(condition, timeout=SOON):
    try:
        return place.eventually(condition, timeout)
    except AssertionError:
        return None


# ---- the connection between ingestor and PostgreSQL

class CutFault(Fault):
    """A connection ends at a point of the protocol; half of the time after a silence."""

    point = ""

    def __init__(self, rng):
        super().__init__(rng)
        self.silence = rng.choice((0, rng.uniform(0.2, 2.5)))

    def inject(self, world):
        doors = self.proxy_of(world)
        cut = doors.arm(proxy.Cut(self.point, self.silence))
        if self.point == "connect":
            doors.sever_all()
        happened = cut.done.wait(SOON)
        doors.disarm(cut)
        return happened

    def proxy_of(self, world):
        return world.proxy


class SlowCommit(CutFault):
    kind, point = "commit delayed", "slow_commit"

    def __init__(self, rng):
        super().__init__(rng)
        self.silence = rng.uniform(0.5, 3)


class NetworkAway(Fault):
    kind, needs = "network away", frozenset({"network"})

    def inject(self, world):
        doors = self.proxy_of(world)
        doors.is_refusing = True
        try:
            severed = doors.sever_all()
            time.sleep(self.seconds)
        finally:
            doors.is_refusing = False
        return severed > 0

    def proxy_of(self, world):
        return world.proxy


def cut_fault(point):
    return type(point, (CutFault,), {"point": point, "kind": "cut: " + point.replace("_", " ")})


CUTS = {point: cut_fault(point) for point in proxy.POINTS}


# ---- ingestors

class IngestorKilled(Fault):
    kind = "ingestor killed (-9)"

    def inject(self, world):
        with world.fleet.borrow(self.rng) as slot:
            if slot is None:
                return False
            slot.kill()
            time.sleep(self.seconds / 2)
            slot.start()
        return True


class IngestorStopped(Fault):
    kind = "ingestor stopped (SIGTERM)"

    def inject(self, world):
        with world.fleet.borrow(self.rng) as slot:
            if slot is None:
                return False
            world.fleet.stop(slot)
            slot.start()
        return True


class OneMore(Fault):
    kind, needs = "one ingestor more", frozenset({"scale"})

    def inject(self, world):
        with world.fleet.borrow(self.rng, running=False) as slot:
            if slot is None:
                return False
            slot.start()
        return True


class OneLess(Fault):
    kind, needs = "one ingestor less", frozenset({"scale"})

    def inject(self, world):
        if len(world.fleet.running()) < 2:
            return False
        with world.fleet.borrow(self.rng) as slot:
            if slot is None:
                return False
            world.fleet.stop(slot)
        return True


class Zombie(Fault):
    """Frozen for longer than the group waits, then awake again."""

    kind, needs = "zombie (SIGSTOP, SIGCONT)", frozenset({"scale"})

    def inject(self, world):
        with world.fleet.borrow(self.rng) as slot:
            if slot is None:
                return False
            slot.ingestor.signal(signal.SIGSTOP)
            try:
                time.sleep(SESSION_MS / 1000 + self.seconds)
            finally:
                slot.ingestor.signal(signal.SIGCONT)
        return True


class ZombieWithBatch(Fault):
    """Frozen with a batch on its way, which reaches the database when others own the partition."""

    kind, needs = "zombie's late batch", frozenset({"scale"})

    def inject(self, world):
        if len(world.fleet.running()) < 2 and not OneMore(self.rng).inject(world):
            return False
        with world.fleet.borrow(self.rng) as slot:
            if slot is None:
                return False
            cut = world.proxy.arm(proxy.Cut("hold_bind", door=slot.door))
            if not cut.reached.wait(SOON):
                world.proxy.disarm(cut)
                return False
            slot.ingestor.signal(signal.SIGSTOP)
            try:
                return bool(came_true(lambda: self.is_overtaken(world, slot)))
            finally:
                cut.release()
                cut.done.wait(SOON)
                slot.ingestor.signal(signal.SIGCONT)

    @staticmethod
    def is_overtaken(world, slot):
        try:
            return world.rows("SELECT 1 WHERE NOT EXISTS (SELECT FROM analytics_kafka_offsets WHERE owner LIKE %s)",
                              (f"%:{slot.pid}",))
        except psycopg2.Error:
            return None


# ---- PostgreSQL

class PostgresStopped(Fault):
    kind, needs = "postgres stopped (immediate)", frozenset({"postgres"})

    def inject(self, world):
        world.server.stop(signal.SIGQUIT)
        try:
            time.sleep(self.seconds)
        finally:
            world.server.start()
        return True


class BackendKilled(Fault):
    """All other sessions end with it, and the server recovers as after a crash."""

    kind, needs = "backend killed (-9)", frozenset({"postgres"})

    def inject(self, world):
        found = came_true(lambda: sessions(world, "pid"))
        if not found:
            return False
        [pid] = self.rng.choice(found)
        world.killed_backends.add(pid)
        came_true(lambda: sessions(world, "pid", f"pid = {pid} AND state = 'active'"), self.seconds)
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        place.eventually(world.answers, 60, what="PostgreSQL's recovery")
        return True


class BackendSignalled(Fault):
    """What an administrator's function does to all of the ingestors' sessions of a kind."""

    function, whose = "", INGESTORS

    def inject(self, world):
        deadline = time.monotonic() + SOON
        while time.monotonic() < deadline:  # in the middle of a statement, if possible
            if count := sessions(world, f"count({self.function}(pid))", "state = 'active'", self.whose):
                if count[0][0] > 0:
                    return True
        return False


class BackendTerminated(BackendSignalled):
    kind, function = "backend terminated", "pg_terminate_backend"


class StatementCancelled(BackendSignalled):
    kind, function = "statement cancelled", "pg_cancel_backend"


def sessions(world, what, condition="true", whose=INGESTORS):
    try:
        return world.rows(f"SELECT {what} FROM pg_stat_activity WHERE {whose} AND {condition}")
    except psycopg2.Error:
        return None


class DiskFull(Fault):
    kind, needs = "disk full", frozenset({"postgres"})

    @staticmethod
    def why_not(world):
        return None if world.disk.folder else "no right to mount a small file system"

    def inject(self, world):
        position = world.server.log_size()
        try:
            world.disk.fill()
            return bool(came_true(lambda: "No space left on device" in world.server.log_since(position)))
        finally:
            time.sleep(self.seconds)
            world.disk.empty()


# ---- Kafka

class BrokerKilled(Fault):
    kind, needs = "broker killed (-9)", frozenset({"broker"})

    def inject(self, world):
        world.broker.kill()
        try:
            time.sleep(self.seconds)
        finally:
            world.broker.start()
        return True


class HeadDeleted(Fault):
    """Kafka forgets what the database has stored of a partition, up to the very offset that is read next; the ledger
    has to be proved before."""

    kind, needs = "log head deleted", frozenset({"broker", "transactions"})
    tool = "org.apache.kafka.tools.DeleteRecordsCommand"

    def inject(self, world):
        with world.resting_producers():
            world.settle()
            offsets = came_true(lambda: read_offsets(world))
        if not offsets:
            return False
        topic, partition = self.rng.choice(sorted(offsets))
        wish = {"version": 1, "partitions": [{"topic": topic, "partition": partition,
                                              "offset": offsets[topic, partition]}]}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(wish, file)
            file.flush()
            answer = world.broker.tool(self.tool, "--bootstrap-server", world.broker.bootstrap,
                                       "--offset-json-file", file.name)
        return f"low_watermark: {offsets[topic, partition]}" in answer


def read_offsets(world):
    try:
        return {place: offset for place, offset in world.offsets().items() if offset > 0}
    except psycopg2.Error:
        return None


class TransactionAborted(Fault):
    """Half of the time open for a while, when nothing behind it can be read."""

    kind, needs = "transaction aborted", frozenset({"transactions"})

    def __init__(self, rng):
        super().__init__(rng)
        self.count, self.open_for = rng.randint(1, 200), rng.choice((0, self.seconds))

    def inject(self, world):
        return not world.transactions.run(world.transactions.make(self.count), False, self.open_for)
