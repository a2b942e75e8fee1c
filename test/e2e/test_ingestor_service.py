"""The ingestor as a service of systemd: what it tells the manager and when, and the unit that is installed.

The manager is a socket of ours. Its watchdog asks for a sign of life every fraction of a second, so that silence shows
soon; what a turn of the loop may take is far more than that, hence signs are awaited, and only their absence is timed.
"""
import contextlib
import ctypes
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from rig import place
from stream import QUICK_GROUP, events

WATCHDOG_USEC = 400_000
SILENCE = 3  # seconds, many times what lies between two signs of life
UNIT = place.ROOT / "ingestor" / "analytics-ingestor.service"
MOST_EXPOSURE = 2.5
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT, WALL = 17, 0x4206, 0x4207, 0x40000000

numbers = itertools.count(1)


class Manager:
    """The service manager's end of NOTIFY_SOCKET. It listens all the time: who speaks waits for a full queue."""

    def __init__(self):
        name = f"analytics-events-{os.getpid()}-{next(numbers)}"
        self.environment = {"NOTIFY_SOCKET": "@" + name, "WATCHDOG_USEC": WATCHDOG_USEC}
        self.heard = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + name)
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._listener.join()
        self._socket.close()

    def _listen(self):
        while said := self._socket.recv(65_536):
            self.heard += said.decode().splitlines()

    def await_word(self, pattern, timeout=30):
        """Awaits a line that matches."""
        place.eventually(lambda: any(re.search(pattern, line) for line in self.heard), timeout,
                         what=f"{pattern} among {self.heard[-5:]}")

    def signs(self):
        return self.heard.count("WATCHDOG=1")

    def await_signs(self, count=3):
        """Awaits so many new signs of life."""
        before = self.signs()
        place.eventually(lambda: self.signs() >= before + count, what=f"{count} signs of life")


@pytest.fixture
def manager():
    with contextlib.closing(Manager()) as made:
        yield made


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
    stream.database.sql("DROP EXTENSION analytics_events")
    stream.produce(events(1))
    assert service.wait() == 1
    manager.await_word("^STATUS=failed: ")


# ---- the watchdog

def test_it_shows_life_while_it_is_idle(service, manager):
    manager.await_signs()


def test_it_shows_life_under_load(stream, ingestor, manager):
    stream.produce(events(20_000))
    ingestor(ANALYTICS_BATCH_RECORDS=100, **QUICK_GROUP, **manager.environment)
    manager.await_word("^READY=1$")
    manager.await_signs()
    assert stream.offsets() != stream.ends(), "the load was over too soon"
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


# ---- the unit

def test_the_unit_is_hardened():
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=true", UNIT], capture_output=True,
                          text=True)
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure[1]) <= MOST_EXPOSURE


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(["make", "-s", "install", f"DESTDIR={folder}", "PREFIX=/opt/analytics"], cwd=place.ROOT, check=True,
                   env=place.make_environment())
    return folder


def unit_of(folder):
    return (folder / "opt/analytics/lib/systemd/system/analytics-ingestor.service").read_text()


def test_the_installed_unit_starts_the_installed_program(installed):
    [program] = re.findall(r"^ExecStart=(\S+)", unit_of(installed), re.MULTILINE)
    assert os.access(f"{installed}{program}", os.X_OK)


def test_the_installed_unit_s_documentation_is_installed(installed):
    [page] = re.findall(r"^Documentation=file:(\S+)", unit_of(installed), re.MULTILINE)
    assert os.path.exists(f"{installed}{page}")


def test_the_installed_sample_has_settings_that_are_known(installed):
    text = (installed / "opt/analytics/share/doc/analytics-events/ingestor.env").read_text()
    settings = dict(re.findall(r"^#?(ANALYTICS_[A-Z_]+)=(\S+)$", text, re.MULTILINE))
    done = subprocess.run([installed / "opt/analytics/bin/analytics-ingestor", "--print-config"], capture_output=True,
                          text=True, env=settings)
    assert (len(settings) > 5, done.returncode) == (True, 0), done.stderr


def test_the_unit_waits_longer_than_a_stop_takes():
    """Else systemd would kill what is about to leave the group."""
    [patience] = re.findall(r"^TimeoutStopSec=(\d+)s$", UNIT.read_text(), re.MULTILINE)
    assert int(patience) > 10
