"""doc/changing.md: its statements, in their order, take a type from version 1 to version 2 while its producers send
both, and what the page says about them holds. Only the database's name and a date are this test's own."""
import datetime
import json
import os

import pytest

from rig import pages

from test_documented_rights import statements

PAGE = "changing.md"
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def order(number, version, **members):
    """As a producer of that version writes it."""
    total = "7.50" if version == 1 else 7.5
    return {"eventType": "order.placed" + ("" if version == 1 else f".v{version}"), "source": f"till-{version}",
            "eventId": f"o-{number}", "occurredAt": (NOW - datetime.timedelta(minutes=number)).isoformat(),
            "payload": {"total": total}, **members}


class Producers:
    def __init__(self, server, database):
        self.server, self.database = server, database

    def send(self, *records):
        """(stored, duplicates, dead_lettered)"""
        return self.database.sql("SELECT stored::int, duplicates::int, dead_lettered::int FROM analytics_ingest(%s)",
                                 ([json.dumps(record).encode() for record in records],))

    def follow(self, text):
        """Types statements of the page; returns psql's rows."""
        environment = {**os.environ, **self.server.environment(self.database.name)}
        code, said = pages.Block("sql", "", "\\pset tuples_only\n\\pset format unaligned\n" + text).run(environment)
        assert code == 0, said
        return [line for line in said.splitlines() if "NOTICE" not in line]

    def stored(self):
        """{(event type, version): how many}"""
        return {(kind, version): count for kind, version, count in self.database.rows(
            "SELECT event_type::text, analytics_event_version(event_type, payload), count(*) FROM analytics_events "
            "GROUP BY 1, 2")}


@pytest.fixture
def producers(server, database):
    return Producers(server, database)


def test_a_type_goes_from_one_version_to_the_next(producers):
    registered(producers)
    judged(producers)
    watched(producers)
    upcast(producers)
    ended(producers)
    assert producers.database.rows("SELECT * FROM analytics_verify()") == []


def registered(producers):
    early = order(0, 2, eventId="early")
    assert producers.send(*(order(number, 1) for number in range(10)), early) == (11, 0, 0)
    producers.follow(statements(PAGE, "1. Register the type"))
    assert producers.stored() == {("order.placed", 1): 10, ("order.placed.v2", 2): 1}
    again = [order(number, 2, source="till-1") for number in range(10)]
    said = order(20, 1, source="till-2", payload={"total": 7.5, "version": 2})
    assert producers.send(*again, *(order(number, 2) for number in range(10, 15)), said, early) == (7, 10, 0)
    producers.database.sql("DELETE FROM analytics_events WHERE event_type = 'order.placed.v2'")
    assert producers.stored() == {("order.placed", 1): 10, ("order.placed", 2): 7}


def judged(producers):
    """Observed, asked and enforced; then all as it was."""
    *tried, enforce, explain = statements(PAGE, "2. Say what version 2 is").rstrip().rstrip(";").split(";\n")
    observe, counted, asked = (statement + ";" for statement in tried)
    producers.follow(observe)
    assert producers.send(order(40, 2, payload={"total": "s3cret"})) == (1, 0, 0)
    assert [row.split("|")[:3] for row in producers.follow(counted)] == [["/total", "type", "1"]]
    assert [row.split("|")[1:] for row in producers.follow(asked)] == [["/total", "type", "number"]]
    producers.follow(enforce + ";")
    assert producers.send(order(41, 2, payload={"total": -1}), order(42, 1, payload={"total": -1})) == (1, 0, 1)
    assert producers.database.sql("SELECT detail FROM analytics_dead_letters") == '"/total" minimum: expected 0'
    assert producers.follow(explain + ";") == ["would be `order.placed` v2 if `total` were at least 0|1"]
    producers.database.sql("DELETE FROM analytics_events WHERE payload ->> 'total' IN ('s3cret', '-1')")
    producers.database.sql("DELETE FROM analytics_dead_letters")


def watched(producers):
    rows = producers.follow(statements(PAGE, "3. Wait for the last producer"))
    assert [row.split("|")[:3] for row in rows] == [["till-1", "1", "10"], ["till-2", "2", "7"]]


def upcast(producers):
    *others, store = statements(PAGE, "4. Bring the old payloads along").rstrip().rstrip(";").split(";\n")
    assert producers.follow(";\n".join(others) + ";") == ["public.order_placed_latest", "127.50", "127.5"]
    assert producers.stored() == {("order.placed", 1): 10, ("order.placed", 2): 7}
    producers.follow(store + ";")
    assert producers.stored() == {("order.placed", 2): 17}
    assert producers.follow("SELECT sum(total_sum) FROM totals;") == ["127.5"]
    assert producers.send(*(order(number, 1) for number in range(10))) == (0, 10, 0)


def ended(producers):
    """The page's date is one that has passed here."""
    end, replay = statements(PAGE, "5. End the old version").rstrip().rstrip(";").split(";\n")
    producers.follow(end.replace("2027-01-01Z", "2020-01-01Z") + ";")
    assert producers.send(order(30, 1), order(31, 2)) == (1, 0, 1)
    assert producers.database.sql("SELECT reason FROM analytics_dead_letters") == "contract_violation"
    producers.database.sql("UPDATE analytics_contracts SET mode = 'accept' WHERE mode = 'refuse'")
    producers.follow(replay + ";")
    assert producers.stored() == {("order.placed", 1): 1, ("order.placed", 2): 18}
    assert producers.database.sql("SELECT analytics_open_dead_letters()") == 0


def test_nothing_unknown_is_stored(producers):
    producers.follow(statements(PAGE, "1. Register the type"))
    producers.follow(statements(PAGE, "Nothing unknown").replace("DATABASE app", f"DATABASE {producers.database.name}"))
    unknown = order(4, 1, eventType="order.paid")
    assert producers.send(order(1, 1), order(2, 2), order(3, 3), unknown) == (2, 0, 2)
