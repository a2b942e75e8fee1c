"""Old events are upcast while an ingestor stores new ones, producers send old ones again, and a dashboard reads:
nobody waits, no event is lost or stored twice, and counts stay exact. A million events: make slow."""
import contextlib
import datetime
import json
import threading
import time

import pytest

from simulated_days import LockWaits
from stream import Record

REGISTERED = """
CREATE FUNCTION to_v2(jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE
    RETURN $1 - 'amount' || jsonb_build_object('total', ($1 ->> 'amount')::numeric);
INSERT INTO analytics_contracts (event_type, version, upcast)
    VALUES ('order', 1, 'public.to_v2'), ('order', 2, NULL)"""
PROJECTED = """CALL analytics_create_projection(
    'totals', measures => '{"total": ["total"]}', event_types => '{order}')"""
FIRST = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
BURST = 50  # events of each version, twenty times a second
TENANTS = 7
EVENTS = "SELECT count(*), count(DISTINCT payload -> 'number'), max((payload ->> 'number')::int) FROM analytics_events"
SUMMARY = f"SELECT analytics_summary(60, '{FIRST + datetime.timedelta(hours=2)}')"
NOT_UPCAST = """SELECT count(*) FROM analytics_events WHERE payload <> jsonb_build_object(
                    'number', payload -> 'number', 'total', payload -> 'number', 'version', 2)"""
SUM = "SELECT sum(total_sum)::bigint FROM totals"


def order(number, version):
    """As its producers write it: version 1 has a text in another member."""
    payload = {"number": number, **({"amount": str(number)} if version == 1 else {"total": number})}
    at = FIRST + datetime.timedelta(seconds=number * 2.5)
    return json.dumps({"eventType": "order" if version == 1 else "order.v2", "source": "s", "eventId": f"o-{number}",
                       "tenantId": f"t{number % TENANTS}", "occurredAt": at.isoformat(), "payload": payload}).encode()


class Beside:
    """Threads that go on until the block ends."""

    def __init__(self):
        self._stop = threading.Event()
        self._threads, self._faults = [], []
        self.times = {}  # name → milliseconds of every turn

    def go(self, name, turn):
        """turn() again and again, with a pause after each."""
        times = self.times[name] = []

        def goes():
            try:
                while not self._stop.wait(0.05):
                    begun = time.monotonic()
                    turn()
                    times.append(1000 * (time.monotonic() - begun))
            except Exception as error:
                self._faults.append(error)

        self._threads.append(threading.Thread(target=goes))
        self._threads[-1].start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert not self._faults, self._faults[0]


class Traffic:
    """New orders of version 2, and old ones of version 1 again: from both ends, so before and after they are upcast."""

    def __init__(self, stream, count):
        self.stream, self.count, self.sent = stream, count, count
        self.producer = stream.producer()
        self.again = 0

    def send(self):
        new = range(self.sent, self.sent + BURST)
        old = [number % self.count for number in range(self.again, self.again + BURST // 2)]
        old += [self.count - 1 - number for number in old]
        records = [order(number, 2) for number in new] + [order(number, 1) for number in old]
        self.stream.produce([Record(record) for record in records], producer=self.producer)
        self.sent, self.again = new.stop, self.again + BURST // 2


def seeded(stream, count):
    for first in range(0, count, 100_000):
        stream.fill(order(number, 1) for number in range(first, min(first + 100_000, count)))
    stream.await_read(timeout=600)
    assert stream.totals() == (count, 0, 0, 0)


def upcast(database, stream, ingestor, count):
    """So many events, beside writers and readers; everything is there once, and exact."""
    database.sql(REGISTERED)
    database.sql(PROJECTED)
    ingestor()
    seeded(stream, count)
    traffic = Traffic(stream, count)
    traffic.send()  # the first takes a producer a second
    with contextlib.closing(database.connect()) as reads, contextlib.closing(database.connect()) as upcasts, \
            Beside() as beside:
        beside.go("sends", traffic.send)
        beside.go("reads", lambda: reads.cursor().execute(SUMMARY))
        begun = time.monotonic()
        upcasts.cursor().execute("CALL analytics_upcast_events('order')")
        took = time.monotonic() - begun
    traffic.send()
    stream.await_read(timeout=600)
    print(f"{count} events were upcast in {took:.1f} s; meanwhile {traffic.sent - count} new ones and "
          f"{2 * traffic.again} old ones came")
    for name, times in beside.times.items():
        print(f"{name}: {len(times)} turns, longest {max(times):.0f} ms")
    assert stream.totals() == (traffic.sent, 2 * traffic.again, 0, 0)
    assert database.sql(EVENTS) == (traffic.sent, traffic.sent, traffic.sent - 1)
    assert database.sql(NOT_UPCAST) == 0
    assert database.sql(SUM) == sum(range(traffic.sent))
    assert database.rows("SELECT * FROM analytics_verify()") == []


def test_events_are_upcast_beside_writers_and_readers(database, stream, ingestor):
    upcast(database, stream, ingestor, 20_000)


@pytest.mark.slow
def test_nobody_waits_while_a_million_events_are_upcast(server, database, stream, ingestor):
    waits = LockWaits(server, database)
    upcast(database, stream, ingestor, 1_000_000)
    assert waits.but_of(set()) == []
