"""The database goes back: a standby is promoted that did not have the newest transactions. Whatever of the lost ones
Kafka still has is stored again, also of a topic in which nothing more happens."""
import pytest

from rig import place
from stream import QUICK_GROUP, events


@pytest.fixture
def read(stream, ingestor):
    """Everything is read; what is kept is the state of half-way."""
    running = ingestor(**QUICK_GROUP)
    stream.produce(events(100))
    stream.await_read()
    stream.database.sql("CREATE TABLE kept AS SELECT * FROM analytics_kafka_offsets")
    stream.produce(events(100, first=100))
    stream.await_read()
    return running


def go_back(stream, further=""):
    """The database is as it was half-way, in one moment; no test of ours may need a second server for that."""
    stream.database.sql(f"""DO $$ BEGIN
        DELETE FROM analytics_events WHERE (payload ->> 'number')::int >= 100;
        DELETE FROM analytics_kafka_offsets;
        INSERT INTO analytics_kafka_offsets SELECT * FROM kept;
        {further}
    END $$""")


HALF = {partition: 25 for partition in range(4)}
CLAIMS_LOST = "UPDATE analytics_kafka_offsets SET owner_epoch = owner_epoch - 1;"
ROWS_LOST = "DELETE FROM analytics_kafka_offsets WHERE partition < 2; DELETE FROM analytics_events;"


@pytest.mark.parametrize("further", ["", CLAIMS_LOST], ids=["under our epoch", "before our claim"])
def test_what_was_lost_is_read_again_though_nothing_comes(stream, server, read, further):
    go_back(stream, further)
    server.restart()
    stream.await_read()
    assert stream.numbers() == list(range(200))
    assert {entry["partition"] for entry in read.logs(event="partition_rewound")} == {0, 1, 2, 3}
    assert (read.running, len(read.logs(event="started"))) == (True, 1)


def test_a_partition_that_the_database_has_forgotten_begins_anew(stream, read):
    go_back(stream, ROWS_LOST)
    stream.await_read()
    assert stream.numbers() == sorted([*range(100, 200), *(n for n in range(100) if n % 4 < 2)])


def test_an_ingestor_that_has_nothing_to_store_shows_that_it_owns(stream, read):
    """So its group counts as lag, however long nothing comes; and one that was retired by mistake does again."""
    lost = "UPDATE analytics_kafka_offsets SET updated_at = now() - interval '10 days', {} high_watermark = next_offset"
    for further in ("", "retired_at = now(),"):
        stream.database.sql(lost.format(further))
        state = "SELECT state FROM analytics_consumer_groups()"
        place.eventually(lambda: stream.database.rows(state) == [("counted",)], 20, what="the group counts")
        place.eventually(lambda: stream.database.sql(
            "SELECT count(*) FROM analytics_kafka_offsets WHERE retired_at IS NULL AND updated_at > now() - interval "
            "'1 day'") == 4, 20, what="every partition")
    assert read.terminate() == 0
    stream.database.sql(lost.format(""))
    assert stream.database.sql("SELECT analytics_lag_records()") is None


def test_nothing_is_read_again_where_nothing_was_lost(stream, server, read):
    server.restart()
    stream.produce(events(4, first=200))
    stream.await_read()
    assert (read.logs(event="partition_rewound"), stream.totals()) == ([], (204, 0, 0, 0))
