"""A batch that can't be stored, for now, while the database is well otherwise: it is tried shorter, down to the one
record, everything before that is stored, and no other partition waits."""
import time

import pytest

from rig import place
from stream import QUICK_GROUP, events

POISON = 777


def poison(database, sqlstate):
    """Whoever stores this event fails as if the server were short of something."""
    database.sql(f"""CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF new.payload ->> 'number' = '{POISON}' THEN
                RAISE EXCEPTION USING ERRCODE = '{sqlstate}', MESSAGE = 'not now';
            END IF;
            RETURN new;
        END $$""")
    database.sql("CREATE TRIGGER poison BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION poison()")


@pytest.mark.parametrize("sqlstate", ["53200", "57014", "40001", "57P01"])
def test_one_record_that_fails_is_found_and_keeps_nobody_else_waiting(stream, ingestor, sqlstate):
    poison(stream.database, sqlstate)
    stream.produce(events(2_000, partition=0))
    running = ingestor(**QUICK_GROUP)
    failing = running.await_log(event="record_failing", timeout=60)
    assert (failing["partition"], failing["offset"], failing["sqlstate"]) == (0, POISON, sqlstate)
    assert stream.numbers() == list(range(POISON))

    begun = time.monotonic()
    stream.produce(events(100, first=5_000, partition=1))
    place.eventually(lambda: stream.offsets()[1] == 100, what="the other partition's end")
    assert time.monotonic() - begun < 10
    assert running.running

    stream.database.sql("DROP TRIGGER poison ON analytics_events")
    stream.await_read()
    assert stream.numbers() == [*range(2_000), *range(5_000, 5_100)]
    assert stream.totals() == (2_100, 0, 0, 0)
    assert len(running.logs(event="record_failing")) == 1


def test_what_fails_again_and_again_may_be_passed_by_hand(stream, ingestor):
    poison(stream.database, "53200")
    stream.produce(events(1_000, partition=0))
    running = ingestor(**QUICK_GROUP)
    offset = running.await_log(event="record_failing", timeout=60)["offset"]
    stream.database.rows("SELECT * FROM analytics_accept_gap(%s, %s, 0, %s, %s)",
                         (stream.group, stream.topic, offset, offset + 1))
    stream.await_read()
    assert stream.numbers() == [number for number in range(1_000) if number != POISON]
