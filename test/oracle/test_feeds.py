"""Feeds: replaying a feed, from whatever position and however often it is interrupted, gives exactly the table.

One driver takes random steps in several sessions, whose transactions stay open for a random time: events are inserted,
updated, deleted, upserted, moved to another key, tenant or type, ingested, truncated, and dropped with their partition.
Some are stored once and never touched again. Ticks and readers come between the steps. A reader begins anywhere, reads
pages of a random size, and now and then forgets what it has read since some earlier position. Every version of an event
has a number of its own.
"""
import collections
import concurrent.futures
import json
import pathlib
import random
import threading
from time import sleep

import psycopg2
import psycopg2.errors

import projected

SESSIONS = 5
READERS = 6
TYPES = ("a", "b", "c")
TENANTS = (None, "t", "u")
PROJECTED = (projected.HOURLY, projected.MONTHLY, projected.CROWDED)  # feeds of the same names
FOLD = ("SELECT _analytics_fold_bucket(b.projection, b.bucket_start, b.tenant_id) FROM (SELECT DISTINCT projection, "
        "bucket_start, tenant_id FROM analytics_projection_bags) AS b")
FEEDS = {"all": lambda row: True, "late": lambda row: True, "some": lambda row: row["eventType"] in ("a", "b"),
         "theirs": lambda row: row["tenantId"] == "t",
         "both": lambda row: row["tenantId"] == "t" and row["eventType"] == "a"}
COUNTED = {"counted": "all", "counted.some": "some", "counted.theirs": "theirs", "counted.both": "both"}
FILTERS = {"some": ("{a,b}", None), "theirs": (None, "t"), "both": ("{a}", "t")}  # types and tenant
BEGINNINGS = {"all": "beginning", "some": "beginning", "theirs": "beginning", "both": "beginning", "late": "now"}
REFUSALS = (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected, psycopg2.errors.SerializationFailure,
            psycopg2.errors.UniqueViolation)
PLAIN = pathlib.Path(__file__).with_name("plain_feed.sql").read_text()
READ = ('SELECT "position", operation, occurred_at::text, id::text, event_type, tenant_id, value::text '
        "FROM {}_feed(%s, %s, %s)")
KEYS = [(f"00000000-0000-4000-8000-{number:012}", f"2026-0{1 + number % 3}-1{number % 2} 12:00:00+00")
        for number in range(60)]


