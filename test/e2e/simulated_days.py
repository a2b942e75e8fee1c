"""Days that pass in seconds: tenants' events come, analytics_maintain runs at midnight by a clock that is given to it,
and probers write and read all the time: also into a partition that is about to be dropped.

    with Simulation(database, tenants=50) as days:
        days.run(730)
    days.sizes      table → its bytes on each day
    days.probes     name → (milliseconds, whether maintenance ran) of every probe
    days.waits()    lines of the server's log: who but maintenance itself waited for a lock for 100 ms

autovacuum can't keep up with a clock that is some hundred thousand times too fast, so after each day VACUUM is called
where autovacuum's rule asks for it.
"""
import collections
import contextlib
import datetime
import json
import re
import threading
import time

UTC = datetime.timezone.utc
DAY = datetime.timedelta(days=1)
RULES = """
INSERT INTO analytics_retention (name, position, event_types, tenant_id, keep, keep_counts) VALUES
    ('debug', 1, '{debug}', NULL, '7 days', NULL), ('one tenant', 2, NULL, 'tenant-1', '30 days', NULL),
    ('all', 3, NULL, NULL, '60 days', true);
INSERT INTO analytics_retention (name, what, keep) VALUES
    ('counts', 'counts', '180 days'), ('dead letters', 'dead_letters', '60 days'),
    ('replayed', 'replayed_dead_letters', '14 days'), ('keys', 'untimed_keys', '30 days')"""
# The tables that autovacuum would clean now, but for our tables of bags by PostgreSQL's default settings.
DIRTY = """
SELECT s.relid::regclass::text FROM pg_stat_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid
WHERE s.n_dead_tup > CASE WHEN s.relname ~ 'rollup|bags' THEN 1000 + 0.01 * c.reltuples
                          ELSE 50 + 0.2 * c.reltuples END
    OR s.n_ins_since_vacuum > 1000 + 0.2 * c.reltuples"""


class LockWaits:
    """What the server logs about sessions of a database that wait for a lock for 100 ms. Make it before these."""

    def __init__(self, server, database):
        self._server, self._database = server, database
        for setting in ("log_lock_waits = on", "deadlock_timeout = '100ms'"):
            server.sql(f"ALTER DATABASE {database.name} SET {setting}")
        self._position = server.log_size()

    def but_of(self, processes):
        """The lines about other processes than these."""
        lines = [line for line in self._server.log_since(self._position).splitlines()
                 if f"@{self._database.name} " in line]
        waits = {line: re.search(r"process (\d+) still waiting for", line) for line in lines}
        return [line for line, wait in waits.items() if wait and int(wait[1]) not in processes]


