"""The ingestor goes and comes back: asked to, twice asked to, or killed; the stream goes on where it was."""
import pathlib
import re
import signal

import pytest

from rig import place
from stream import QUICK_GROUP, events

BACKLOG = 20_000
PATIENCE = 10 + 2  # seconds that a stop may take, and what a busy machine adds
OFTEN = {"ANALYTICS_BATCH_RECORDS": 100, **QUICK_GROUP}  # many transactions to interrupt


@pytest.fixture
def hanging(stream, ingestor):
    """An ingestor in the middle of a batch that does not end before the test says unlock()."""
    running = ingestor(**QUICK_GROUP)
    stream.await_taken()
    with stream.locked() as unlock:
        stream.produce(events(1))
        stream.await_waiting()
        running.unlock = unlock
        yield running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_with_0(stream, ingestor, number):
    running = ingestor(**QUICK_GROUP)
    stream.await_taken()
    running.signal(number)
    assert running.wait() == 0


def test_a_stop_before_the_first_assignment_ends_it_with_0(stream, ingestor):
    running = ingestor(**QUICK_GROUP)
    running.await_log(event="started")
    assert running.terminate() == 0


def test_a_stop_leaves_the_group(stream, ingestor):
    """Else the next member would wait for the first one's session to run out."""
    patient = {"ANALYTICS_KAFKA_X_SESSION_TIMEOUT_MS": 300_000, "ANALYTICS_KAFKA_X_MAX_POLL_INTERVAL_MS": 300_000}
    first = ingestor(**patient)
    first.await_log(event="partition_claimed")
    assert first.terminate() == 0
    ingestor(**patient).await_log(event="partition_claimed")


def test_a_stop_lets_the_transaction_at_work_end(stream, hanging):
    hanging.signal(signal.SIGTERM)
    hanging.unlock()
    assert hanging.wait() == 0
    assert stream.numbers() == [0]


def test_a_stop_does_not_wait_for_a_transaction_that_does_not_end(stream, ingestor, hanging):
    """It leaves the group within ten seconds; what becomes of the transaction, the next claim sees."""
    hanging.signal(signal.SIGTERM)
    assert hanging.wait(PATIENCE) == 0
    hanging.unlock()
    stream.produce(events(1, first=1))
    ingestor(**QUICK_GROUP)
    stream.await_read()
    assert stream.numbers() == [0, 1]


def await_heard(running):
    """Awaits that no signal is pending: one that comes while its like still is would be none."""
    status = pathlib.Path(f"/proc/{running.process.pid}/status")
    nothing = re.compile(r"^ShdPnd:\s*0+$", re.MULTILINE)
    place.eventually(lambda: nothing.search(status.read_text()), what="the signal's being heard")


@pytest.mark.parametrize("first, second", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)],
                         ids=["SIGTERM", "SIGINT"])
def test_a_second_signal_ends_it_at_once(stream, hanging, first, second):
    hanging.signal(first)
    await_heard(hanging)
    hanging.signal(second)
    assert hanging.wait(5) == 1


def test_it_goes_on_where_it_stopped(stream, ingestor):
    stream.produce(events(50))
    running = ingestor(**QUICK_GROUP)
    stream.await_read()
    assert running.terminate() == 0
    stream.produce(events(50, first=50))
    ingestor(**QUICK_GROUP)
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((100, 0, 0, 0), list(range(100)))


def test_a_restart_raises_the_epochs(stream, ingestor):
    for _ in range(2):
        running = ingestor(**QUICK_GROUP)
        running.await_log(event="partition_claimed", partition=3)
        assert running.terminate() == 0
    assert stream.epochs() == {0: 2, 1: 2, 2: 2, 3: 2}


def test_stops_in_the_middle_of_a_backlog_lose_nothing_and_repeat_nothing(stream, ingestor):
    stream.produce(events(BACKLOG))
    for share in (1, 2, 3):
        running = ingestor(**OFTEN)
        stream.await_stored(BACKLOG * share // 4)
        assert running.terminate() == 0
    ingestor(**OFTEN)
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((BACKLOG, 0, 0, 0), list(range(BACKLOG)))


def test_a_kill_in_the_middle_of_a_backlog_loses_nothing_and_repeats_nothing(stream, ingestor):
    stream.produce(events(BACKLOG))
    running = ingestor(**OFTEN)
    stream.await_stored(BACKLOG // 3)
    running.kill()
    assert sum(stream.offsets().values()) < BACKLOG
    running.start()
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((BACKLOG, 0, 0, 0), list(range(BACKLOG)))


def test_a_kill_in_the_middle_of_a_transaction_loses_nothing_and_repeats_nothing(stream, hanging):
    """The server goes on with it, for it has not noticed yet that nobody waits for the answer."""
    hanging.kill()
    hanging.unlock()
    hanging.start()
    stream.produce(events(1, first=1))
    stream.await_read()
    assert (stream.totals(), stream.numbers()) == ((2, 0, 0, 0), [0, 1])
