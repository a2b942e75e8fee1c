"""The ingestors: one to three real processes, each with doors of its own to the database and to Kafka; each start draws
how many connections it has to the database. One more only publishes feeds, as the others do beside their reading.

A slot is borrowed by who does something to its process, so that no two faults meet in one. An ingestor ends only when
it is asked to or killed; one that ends by itself is a finding.
"""
import contextlib
import json
import pathlib
import random
import re
import signal
import threading

from rig import daemon, place

SLOTS = ("0", "1", "2")
PUBLISHER = "p"
DOORS = (*SLOTS, PUBLISHER)
SESSION_MS = 3_000
TRANSACTION_MS = 6_000  # of a feed; Kafka aborts it then
CONNECTIONS = (1, 2)
SETTINGS = {"ANALYTICS_BATCH_RECORDS": 300, "ANALYTICS_BATCH_MS": 60, "ANALYTICS_LOG_LEVEL": "debug",
            "ANALYTICS_KAFKA_X_SESSION_TIMEOUT_MS": SESSION_MS, "ANALYTICS_KAFKA_X_HEARTBEAT_INTERVAL_MS": 200,
            "ANALYTICS_KAFKA_X_RECONNECT_BACKOFF_MAX_MS": 500,
            "ANALYTICS_KAFKA_X_TRANSACTION_TIMEOUT_MS": TRANSACTION_MS}
HIGH_WATER = re.compile(r"^VmHWM:\s*(\d+) kB", re.MULTILINE)
STOPPED = 0
STOP_WITHIN = 30  # seconds


class Slot:
    def __init__(self, door, ingestor, connections, rng):
        self.door, self.ingestor, self.connections, self.rng = door, ingestor, connections, rng
        self.is_wanted = False
        self.lock = threading.Lock()
        self.peak_kib = 0

    @property
    def pid(self):
        return self.ingestor.process.pid

    def start(self):
        """Returns when it has its signal handlers."""
        before = len(self.ingestor.output())
        self.ingestor.environment["ANALYTICS_INGESTOR_DATABASE_CONNECTIONS"] = str(self.rng.choice(self.connections))
        self.ingestor.start()
        place.eventually(lambda: not self.ingestor.running or '"started"' in self.ingestor.output()[before:],
                         what="the ingestor's start")
        self.is_wanted = True

    def measure(self):
        with contextlib.suppress(OSError, ProcessLookupError):
            status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
            if found := HIGH_WATER.search(status):
                self.peak_kib = max(self.peak_kib, int(found[1]))

    def kill(self):
        self.measure()
        self.is_wanted = False
        self.ingestor.kill()

    def terminate(self):
        """SIGTERM; returns the exit code."""
        self.measure()
        self.is_wanted = False
        return self.ingestor.terminate(STOP_WITHIN)


class Fleet:
    def __init__(self, broker_of, url_of, topics, group, connections, seed):
        """broker_of(name), url_of(name): Kafka and the database through a door; connections: what each start draws
        from."""
        self.findings = []

        def slot(name, *arguments):
            ingestor = daemon.Ingestor(broker_of(name), url_of(name), topics, group, arguments=arguments, **SETTINGS)
            return Slot(name, ingestor, connections, random.Random(f"{seed} ingestor {name}"))

        self.slots = [slot(name) for name in SLOTS]
        self.publisher = slot(PUBLISHER, "--publish-only")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for slot in self.publishing():
            slot.ingestor.signal(signal.SIGCONT)
            slot.ingestor.kill()

    def running(self):
        """Those that read."""
        return [slot for slot in self.slots if slot.is_wanted]

    def everybody(self):
        return [*self.slots, self.publisher]

    def publishing(self):
        return [slot for slot in self.everybody() if slot.is_wanted]

    @contextlib.contextmanager
    def borrow(self, rng, running=True):
        """A slot that nobody else has in hand, running or not; None when there is none."""
        candidates = [slot for slot in self.slots if slot.is_wanted == running]
        rng.shuffle(candidates)
        for slot in candidates:
            if slot.lock.acquire(blocking=False):
                try:
                    yield slot if slot.is_wanted == running else None
                finally:
                    slot.lock.release()
                return
        yield None

    def stop(self, slot):
        """SIGTERM must end it with 0."""
        code = slot.terminate()
        if code != STOPPED:
            self.findings.append(f"ingestor {slot.door} ended with {code} when asked to stop")

    def look_after(self):
        """Notes those that ended by themselves, and starts them again."""
        for slot in self.publishing():
            slot.measure()
            if not slot.ingestor.running and slot.lock.acquire(blocking=False):
                if slot.is_wanted:
                    last = slot.ingestor.output().splitlines()[-3:]
                    self.findings.append(f"ingestor {slot.door} ended with {slot.ingestor.process.returncode}: {last}")
                    slot.start()
                slot.lock.release()

    def peak_kib(self):
        """The most memory that one of them had at once."""
        return max(slot.peak_kib for slot in self.everybody())

    def told(self):
        """Every line that they logged, as an object."""
        for slot in self.everybody():
            for line in slot.ingestor.output().splitlines():
                with contextlib.suppress(ValueError):
                    yield json.loads(line)
