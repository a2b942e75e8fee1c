"""The ingestor as a service of systemd: what it tells the manager and when. Signs of life are awaited, and only their
absence is timed: what a turn of the loop may take is far more than what lies between two of them.
"""
import concurrent.futures
import contextlib
import ctypes
import itertools
import os
import re
import signal
import threading
import time

import pytest

from rig import place
from stream import QUICK_GROUP, events

SILENCE = 3  # seconds, many times what lies between two signs of life
UNIT = place.ROOT / "ingestor" / "analytics-ingestor.service"
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 17, 0x4206, 0x4207, 0x40000000


@pytest.fixture
def service(stream, ingestor, manager):
    """A running ingestor that has told the manager that it is ready."""
    running = ingestor(**QUICK_GROUP, **manager.environment)
    manager.await_word("^READY=1$")
    return running


# ---- readiness and status

def test_it_is_ready_once_its_partitions_are_taken(stream, service):
    assert len(stream.offsets()) == 4


def test_it_says_what_it_does(service, manager):
    manager.await_word("^STATUS=reading 4 partitions$")


def test_ready_is_said_after_the_group_was_joined(service, manager):
    words = [word for word in manager.heard if word != "WATCHDOG=1"]
    assert words.index("STATUS=joining the group") < words.index("READY=1")


def test_it_is_not_ready_while_the_database_is_away(server, stream, ingestor, manager):
    server.stop()
    try:
        ingestor(**QUICK_GROUP, **manager.environment)
        manager.await_word("^STATUS=waiting for the database: .*08001")
        assert "READY=1" not in manager.heard
    finally:
        server.start()
    manager.await_word("^READY=1$")
    manager.await_word("^STATUS=reading 4 partitions$")


def test_a_stop_is_announced(service, manager):
    service.signal(signal.SIGTERM)
    manager.await_word("^STOPPING=1$")
    assert service.wait() == 0


def test_a_failure_is_the_last_status(stream, service, manager):
    stream.database.sql("DROP EXTENSION analytics_events CASCADE")
    stream.produce(events(1))
    assert service.wait() == 1
    manager.await_word("^STATUS=failed: ")


# ---- the watchdog

def test_it_shows_life_while_it_is_idle(service, manager):
    manager.await_signs()


def test_it_shows_life_under_load(stream, ingestor, manager):
    enough = threading.Event()

    def load():
        for first in itertools.takewhile(lambda _: not enough.is_set(), itertools.count(0, 1_000)):
            stream.produce(events(1_000, first))

    def signs_amid_work():
        stored = stream.offsets()
        manager.await_signs()
        return stream.offsets() != stored

    with concurrent.futures.ThreadPoolExecutor() as producer:
        loading = producer.submit(load)
        try:
            ingestor(ANALYTICS_BATCH_RECORDS=100, **QUICK_GROUP, **manager.environment)
            manager.await_word("^READY=1$")
            place.eventually(signs_amid_work, 120, what="work between signs of life")
        finally:
            enough.set()
        loading.result()
    stream.await_read()


def test_it_shows_life_while_the_database_does_not_answer(stream, service, manager):
    with stream.locked():
        stream.produce(events(1))
        stream.await_waiting()
        manager.await_signs()
    stream.await_read()


def test_it_shows_life_while_the_database_is_away(server, stream, service, manager):
    server.stop(signal.SIGQUIT)
    try:
        stream.produce(events(1))
        service.await_log(event="consumption_paused")
        manager.await_signs()
    finally:
        server.start()
    stream.await_read()


@contextlib.contextmanager
def held(pid):
    """Stops a process's first thread, the one with the loop, while its others go on."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ptrace(request):
        if libc.ptrace(request, pid, None, None) != 0:
            pytest.skip(f"ptrace is not allowed here: {os.strerror(ctypes.get_errno())}")

    ptrace(PTRACE_SEIZE)
    ptrace(PTRACE_INTERRUPT)
    os.waitpid(pid, WALL)
    try:
        yield
    finally:
        ptrace(PTRACE_DETACH)


def test_a_loop_that_hangs_shows_no_life_though_other_threads_do(service, manager):
    with held(service.process.pid):
        before = manager.signs()
        time.sleep(SILENCE)
        assert manager.signs() <= before + 1  # one may have been on its way
    manager.await_signs()


def test_the_unit_waits_longer_than_a_stop_takes():
    """Else systemd would kill what is about to leave the group."""
    [patience] = re.findall(r"^TimeoutStopSec=(\d+)s$", UNIT.read_text(), re.MULTILINE)
    assert int(patience) > 10