class Writer:
    """A session whose transaction is open for some steps. changed: what its transaction has done to each key."""

    def __init__(self, connection, rng, driver):
        self.connection, self.rng, self.driver = connection, rng, driver
        self.cursor = connection.cursor()
        self.cursor.execute("SET lock_timeout = '20ms'; SET TimeZone = 'UTC'")
        self.open = False
        self.changed = collections.Counter()

    def step(self):
        if not self.open:
            level = self.rng.choices(("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"), (8, 1, 1))[0]
            self.cursor.execute(f"BEGIN ISOLATION LEVEL {level}")
            self.open, self.changed = True, collections.Counter()
        elif self.rng.random() < 0.3:
            return self.end("COMMIT" if self.rng.random() < 0.85 else "ROLLBACK")
        before = self.changed.copy()
        self.cursor.execute("SAVEPOINT s")
        try:
            self.act()
            if self.rng.random() < 0.1:
                self.cursor.execute("ROLLBACK TO s")
                self.changed = before
        except REFUSALS:
            self.cursor.execute("ROLLBACK TO s")
            self.changed = before

    def end(self, how):
        try:
            self.cursor.execute(how)
        except REFUSALS:
            how = "ROLLBACK"
        if how == "COMMIT":
            self.driver.committed.update(self.changed)
        self.open = False

    def act(self):
        acts = {self.insert: 6, self.add: 2, self.upsert: 4, self.update: 6, self.delete: 4, self.move: 1,
                self.ingest: 2, self.truncate: 0.15, self.drop: 0.15}
        self.rng.choices(list(acts), list(acts.values()))[0]()

    def note(self, changes=1):
        for id_, time in self.cursor.fetchall():
            self.changed[id_, time] += changes

    def version(self):
        self.driver.version += 1
        return json.dumps({"v": self.driver.version, "n": self.rng.choice((1, 2.50, "x", None)),
                           "plan": self.rng.choice(("free", "pro", None, 7)), "level": self.rng.choice((1, 1.0, 2e3))})

    def some_keys(self):
        return self.rng.sample(KEYS, self.rng.choice((1, 1, 2, 8)))

    def insert(self):
        for id_, time in self.some_keys():
            self.cursor.execute(
                "INSERT INTO analytics_events (id, occurred_at, event_type, source, tenant_id, payload) "
                "VALUES (%s, %s, %s, 's', %s, %s) ON CONFLICT DO NOTHING RETURNING id::text, occurred_at::text",
                (id_, time, self.rng.choice(TYPES), self.rng.choice(TENANTS), self.version()))
            self.note()

    def add(self):
        id_ = f"11111111-0000-4000-8000-{self.driver.version:012}"
        self.driver.added.add(id_)
        self.cursor.execute(
            "INSERT INTO analytics_events (id, occurred_at, event_type, source, tenant_id, payload) "
            "VALUES (%s, %s, %s, 's', %s, %s)",
            (id_, self.rng.choice(KEYS)[1], self.rng.choice(TYPES), self.rng.choice(TENANTS), self.version()))

    def upsert(self):
        for id_, time in self.some_keys():
            self.cursor.execute(
                "INSERT INTO analytics_events (id, occurred_at, event_type, source, tenant_id, payload) "
                "VALUES (%s, %s, %s, 's', %s, %s) ON CONFLICT (occurred_at, id) DO UPDATE "
                "SET payload = excluded.payload, event_type = excluded.event_type "
                "RETURNING id::text, occurred_at::text",
                (id_, time, self.rng.choice(TYPES), self.rng.choice(TENANTS), self.version()))
            self.note(2)

    def update(self):
        ids = [id_ for id_, _ in self.some_keys()]
        what = self.rng.choice(("payload = payload || %(v)s", "payload = payload || %(v)s, tenant_id = %(tenant)s",
                                "payload = payload || %(v)s, event_type = %(type)s"))
        self.cursor.execute(
            f"UPDATE analytics_events SET {what} WHERE id::text = ANY (%(ids)s) RETURNING id::text, occurred_at::text",
            {"ids": ids, "v": self.version(), "tenant": self.rng.choice(TENANTS), "type": self.rng.choice(TYPES)})
        self.note(2)

    def delete(self):
        self.cursor.execute("DELETE FROM analytics_events WHERE id::text = ANY (%s) "
                            "RETURNING id::text, occurred_at::text", ([id_ for id_, _ in self.some_keys()],))
        self.note()

    def move(self):
        """To another key, and so to another partition."""
        (id_, time), (_, other) = self.rng.sample(KEYS, 2)
        self.cursor.execute("UPDATE analytics_events SET occurred_at = %s WHERE id = %s AND occurred_at = %s "
                            "RETURNING id::text, occurred_at::text", (other, id_, time))
        self.note()
        self.changed[id_, time] += 1

    def ingest(self):
        records = [json.dumps({"eventType": self.rng.choice(TYPES), "source": "s",
                               "occurredAt": self.rng.choice(KEYS)[1], "eventId": str(self.rng.randrange(40)),
                               "payload": {"v": self.driver.version}}).encode()
                   for _ in range(self.rng.choice((1, 5, 40)))]
        self.cursor.execute("SELECT stored FROM analytics_ingest(%s)",
                            ([psycopg2.Binary(record) for record in records],))

    def truncate(self):
        self.changed.update(KEYS)
        self.cursor.execute("TRUNCATE " + self.rng.choice(("analytics_events", "analytics_events_2026_02")))

    def drop(self):
        """As retention drops it, and the partition comes again."""
        self.cursor.execute("SELECT _analytics_drop_partition('analytics_events_2026_01', '2026-02-01Z'); "
                            "SELECT analytics_create_partition('2026-01-01Z', '1 month')")