class Simulation:
    def __init__(self, server, database, tenants, scale=1.0, start=datetime.datetime(2024, 1, 1, tzinfo=UTC)):
        """scale: of the rules' times; below one, partitions are days and not months."""
        self.database, self.tenants, self.scale = database, tenants, scale
        self._lock_waits = LockWaits(server, database)
        self.now = start
        self.days = 0
        self.sizes = collections.defaultdict(list)
        self.rows = collections.defaultdict(list)
        self.parts = collections.Counter()  # seconds by part
        self.maintained = []  # seconds by day
        self.probes = collections.defaultdict(list)
        self.maintaining = False
        self._stop = threading.Event()
        self._threads = []
        self._faults = []

    def __enter__(self):
        if self.scale < 1:
            self.database.sql(f"ALTER DATABASE {self.database.name} SET analytics.partition_interval = 'day'")
        self.connection = self.database.connect()
        self.cursor = self.connection.cursor()
        self._cleaner = self.database.connect()
        self.cursor.execute(RULES)
        self.cursor.execute("UPDATE analytics_retention SET keep = keep * %s", (self.scale,))
        self.cursor.execute("CALL analytics_create_projection('daily', dimensions => '{\"k\": [\"k\"]}', "
                            "measures => '{\"n\": [\"n\"]}', bucket => '1 day')")
        for probe in (self._write, self._write_old, self._read, self._summarise):
            thread = threading.Thread(target=self._probe, args=(probe,))
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, error, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if error is None:
            self._maintain()  # what the probers wrote last
        self.connection.close()
        self._cleaner.close()
        assert not self._faults, self._faults[0]

    def run(self, days):
        for _ in range(days):
            self._pass()
            self._maintain()

    def _records(self):
        for hour in range(24):
            for tenant in range(self.tenants):
                kind = ("order", "page", "debug", "audit")[(hour + tenant) % 4]
                at = self.now + datetime.timedelta(hours=hour, minutes=7 * tenant % 60)
                yield json.dumps({"eventType": kind, "source": "s", "tenantId": f"tenant-{tenant}",
                                  "occurredAt": at.isoformat(), "eventId": f"{at}-{tenant}",
                                  "payload": {"k": tenant % 3, "n": hour}}).encode()

    def _pass(self):
        """A day's events, in batches as an ingestor brings them; events without a time; dead letters."""
        records = list(self._records())
        for first in range(0, len(records), 500):
            self.cursor.execute("SELECT stored FROM analytics_ingest(%s::bytea[])", (records[first:first + 500],))
        untimed = [json.dumps({"eventType": "order", "source": "s", "eventId": f"untimed-{self.now}-{n}", "payload": {}}
                              ).encode() for n in range(self.tenants)]
        self.cursor.execute("SELECT count(*) FROM _analytics_ingest_again(%s::bytea[], array_fill(%s, ARRAY[%s]))",
                            (untimed, self.now, self.tenants))
        self.cursor.execute(
            "INSERT INTO analytics_dead_letters (reason, value, received_at, replayed_at) SELECT 'invalid_json', "
            "convert_to(repeat('x', 300), 'UTF8'), %s, CASE WHEN n %% 2 = 0 THEN now() END "
            "FROM generate_series(1, %s) AS n", (self.now, self.tenants))
        self.now += DAY
        self.days += 1

    def _maintain(self):
        self.maintaining = True
        begun = time.monotonic()
        self.cursor.execute("CALL analytics_maintain(%s)", (self.now,))
        self.maintained.append(time.monotonic() - begun)
        self.maintaining = False
        self.cursor.execute("SELECT part, seconds FROM analytics_maintenance")
        self.parts.update({part: float(seconds) for part, seconds in self.cursor.fetchall()})
        self.cursor.execute("SELECT pg_stat_force_next_flush()")
        self.cursor.execute(DIRTY)
        for table, in self.cursor.fetchall():
            with contextlib.suppress(Exception):  # it may be dropped, or autovacuum be there
                self._cleaner.cursor().execute(f"VACUUM (SKIP_LOCKED, ANALYZE) {table}")
        self.cursor.execute("SELECT table_name, rows, bytes FROM analytics_sizes(%s)", (self.now,))
        for name, rows, size in self.cursor.fetchall():
            self.sizes[name].append(size)
            self.rows[name].append(rows)

    def _probe(self, probe):
        number = 0
        try:
            with contextlib.closing(self.database.connect()) as connection, connection.cursor() as cursor:
                while not self._stop.wait(0.02):
                    number += 1
                    before = self.maintaining
                    begun = time.monotonic()
                    probe(cursor, number)
                    self.probes[probe.__name__].append((1000 * (time.monotonic() - begun), before or self.maintaining))
        except Exception as error:
            self._faults.append(error)

    def waits(self):
        own = {connection.info.backend_pid for connection in (self.connection, self._cleaner)}
        return self._lock_waits.but_of(own)

    def _write(self, cursor, number):
        self._store(cursor, self.now, number, f"tenant-{number % self.tenants}")

    def _write_old(self, cursor, number):
        """On the day on which its partition is dropped."""
        self._store(cursor, self.now - (60 * self.scale + 1) * DAY, number, "tenant-0")

    def _store(self, cursor, hour, number, tenant):
        at = (hour + datetime.timedelta(seconds=number % 3600)).isoformat()
        event = {"eventType": "probe", "source": "s", "tenantId": tenant, "occurredAt": at,
                 "eventId": f"probe-{number}-{at}", "payload": {}}
        cursor.execute("SELECT stored FROM analytics_ingest(%s::bytea[])", ([json.dumps(event).encode()],))

    def _read(self, cursor, number):
        cursor.execute("SELECT count(*) FROM (SELECT 1 FROM analytics_events WHERE occurred_at >= %s LIMIT 100) AS e",
                       (self.now - datetime.timedelta(hours=1),))

    def _summarise(self, cursor, number):
        cursor.execute("SELECT analytics_summary(60, %s)", (self.now,))

    def report(self):
        """What happened, as lines."""
        yield (f"{self.days} days, {self.tenants} tenants; analytics_maintain took {max(self.maintained):.2f} s at "
               f"most, {sum(self.maintained) / len(self.maintained):.2f} s on average")
        yield "seconds a day by part: " + ", ".join(
            f"{part} {seconds / self.days:.3f}" for part, seconds in self.parts.most_common())
        for name, probes in sorted(self.probes.items()):
            for during in (True, False):
                times = sorted(ms for ms, maintaining in probes if maintaining == during) or [0]
                yield (f"{name} {'during maintenance' if during else 'at other times'}: {len(times)} probes, "
                       f"median {times[len(times) // 2]:.1f} ms, 99.9 % {times[int(len(times) * 0.999)]:.1f} ms, "
                       f"longest {times[-1]:.1f} ms")
        quarter = max(1, self.days // 8)
        for name, sizes in sorted(self.sizes.items(), key=lambda item: -max(item[1])):
            yield f"{name}: KiB at the end of each eighth: " + ", ".join(
                str(size // 1024) for size in sizes[quarter - 1::quarter])
