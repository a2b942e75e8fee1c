"""One pass of events into a fresh database, after a checkpoint: timed, weighed, and proved.

A pass whose database does not hold what it must is no measurement: it raises RigError, and the run fails.
"""
import contextlib
import itertools
import os
import pathlib
import random
import re
import subprocess
import sys
import threading

import costs
import psycopg2
import turns

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from data import contracts  # noqa: E402
from rig import place  # noqa: E402

FOLDER = place.LOCAL / "bench"
STOPWATCH = place.LOCAL / "build" / "bench" / "ingest_bench"
DATABASE = "bench"
BATCH = 5_000
EXTENSION = "CREATE EXTENSION analytics_events"
UNCOUNTED = f"{EXTENSION}; ALTER TABLE analytics_events DISABLE TRIGGER USER"  # partitions to come take that over
CONTRACTED = f"{EXTENSION}; {contracts.statement('enforce')}"
FED = (f"{EXTENSION}; SELECT _analytics_register_feed('f', 'events', NULL, NULL, NULL, 'id', 'event', 'now', "
       "'1 day', '1 s'); "
       "SELECT _analytics_start_feed('f')")
TENANT = re.compile(rb'"tenantId":"[^"]*"')
FEW, MANY = 400, 40_000  # tenants
BARE = "CREATE TABLE bare (event jsonb)"
STORED = "SELECT count(*) FROM {table}"
COUNTED = """SELECT sum(count), (SELECT count(*) FROM analytics_dead_letters)
    FROM analytics_counts('2026-01-01', '2026-12-31')"""
JUDGED = "SELECT sum(stored), sum(duplicates), sum(dead_lettered), sum(skipped) FROM analytics_kafka_offsets"
SIZES = """SELECT sum(pg_table_size(c.oid)), sum(pg_indexes_size(c.oid)) FROM pg_class AS c
    WHERE c.relkind = 'r' AND (c.relname = '{table}' OR EXISTS (
        SELECT FROM pg_inherits AS i WHERE i.inhrelid = c.oid AND i.inhparent = to_regclass('{table}')))"""


def events(count):
    """The file of so many events, made once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"events-{count}.ndjson"
    if not path.exists():
        turns.say(f"making {count} events")
        maker = pathlib.Path(__file__).with_name("make_events.py")
        subprocess.run([sys.executable, maker, str(count), path], check=True)
    return path


def events_of(tenants, count):
    """The file of so many events, each of one of so many tenants, in no order; made once. Two in five of events() have
    a tenant."""
    path = FOLDER / f"events-{count}-of-{tenants}.ndjson"
    if not path.exists():
        drawn = random.Random(tenants)
        with open(events(3 * count), "rb") as lines, open(path, "wb") as out:
            out.writelines(itertools.islice(
                (TENANT.sub(b'"tenantId":"tenant-%d"' % drawn.randrange(tenants), line)
                 for line in lines if TENANT.search(line)), count))
    return path


@contextlib.contextmanager
def fresh(server, preparation):
    """A database of its own for one pass."""
    server.sql(f"CREATE DATABASE {DATABASE}")
    try:
        server.sql(preparation, DATABASE)
        server.sql("CHECKPOINT", DATABASE)
        yield
    finally:
        server.sql(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def prove(server, count, table="analytics_events", counted=True, judged=True):
    """That all events are stored; counted: that the rollups say so, and nothing is a dead letter; judged: that the
    offsets say so."""
    expected = {STORED.format(table=table): str(count)}
    if counted:
        expected[COUNTED] = f"{count}|0"
    if judged:
        expected[JUDGED] = f"{count}|0|0|0"
    for query, answer in expected.items():
        found = server.sql(query, DATABASE)
        if found != answer:
            raise place.RigError(f"{query} gives {found}, not {answer}")


@contextlib.contextmanager
def weighed(server, table="analytics_events"):
    """A Cost to be given its seconds: what the server spends on it meanwhile, and what lies in the table then."""
    cost = costs.Cost(0)
    lsn, cpu = server.sql("SELECT pg_current_wal_insert_lsn()"), costs.family_cpu_seconds(server.process.pid)
    yield cost
    cost.server_cpu = costs.family_cpu_seconds(server.process.pid) - cpu
    cost.wal_bytes = int(server.sql(f"SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '{lsn}')"))
    sizes = server.sql(SIZES.format(table=table), DATABASE)
    cost.heap_bytes, cost.index_bytes = map(int, sizes.split("|"))


def stopwatch(server, arguments, each_line=lambda line: None):
    """Runs ingest_bench; returns what it printed last, in seconds, and its own processor time."""
    command, last = [STOPWATCH, *map(str, arguments)], None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1,
                          env={**os.environ, **server.environment(DATABASE)}) as running:
        for line in running.stdout:
            last = line
            each_line(line)
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise place.RigError(f"{' '.join(map(str, command))} failed")
    return float(last), used.ru_utime + used.ru_stime


def one(server, preparation, arguments, count, table="analytics_events", **proof):
    """A pass of ingest_bench over one connection."""
    with fresh(server, preparation):
        with weighed(server, table) as cost:
            cost.seconds, cost.client_cpu = stopwatch(server, arguments)
        prove(server, count, table, **proof)
        return cost


def copy(server, path, count):
    return one(server, BARE, ["copy", path], count, table="bare", counted=False, judged=False)


def ingest(server, path, count):
    return one(server, EXTENSION, ["ingest", path, BATCH], count)


def uncounted(server, path, count):
    """The same without the triggers that keep the rollups."""
    return one(server, UNCOUNTED, ["ingest", path, BATCH], count, counted=False)


def contracted(server, path, count):
    """The same with each event judged by its type's contract."""
    return one(server, CONTRACTED, ["ingest", path, BATCH], count)


def fed(server, path, count):
    """The same with a feed that wants each event."""
    return one(server, FED, ["ingest", path, BATCH], count)


def few_tenants(server, _, count):
    """The same with events of few tenants."""
    return ingest(server, events_of(FEW, count), count)


def many_tenants(server, _, count):
    """The same with events of so many tenants that most of a batch's have one event each."""
    return ingest(server, events_of(MANY, count), count)


class Dashboard(threading.Thread):
    """Asks for the summary of the last hour once a second, as a page that somebody looks at does."""

    SUMMARY = "SELECT analytics_summary(60, coalesce((SELECT last_event_at FROM _analytics_freshness()), now()))"

    def __init__(self, server):
        super().__init__()
        self.url = server.url(DATABASE)
        self.milliseconds = []
        self.error = None
        self._enough = threading.Event()

    def run(self):
        try:
            with contextlib.closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
                connection.autocommit = True
                while not self._enough.wait(1):
                    self.milliseconds.append(turns.timed(cursor, self.SUMMARY))
        except psycopg2.Error as error:
            self.error = error

    def stop(self):
        self._enough.set()
        self.join()
        if self.error:
            raise place.RigError(f"the dashboard: {self.error}")


def polled(server, path, count):
    """Ingest beside a dashboard."""
    with fresh(server, EXTENSION):
        dashboard = Dashboard(server)
        dashboard.start()
        try:
            with weighed(server) as cost:
                cost.seconds, cost.client_cpu = stopwatch(server, ["ingest", path, BATCH])
        finally:
            dashboard.stop()
        prove(server, count)
        cost.answers_ms = dashboard.milliseconds
        return cost