class Reader:
    """Replays a feed into a table of its own."""

    def __init__(self, cursor, rng, driver):
        self.cursor, self.rng, self.driver = cursor, rng, driver
        self.begin()

    def begin(self):
        self.feed = self.rng.choice(list(FEEDS))
        self.position = None
        self.rows, self.puts = {}, collections.Counter()
        self.from_beginning = BEGINNINGS[self.feed] == "beginning" or self.rng.random() < 0.5
        if self.from_beginning:
            self.position = "beginning"
        self.saved = self.state()

    def state(self):
        return self.position, dict(self.rows), self.puts.copy()

    def step(self):
        chance = self.rng.random()
        if chance < 0.03:
            self.begin()
        elif chance < 0.08:
            self.position, self.rows, self.puts = self.saved[0], dict(self.saved[1]), self.saved[2].copy()
        elif chance < 0.15:
            self.saved = self.state()
        self.read(self.rng.choice((1, 2, 7, 1000)))

    def read(self, max_rows):
        answer = self.answer(max_rows)
        positions = [row[0] for row in answer]
        assert len(set(positions)) == len(positions) and self.position not in positions
        assert len([row for row in answer if row[1]]) <= max_rows
        for place, (position, operation, time, id_, _, _, value) in enumerate(answer):
            key = (id_, time)
            value = value and json.loads(value)
            if operation == "put":
                assert FEEDS[self.feed](value)
                before = self.rows.get(key)
                assert before is None or before["payload"]["v"] <= value["payload"]["v"], "an earlier version is later"
                self.rows[key] = value
                self.puts[key] += 1
                assert self.puts[key] == 1 or id_ not in self.driver.added, "what is stored once comes twice"
            elif operation == "delete":
                self.rows.pop(key, None)
            elif operation == "drop":
                start, end = value["rangeStart"], value["rangeEnd"]
                self.rows = {k: row for k, row in self.rows.items() if not start <= row["occurredAt"] < end}
            else:
                assert place == len(answer) - 1 and (operation, value) == (None, None)
            self.position = position
        return bool(answer)

    def answer(self, max_rows):
        """It is the same as in plain SQL in the same snapshot, also for a reader with fewer rights."""
        self.cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        try:
            if self.rng.random() < 0.3:
                self.cursor.execute("SET LOCAL ROLE restricted")
                self.same_answer(max_rows)
                self.cursor.execute("RESET ROLE")
            return self.same_answer(max_rows)
        finally:
            self.cursor.execute("ROLLBACK")

    def same_answer(self, max_rows):
        self.cursor.execute(READ.format("plain.read"), (self.feed, self.position, max_rows))
        plain = self.cursor.fetchall()
        self.cursor.execute(READ.format("analytics_read"), (self.feed, self.position, max_rows))
        answer = self.cursor.fetchall()
        assert answer == plain
        return answer

    def check(self):
        self.cursor.execute(
            "SELECT e.id::text, e.occurred_at::text, _analytics_event_json(ROW(e.id, e.event_type, e.source, "
            "e.occurred_at, e.ingested_at, e.tenant_id, e.payload)::analytics_event) FROM analytics_events AS e")
        table = {(id_, time): row for id_, time, row in self.cursor.fetchall() if FEEDS[self.feed](row)}
        if self.from_beginning:
            assert self.rows == table
        else:  # what has not changed since the feed began is not in it
            assert self.rows.items() <= table.items()
        for key in KEYS:
            puts, changes = self.puts[key], self.driver.committed[key]
            assert puts <= max(changes, 1), f"{key} is put {puts} times, and was changed {changes} times"


