"""An update while an ingestor stores and a dashboard asks: nobody sees an error, nothing is lost or stored twice.

Both are sessions that call what the daemons call. How long they waited is printed (pytest -s); it is no test.
"""
import contextlib
import threading
import time

import pytest

from rig import place, releases

import catalogue
import tables
import use

EVENTS = 100_000
PILE = f"""
SELECT stored FROM analytics_ingest((
    SELECT array_agg(ops.event('piled ' || i, to_char('2023-04-01'::timestamp + i * interval '20 seconds',
                                                      'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'acme'))
    FROM generate_series(1, {EVENTS}) AS i))"""
BATCH = 100
STORE = ("SELECT stored FROM analytics_ingest_kafka('live', 'live', 0, %(epoch)s, %(offset)s, %(next)s, "
         "(SELECT array_agg(ops.event('live ' || i, '2023-04-05T06:07:08Z', 'zenith')) "
         "FROM generate_series(%(offset)s, %(next)s - 1) AS i), "
         "ARRAY(SELECT generate_series(%(offset)s::bigint, %(next)s - 1)))")
ASK = ("SELECT analytics_summary(60, '2023-04-05T07:00:00Z')", "SELECT count(*) FROM analytics_recent(50)",
       "SELECT count(*) FROM analytics_histogram('2023-04-01Z', '2023-05-01Z', '1 day')")


class Worker(threading.Thread):
    """Calls step(number) until it is stopped; done counts, longest is the slowest call in seconds."""

    def __init__(self, step):
        super().__init__(daemon=True)
        self.step, self.stopping, self.done, self.longest, self.fault = step, False, 0, 0.0, None
        self.start()

    def run(self):
        try:
            while not self.stopping:
                begun = time.monotonic()
                self.step(self.done)
                self.longest = max(self.longest, time.monotonic() - begun)
                self.done += 1
        except Exception as error:
            self.fault = error

    def await_steps(self, count):
        due = self.done + count
        place.eventually(lambda: self.fault or self.done >= due, timeout=120, what=f"{count} steps")
        assert self.fault is None, self.fault

    def stop(self):
        self.stopping = True
        self.join()
        assert self.fault is None, self.fault


@contextlib.contextmanager
def session(database):
    with contextlib.closing(database.connect()) as connection, connection.cursor() as cursor:
        yield cursor


@pytest.mark.parametrize("version", releases.earlier())
def test_update_at_work(released, version):
    old = released(version)
    assert old.sql(PILE) == EVENTS
    before_update = tables.columns(old)
    [(epoch, first)] = old.rows("SELECT * FROM analytics_claim_partition('live', 'live', 0, 'host:9', 0)")
    with session(old) as ingestor, session(old) as dashboard:
        def store(number):
            offset = first + number * BATCH
            ingestor.execute(STORE, {"epoch": epoch, "offset": offset, "next": offset + BATCH})
            assert ingestor.fetchone() == (BATCH,)

        def ask(number):
            dashboard.execute(ASK[number % len(ASK)])
            assert dashboard.fetchone()[0]

        workers = [Worker(store), Worker(ask)]
        for worker in workers:
            worker.await_steps(20)
        before = [worker.longest for worker in workers]
        for worker in workers:
            worker.longest = 0.0
        begun = time.monotonic()
        old.sql("ALTER EXTENSION analytics_events UPDATE")
        took = time.monotonic() - begun
        for worker in workers:
            worker.await_steps(20)
            worker.stop()
        print(f"\nthe update took {took:.3f} s; the ingestor's longest call before it {before[0]:.3f} s, since then "
              f"{workers[0].longest:.3f} s; the dashboard's {before[1]:.3f} s and {workers[1].longest:.3f} s")
    stored = workers[0].done * BATCH
    assert old.sql("SELECT count(*) FROM analytics_events WHERE occurred_at = '2023-04-05T06:07:08Z' "
                   "AND tenant_id = 'zenith'") == stored
    assert old.sql("SELECT next_offset, stored FROM analytics_kafka_offsets WHERE consumer_group = 'live'") == (
        first + stored, stored)
    assert old.rows(use.VERIFY) == []
    tables.take_back_default_privileges(old, before_update)
    fresh = released()
    tables.grant_again(fresh, old)
    catalogue.same(*(catalogue.comparable(database.fingerprint()) for database in (fresh, old)))
