"""What the tests of feeds over HTTP share: changes of all kinds, and readers that keep a copy of what a feed says."""
import contextlib
import json
import os
import random as randoms

import psycopg2
import requests

from http_client import event

FEEDS = "/v1/analytics/feeds"
TABLE = """SELECT _analytics_iso8601(occurred_at), id::text,
    _analytics_event_json(ROW(id, event_type, source, occurred_at, ingested_at, tenant_id, payload)::analytics_event)
    FROM analytics_events WHERE {}"""
TENANTS = ("acme", "umbra", None)
DAYS = ("2026-01-05", "2026-02-05", "2026-03-05")


def chance():
    """Random choices that a failed test can make again."""
    seed = int(os.environ.get("FEEDS_SEED", randoms.randrange(1 << 32)))
    print("FEEDS_SEED", seed)
    return randoms.Random(seed)


def tick(database):
    """Makes all that is committed readable."""
    while database.sql("SELECT analytics_tick()") is not None:
        pass


def make_feed(database, name="all", since="beginning", **wanted):
    database.sql("CALL analytics_create_feed(%s, since => %s, event_types => %s, tenant_id => %s)",
                 (name, since, wanted.get("event_types"), wanted.get("tenant_id")))


def change(database, random, count=1):
    """Changes events at random: inserts, updates, deletes, changes of the tenant and of the type, dropped months."""
    for _ in range(count):
        kind = random.choices(("insert", "update", "delete", "move", "drop"), (6, 3, 2, 2, 0.3))[0]
        some = "id IN (SELECT id FROM analytics_events ORDER BY random() LIMIT 3)"
        if kind == "insert":
            numbers = [random.randrange(10**9) for _ in range(random.choice((1, 1, 5)))]
            database.sql("SELECT analytics_ingest(%s::bytea[])", ([json.dumps(event(
                number, eventType=random.choice("ab"), tenantId=random.choice(TENANTS),
                occurredAt=f"{random.choice(DAYS)}T00:00:{number % 60:02}Z")).encode() for number in numbers],))
        elif kind == "update":
            database.sql(f"UPDATE analytics_events SET payload = payload || '{{\"n\": {random.randrange(99)}}}' "
                         f"WHERE {some}")
        elif kind == "delete":
            database.sql(f"DELETE FROM analytics_events WHERE {some}")
        elif kind == "move":
            database.sql(f"UPDATE analytics_events SET tenant_id = %s, event_type = %s WHERE {some}",
                         (random.choice(TENANTS), random.choice("ab")))
        else:
            with contextlib.suppress(psycopg2.errors.LockNotAvailable):  # somebody reads
                database.sql("SELECT _analytics_drop_partition(i.inhrelid::regclass, now()) FROM pg_inherits AS i "
                             "WHERE inhparent = 'analytics_events'::regclass ORDER BY random() LIMIT 1")


class Copy:
    """What the items of a feed make, applied in their order."""

    def __init__(self):
        self.events = {}
        self.positions = []

    def apply(self, item):
        self.positions.append(item["position"])
        if item["operation"] == "put":
            self.events[item["occurredAt"], item["id"]] = item["value"]
        elif item["operation"] == "delete":
            self.events.pop((item["occurredAt"], item["id"]), None)
        else:
            start, end = item["value"]["rangeStart"], item["value"]["rangeEnd"]
            self.events = {key: value for key, value in self.events.items() if not start <= key[0] < end}

    def holds(self, database, condition="true"):
        """Whether it is the table."""
        return self.events == {(at, id): value for at, id, value in database.rows(TABLE.format(condition))}

    def agrees(self, database, condition="true"):
        """With the table, and no position came twice."""
        assert len(set(self.positions)) == len(self.positions)
        assert self.holds(database, condition)
        return True


def page(service, name="all", key=None, **query):
    """A page, which must be there."""
    answer = requests.get(f"{service.url}{FEEDS}/{name}", params=query, timeout=90,
                          headers={"Authorization": f"Bearer {key}"} if key else {})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert list(found) == ["items", "count", "next"] and found["count"] == len(found["items"])
    return found


def read(service, copy, name="all", after=None, **query):
    """Reads to the end; returns the last position."""
    while True:
        found = page(service, name, **query, **({"after": after} if after is not None else {}))
        for item in found["items"]:
            copy.apply(item)
        if found["next"] == after:
            return after
        after = found["next"]