class ProjectionReader:
    """Replays a projection's feed, keyed as a compacted topic is."""

    def __init__(self, cursor, rng):
        self.cursor, self.rng = cursor, rng
        self.feed = rng.choice(PROJECTED)
        self.position, self.rows = "beginning", {}

    def step(self):
        self.read(self.rng.choice((1, 2, 7, 1000)))

    def read(self, max_rows):
        self.cursor.execute('SELECT "position", operation, value::text, key::text FROM analytics_read_feed(%s, %s, %s)',
                            (self.feed, self.position, max_rows))
        answer = self.cursor.fetchall()
        keys = [key for _, operation, _, key in answer if operation]
        assert len(set(keys)) == len(keys) <= max_rows, "a page has each row once"
        for self.position, operation, value, key in answer:
            if operation == "put":
                assert value.startswith(key[:-1] + ",")
                self.rows[key] = json.loads(value)
            elif operation == "delete":
                self.rows.pop(key, None)
        return bool(answer)

    def check(self):
        self.cursor.execute("SELECT p.item FROM _analytics_projection_page(%s, 1000000) AS p", (self.feed,))
        view = sorted((row for row, in self.cursor.fetchall()), key=json.dumps)
        assert sorted(self.rows.values(), key=json.dumps) == view


class CountsReader(ProjectionReader):
    """Replays a feed of counts, which is what the bags add up to. It is what GROUP BY says, but for January, whose
    counts stay when it is dropped."""
    COUNTS = ("SELECT json_build_object('minute', _analytics_instant_text(c.minute), 'tenantId', c.tenant_id, "
              "'eventType', c.event_type, 'count', sum(c.count)) FROM {} GROUP BY c.minute, c.tenant_id, c.event_type "
              "HAVING sum(c.count) <> 0")
    BAGS = ("(SELECT b.*, r.tenant_id FROM analytics_rollup_tenants AS r "
            "CROSS JOIN analytics_bag_cells(r.hour, r.cells) AS b) AS c")
    EVENTS = "(SELECT date_trunc('minute', occurred_at) AS minute, e.*, 1 AS count FROM analytics_events AS e) AS c"

    def __init__(self, cursor, rng):
        super().__init__(cursor, rng)
        self.feed = rng.choice(list(COUNTED))

    def counts(self, source):
        self.cursor.execute(self.COUNTS.format(source))
        return sorted((row for row, in self.cursor.fetchall() if FEEDS[COUNTED[self.feed]](row)), key=json.dumps)

    def check(self):
        rows = sorted(self.rows.values(), key=json.dumps)
        assert rows == self.counts(self.BAGS)
        later = [row for row in rows if row["minute"] >= "2026-02"]
        assert later == [row for row in self.counts(self.EVENTS) if row["minute"] >= "2026-02"]


class Driver:
    def __init__(self):
        self.version = 0
        self.committed = collections.Counter()
        self.added = set()


