"""Records that the table itself refuses, letters that are replayed beside a running ingestor, and groups that read a
topic again: of every record something is kept, once, and no neighbour pays for it."""
import json

import pytest

from mixture import MARK
from stream import QUICK_GROUP, Record, event, events

COUNT = 200
BAD = {0, 7, 99, 100, 199}


def letters(database, columns='reason, detail, "offset"'):
    return database.rows(f"SELECT {columns} FROM analytics_dead_letters ORDER BY id")


# ---- the table refuses a row

@pytest.fixture
def rejecting(stream, ingestor):
    """A constraint of the user's refuses some of one partition's records, good ones around them."""
    stream.database.rows("ALTER TABLE analytics_events ADD CONSTRAINT no_bad CHECK (payload ->> 'text' = '')")
    produced = stream.produce([Record(event(number, MARK if number in BAD else ""), 0) for number in range(COUNT)])
    running = ingestor(**QUICK_GROUP)
    stream.await_read()
    return stream, running, produced


def test_a_record_that_the_table_refuses_costs_no_neighbour(rejecting):
    stream, running, _ = rejecting
    assert stream.numbers() == [number for number in range(COUNT) if number not in BAD]
    assert (stream.totals(), running.running) == ((COUNT - len(BAD), 0, len(BAD), 0), True)


def test_its_letter_has_the_sqlstate_and_the_record(rejecting):
    stream, _, produced = rejecting
    kept = letters(stream.database, 'reason, left(detail, 7), "offset", value')
    assert [(reason, detail, offset, bytes(value)) for reason, detail, offset, value in kept] == [
        ("rejected", "23514: ", one.offset, one.record.value) for one in produced if one.offset in BAD]


def test_the_log_tells_its_sqlstate_and_not_the_row(rejecting):
    _, running, _ = rejecting
    [told] = [entry for line in running.logs(event="records_refused") for entry in line["refusals"]]
    assert (told["reason"], told["count"], told["detail"]) == ("rejected", len(BAD), "23514")
    assert MARK not in running.output()


def test_once_the_constraint_is_gone_a_replay_stores_it(rejecting):
    stream, _, _ = rejecting
    stream.database.rows("ALTER TABLE analytics_events DROP CONSTRAINT no_bad")
    replay = ("SELECT replayed, stored, duplicates, still_refused "
              "FROM analytics_replay_dead_letters(reason => 'rejected')")
    assert [stream.database.sql(replay), stream.database.sql(replay)] == [(len(BAD), len(BAD), 0, 0), (0, 0, 0, 0)]
    assert stream.numbers() == list(range(COUNT))


# ---- a shape comes later

def test_records_of_a_shape_that_comes_later_are_replayed_once(stream, ingestor):
    """Some before the shape is known, some after; nothing has a key of its own to be recognised by."""
    ingestor(**QUICK_GROUP)
    stream.produce([json.dumps({"paint": number}).encode() for number in range(40)])
    stream.await_read()
    stream.database.rows("INSERT INTO analytics_shapes (name, event_type, source, required_members) "
                         "VALUES ('paint', 'paint', 'p', '{paint}')")
    stream.produce([json.dumps({"paint": number}).encode() for number in range(40, 60)])
    stream.await_read()
    replay = ("SELECT replayed, stored, duplicates, still_refused "
              "FROM analytics_replay_dead_letters(reason => 'unknown_shape')")
    assert [stream.database.sql(replay), stream.database.sql(replay)] == [(40, 40, 0, 0), (0, 0, 0, 0)]
    assert sorted(number for number, in stream.database.rows(
        "SELECT (payload ->> 'paint')::int FROM analytics_events")) == list(range(60))


# ---- groups

def test_another_group_makes_no_second_letter(stream, ingestor):
    stream.produce([b"{", *events(4), b"[]", b"{}", b"\xff"])
    ingestor(**QUICK_GROUP)
    stream.await_read()
    first = letters(stream.database)
    stream.group = stream.group + ".again"
    ingestor(group=stream.group, **QUICK_GROUP)
    stream.await_read()
    assert (letters(stream.database), len(first)) == (first, 4)
    assert stream.numbers() == [0, 1, 2, 3]
