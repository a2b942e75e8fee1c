"""When a batch is written: at so many records, at so many bytes, after so many milliseconds, at a stop; and what the
settings and the shapes say about the records in it."""
import json
import pathlib

import pytest

from rig import place
from stream import QUICK_GROUP, Record, event, events

WAITING = {"ANALYTICS_BATCH_MS": 60_000, "ANALYTICS_LOG_LEVEL": "debug", **QUICK_GROUP}
RECORDS = 23
SHAPE = ("INSERT INTO analytics_shapes (name, event_type, source, required_members, key_members) "
         "VALUES ('shop.order', 'shop.order-placed', 'shop-service', '{orderId,number}', '{orderId}')")


def batches(running):
    """The sizes of the batches that were written."""
    return [entry["records"] for entry in running.logs(event="batch_committed")]


def test_so_many_records_fill_a_batch(stream, ingestor):
    stream.produce(events(RECORDS, partition=0))
    running = ingestor(ANALYTICS_BATCH_RECORDS=10, **WAITING)
    place.eventually(lambda: batches(running) == [10, 10], what="two batches")


def test_the_record_that_reaches_so_many_bytes_is_the_batch_s_last(stream, ingestor):
    """Each record is a bit more than 400 bytes: two are below 1000, three above."""
    stream.produce(events(RECORDS, partition=0, text="x" * 300))
    running = ingestor(ANALYTICS_BATCH_BYTES=1000, **WAITING)
    place.eventually(lambda: batches(running) == [3] * (RECORDS // 3), what="full batches")


def test_keys_and_headers_count_as_bytes(stream, ingestor):
    stream.produce([Record(event(0), 0, key=b"k" * 400, headers=(("h", b"h" * 400),))] * 4)
    running = ingestor(ANALYTICS_BATCH_BYTES=1000, **WAITING)
    place.eventually(lambda: batches(running) == [2, 2], what="full batches")


def test_a_batch_that_is_not_full_is_written_after_so_many_milliseconds(stream, ingestor):
    running = ingestor(**{**WAITING, "ANALYTICS_BATCH_MS": 50})
    stream.await_taken()
    stream.produce(events(1))
    stream.await_read()
    assert batches(running) == [1]


def test_a_stop_writes_what_is_in_hand_and_says_how_much(stream, ingestor):
    stream.produce(events(RECORDS, partition=0))
    running = ingestor(ANALYTICS_BATCH_RECORDS=10, **WAITING)
    place.eventually(lambda: stream.offsets().get(0) == 20, what="two batches")
    assert running.terminate() == 0
    in_hand = running.logs(event="stopping")[0]["records_buffered"]
    assert (in_hand, stream.offsets()[0], stream.numbers()) == (3, RECORDS, list(range(RECORDS)))


@pytest.mark.parametrize("setting, kept", [("on", ["missing_field", "unknown_shape"]), ("off", ["missing_field"])])
def test_records_of_unknown_shape_are_kept_or_not_and_counted(stream, ingestor, setting, kept):
    stream.produce([b'{"orderId":"o-1"}', b'{"eventType":"e","payload":{}}'])
    ingestor(ANALYTICS_KEEP_SKIPPED=setting, **QUICK_GROUP)
    stream.await_read()
    rows = stream.database.rows("SELECT reason FROM analytics_dead_letters ORDER BY 1")
    assert (stream.totals(), [reason for reason, in rows]) == ((0, 0, 1, 1), kept)


def test_a_new_shape_changes_what_a_running_ingestor_stores_next(stream, ingestor):
    running = ingestor(**QUICK_GROUP)
    stream.produce([b'{"orderId":"o-1","number":1}'])
    stream.await_read()
    stream.database.sql(SHAPE)
    stream.produce([b'{"orderId":"o-2","number":2}'])
    stream.await_read()
    assert stream.database.rows("SELECT event_type, (payload ->> 'number')::int FROM analytics_events") == [
        ("shop.order-placed", 2)]
    assert len(running.logs(event="started")) == 1


def order(number, **payload):
    return json.dumps({"eventType": "order.placed.v2", "source": "shop", "eventId": str(number),
                       "payload": {"number": number, **payload}}).encode()


def test_a_new_contract_changes_what_a_running_ingestor_stores_next(stream, ingestor):
    """Registered, then enforced, observed, and over, without a restart; what is refused is a dead letter."""
    running = ingestor(**QUICK_GROUP)
    for number, change in enumerate([
            "SELECT", "INSERT INTO analytics_contracts (event_type, version) VALUES ('order.placed', 2)",
            """UPDATE analytics_contracts SET mode = 'enforce', schema = '{"required": ["total"]}'""",
            "UPDATE analytics_contracts SET mode = 'observe'", "UPDATE analytics_contracts SET mode = 'refuse'"]):
        stream.database.rows(change)
        stream.produce([order(number), order(100 + number, total=1)])
        stream.await_read()
    rows = stream.database.rows("SELECT event_type, payload -> 'version', (payload ->> 'number')::int "
                                "FROM analytics_events ORDER BY 3")
    assert rows == [("order.placed.v2", None, 0), ("order.placed", 2, 1), ("order.placed", 2, 3),
                    ("order.placed.v2", None, 100), ("order.placed", 2, 101), ("order.placed", 2, 102),
                    ("order.placed", 2, 103)]
    assert stream.database.rows("SELECT detail, count(*) FROM analytics_dead_letters GROUP BY 1 ORDER BY 1") == [
        ('"" required: expected total', 1), ('"" version: expected a version other than 2', 2)]
    assert stream.database.rows("SELECT event_type, version, pointer, keyword, count "
                                "FROM analytics_contract_findings") == [("order.placed", 2, "", "required", 1)]
    assert len(running.logs(event="started")) == 1


def test_a_large_backlog_takes_little_memory(stream, ingestor):
    """200,000 records of 400 bytes: at its largest the process is below 128 MiB."""
    count, size = 200_000, 400
    text = "x" * (size - len(event(count)))
    stream.fill(event(number, text) for number in range(count))
    running = ingestor(**QUICK_GROUP)
    stream.await_read(120)
    status = pathlib.Path(f"/proc/{running.process.pid}/status").read_text()
    peak = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))
    print(f"peak {peak / 1024:.1f} MiB")
    assert stream.totals() == (count, 0, 0, 0)
    assert peak < 128 * 1024
