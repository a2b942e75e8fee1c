"""A reader takes in the past of a feed while sessions store, change and delete events: each event comes once.

PAST_EVENTS makes it smaller. It prints how long the past took, and how much changed meanwhile.
"""
import collections
import concurrent.futures
import json
import os
import random
import secrets
import threading
import time

import psycopg2
import pytest

EVENTS = int(os.environ.get("PAST_EVENTS", 1_000_000))
RECORDERS, CHANGERS = 2, 2
PAGE = 5_000
STORE = """
INSERT INTO analytics_events (id, occurred_at, event_type, source, tenant_id, payload)
SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '2026-01-01Z'::timestamptz + n * interval '2 s',
    't' || n %% 7, 's', nullif('a' || n %% 5, 'a0'), jsonb_build_object('v', 0, 'n', n)
FROM generate_series(0, %s) AS n"""
KEYED = ("WHERE id = ANY (%(ids)s::uuid[]) AND occurred_at = ANY (%(times)s::timestamptz[]) "
         "RETURNING id::text")


class Work:
    """What the writers have done, by the id of an event."""

    def __init__(self, seed):
        self.seed, self.over = seed, threading.Event()
        self.recorded = [set() for _ in range(RECORDERS)]
        self.changed = [collections.Counter() for _ in range(CHANGERS)]
        self.deleted = [set() for _ in range(CHANGERS)]

    def record(self, database, number):
        """As an ingestor does: batches of new events, many of them in the time of the past."""
        rng, batches = random.Random(f"{self.seed} {number}"), 0
        with database.connect().cursor() as cursor:
            while not self.over.is_set():
                batches += 1
                records = [json.dumps({"eventType": "new", "source": "s", "eventId": f"{number}-{batches}-{place}",
                                       "occurredAt": 1767225600 + rng.randrange(2 * EVENTS), "payload": {"v": 0}}
                                      ).encode() for place in range(rng.choice((1, 50, 400)))]
                cursor.execute("SELECT id::text, outcome FROM analytics_record_each(%s)",
                               ([psycopg2.Binary(record) for record in records],))
                answers = cursor.fetchall()
                assert {outcome for _, outcome in answers} == {"stored"}
                self.recorded[number].update(id_ for id_, _ in answers)

    def change(self, database, number):
        """Each changer has events of its own, so it knows what became of them."""
        rng = random.Random(f"{self.seed} change {number}")
        with database.connect().cursor() as cursor:
            while not self.over.is_set():
                some = [n - n % CHANGERS + number for n in (rng.randrange(EVENTS - CHANGERS) for _ in range(20))]
                keys = {"ids": [f"00000000-0000-4000-8000-{n:012x}" for n in some]}
                cursor.execute("SELECT array_agg('2026-01-01Z'::timestamptz + n * interval '2 s')::text "
                               "FROM unnest(%s) AS n", (some,))
                keys["times"] = cursor.fetchone()[0]
                if rng.random() < 0.2:
                    cursor.execute(f"DELETE FROM analytics_events {KEYED}", keys)
                    self.deleted[number].update(id_ for id_, in cursor.fetchall())
                else:
                    cursor.execute("UPDATE analytics_events SET payload = payload || "
                                   f"jsonb_build_object('v', (payload ->> 'v')::int + 1) {KEYED}", keys)
                    self.changed[number].update(id_ for id_, in cursor.fetchall())

    def tick(self, database):
        with database.connect().cursor() as cursor:
            while not self.over.wait(0.1):
                cursor.execute("SELECT analytics_tick()")


class Reader:
    def __init__(self, database):
        self.cursor = database.connect().cursor()
        self.position, self.rows, self.puts = "beginning", {}, collections.Counter()

    def read(self):
        """The number of rows of a page."""
        self.cursor.execute('SELECT "position", operation, id::text, (value -> \'payload\' ->> \'v\')::int '
                            "FROM analytics_read_feed('all', %s, %s)", (self.position, PAGE))
        page = self.cursor.fetchall()
        for self.position, operation, id_, version in page:
            if operation == "put":
                assert self.rows.get(id_, 0) <= version, "an earlier version is later"
                self.rows[id_] = version
                self.puts[id_] += 1
            elif operation == "delete":
                self.rows.pop(id_, None)
        return len(page)

    def in_past(self):
        return self.position == "beginning" or len(self.position.rpartition(".")[2]) == 36


@pytest.mark.slow
def test_each_event_of_the_past_comes_once(database):
    seed = secrets.randbelow(10**9)
    print("seed", seed)
    database.sql("SELECT analytics_create_partition(m, '1 month') "
                 "FROM generate_series('2026-01-01Z'::timestamptz, '2026-02-01Z', '1 month') AS m")
    database.sql(STORE, (EVENTS - 1,))
    with database.connect().cursor() as cursor:
        cursor.execute("CALL analytics_create_feed('all')")
    work, reader = Work(seed), Reader(database)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        running = [pool.submit(work.record, database, number) for number in range(RECORDERS)]
        running += [pool.submit(work.change, database, number) for number in range(CHANGERS)]
        running.append(pool.submit(work.tick, database))
        try:
            start, pages = time.monotonic(), 0
            while reader.in_past():
                pages += bool(reader.read())
            seconds, in_past = time.monotonic() - start, sum(reader.puts.values())
            for _ in range(100):
                reader.read()
        finally:
            work.over.set()
        for each in running:
            each.result()
    while database.rows("SELECT analytics_tick()")[0][0] is not None:
        pass
    while reader.read():
        pass

    table = dict(database.rows("SELECT id::text, (payload ->> 'v')::int FROM analytics_events"))
    changed, deleted = sum(work.changed, collections.Counter()), set().union(*work.deleted)
    recorded = set().union(*work.recorded)
    print(f"past: {in_past} events in {pages} pages and {seconds:.1f} s, {in_past / seconds:.0f}/s; until the end: "
          f"{len(recorded)} stored, {changed.total()} changed, {len(deleted)} deleted; {reader.puts.total()} puts")
    assert reader.rows == table
    assert recorded and changed and deleted and recorded <= table.keys()
    untouched = table.keys() - changed.keys()
    assert {reader.puts[id_] for id_ in untouched} == {1}, "what is stored once comes once"
    assert all(reader.puts[id_] <= 1 + changes for id_, changes in changed.items())