def test_replaying_gives_the_table(connect, steps, seed):
    print(f"ORACLE_SEED={seed} ORACLE_STEPS={steps}")
    rng = random.Random(f"feeds {seed}")
    driver = Driver()
    cursor = connect().cursor()
    cursor.execute("SET TimeZone = 'UTC'; SET lock_timeout = '20ms'; SELECT analytics_create_partition(m, '1 month') "
                   "FROM generate_series('2026-01-01Z'::timestamptz, '2026-03-01Z', '1 month') AS m")
    cursor.execute(PLAIN)
    writers = [Writer(connect(), random.Random(f"{seed} {number}"), driver) for number in range(SESSIONS)]
    for feed, since in BEGINNINGS.items():
        if feed == "late":
            continue
        cursor.execute("CALL analytics_create_feed(%s, event_types => %s, tenant_id => %s, since => %s)",
                       (feed, *FILTERS.get(feed, (None, None)), since))
    for _ in range(40):
        writers[0].step()
    writers[0].end("COMMIT")
    cursor.execute("CALL analytics_create_feed('late', since => 'now')")
    for projection in PROJECTED:
        cursor.execute("CALL analytics_create_feed(%s, %s)", (projection, projection))
    for feed, wanted in COUNTED.items():
        cursor.execute("CALL analytics_create_feed(%s, 'counts', event_types => %s, tenant_id => %s)",
                       (feed, *FILTERS.get(wanted, (None, None))))
    readers = [Reader(cursor, rng, driver) for _ in range(READERS)]
    readers += [ProjectionReader(cursor, rng) for _ in range(READERS)]
    readers += [CountsReader(cursor, rng) for _ in range(READERS)]

    for _ in range(steps * 4):
        chance = rng.random()
        try:
            if chance < 0.01:
                cursor.execute("SELECT analytics_rebuild()")
            elif chance < 0.6:
                rng.choice(writers).step()
            elif chance < 0.7:
                cursor.execute("SELECT analytics_tick()")
            else:
                rng.choice(readers).step()
        except psycopg2.errors.LockNotAvailable:
            pass  # a transaction that truncates holds the tables

    for writer in writers:
        if writer.open:
            writer.end("COMMIT")
    cursor.execute(FOLD)  # what was displaced into "other" is deleted when the bags are folded
    while cursor.execute("SELECT analytics_tick()") or cursor.fetchone()[0]:
        pass
    for reader in readers:
        while reader.read(rng.choice((3, 1000))):
            pass
        reader.check()


def test_the_past_comes_once_while_others_write(connect, seed):
    """Real concurrency: writers, two tickers and a reader from the beginning. Nothing is ever changed."""
    print(f"ORACLE_SEED={seed}")
    store = ("INSERT INTO analytics_events (event_type, source, occurred_at, payload) SELECT 'a', 's', "
             "'2026-01-01Z'::timestamptz + %s * random() * interval '89 days', '{}' FROM generate_series(1, %s)")
    cursor = connect().cursor()
    cursor.execute("SELECT analytics_create_partition(m, '1 month') "
                   "FROM generate_series('2026-01-01Z'::timestamptz, '2026-03-01Z', '1 month') AS m")
    cursor.execute(store, (1, 20000))
    cursor.execute("CALL analytics_create_feed('all')")
    over = threading.Event()

    def write(connection, rng):
        with connection.cursor() as writer:
            while not over.is_set():
                writer.execute("BEGIN")
                for _ in range(rng.choice((1, 1, 3))):
                    writer.execute(store, (rng.random(), rng.choice((1, 5, 60))))
                    sleep(rng.choice((0, 0, 0.001, 0.05)))
                writer.execute("COMMIT")

    def tick(connection):
        with connection.cursor() as ticker:
            while not over.is_set():
                ticker.execute("SELECT analytics_tick()")
                sleep(0.003)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        work = [pool.submit(write, connect(), random.Random(f"{seed} {number}")) for number in range(3)]
        work += [pool.submit(tick, connect()) for _ in range(2)]
        try:
            puts, position = read_on(cursor, collections.Counter(), "beginning", pages=60)
        finally:
            over.set()
        for each in work:
            each.result()
    while cursor.execute("SELECT analytics_tick()") or cursor.fetchone()[0]:
        pass
    puts, _ = read_on(cursor, puts, position)
    cursor.execute("SELECT occurred_at, id FROM analytics_events")
    stored = cursor.fetchall()
    assert len(stored) > 20000 and set(puts) == set(stored) and set(puts.values()) == {1}


def read_on(cursor, puts, position, pages=10**9):
    """Counts how often each event is put, and returns the position behind."""
    for _ in range(pages):
        cursor.execute('SELECT "position", operation, occurred_at, id FROM analytics_read_feed(%s, %s, 500)',
                       ("all", position))
        answer = cursor.fetchall()
        if not answer and pages == 10**9:
            break
        assert {operation for _, operation, _, _ in answer} <= {"put", None}
        puts.update((time, id_) for _, operation, time, id_ in answer if operation)
        position = answer[-1][0] if answer else position
    return puts, position
