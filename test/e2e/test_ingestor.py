"""Every record that was produced is accounted for, exactly once. One ingestor reads one stream with everything in it;
the oracle is the list of what was produced. What the log of that run may say is looked at here, too."""
import base64
import collections
import contextlib
import datetime
import decimal
import json
import os
import random
import re

import pytest

import mixture
from rig import daemon, place
from stream import QUICK_GROUP, Stream

SEED = random.SystemRandom().randrange(1_000_000)
PASSWORD = "Qx8-never-in-a-log"
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
TIME_MEMBERS = {"iam.user-registered": "registeredAt", "guides.challenge-linked": "occurredAt",
                "execution.analytics": "timestamp", "community.user-registered": "occurredOn",
                "community.profile-updated": "occurredOn", "challenges.solution-completed": "occurredOn"}


class Mix:
    """What was produced, with what must become of it, and the database after a clean stop."""

    def __init__(self, stream, told, produced, ingestor):
        self.stream = stream
        self.database = stream.database
        self.produced = [(record, outcome) for record, (_, outcome) in zip(produced, told)]
        assert len(self.produced) == len(told)
        self.ingestor = ingestor

    def values(self, *outcomes):
        return [record.record.value for record, outcome in self.produced if outcome in outcomes]

    def refused(self):
        """The records that must be dead letters."""
        return [(record, outcome) for record, outcome in self.produced
                if outcome not in (mixture.STORED, mixture.DUPLICATE, mixture.TOMBSTONE)]


@pytest.fixture(scope="module")
def mix(server, broker, new_database):
    if broker.kind == "embedded":
        pytest.skip("needs Apache Kafka, only the embedded broker is here")
    print(f"seed {SEED}")
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(new_database())
        server.sql(f"ALTER DATABASE {database.name} SET analytics.max_event_bytes = {mixture.SMALL}")
        topic = f"e2e.mix.{os.getpid()}"
        broker.create_topic(topic)
        stream = Stream(broker, database, topic)
        told = mixture.records(SEED)
        produced = []
        for number, codec in enumerate(CODECS):
            part = [record for record, _ in told[len(produced):(number + 1) * len(told) // len(CODECS)]]
            produced += stream.produce(part, producer=stream.producer(**{"compression.codec": codec}))
        ingestor = stack.enter_context(daemon.Ingestor(
            broker, database.url.replace("postgres@", f"postgres:{PASSWORD}@"), topic, topic,
            ANALYTICS_LOG_LEVEL="debug", ANALYTICS_BATCH_RECORDS=100, **QUICK_GROUP))
        stream.await_read()
        assert ingestor.terminate() == 0
        yield Mix(stream, told, produced, ingestor)


def parsed(text):
    """JSON with the digits of its numbers, comparable: in jsonb 1.50 is not 1.5."""
    return written(json.loads(text, parse_float=decimal.Decimal, parse_int=decimal.Decimal))


def written(members):
    return json.dumps(members, sort_keys=True, default=str)


def payload(value):
    """The payload that an accepted record must have, without the ISO member of a shape."""
    text = value.decode()
    return parsed(text if b'"eventType"' not in value else text[text.index('"payload":') + len('"payload":'):-1])


def test_the_counts_are_those_of_what_was_produced(mix):
    outcomes = collections.Counter(outcome for _, outcome in mix.produced)
    stored, duplicates = outcomes.pop(mixture.STORED), outcomes.pop(mixture.DUPLICATE)
    skipped = outcomes.pop(mixture.TOMBSTONE) + outcomes.pop("unknown_shape")
    assert mix.stream.totals() == (stored, duplicates, sum(outcomes.values()), skipped)


def test_the_next_offsets_are_the_ends_of_the_partitions(mix):
    assert mix.stream.offsets() == mix.stream.ends()


def test_the_high_watermarks_are_the_ends_of_the_partitions(mix):
    assert dict(mix.database.rows("SELECT partition, high_watermark FROM analytics_kafka_offsets")) == mix.stream.ends()


def test_kafka_s_group_offsets_are_the_database_s(mix):
    assert mix.stream.group_offsets() == mix.stream.offsets()


def test_every_payload_is_stored_once_and_no_other(mix):
    stored = collections.Counter()
    for event_type, text in mix.database.rows("SELECT event_type, payload::text FROM analytics_events"):
        members = json.loads(text, parse_float=decimal.Decimal, parse_int=decimal.Decimal)
        members.pop(TIME_MEMBERS.get(event_type, "") + "Iso", None)
        stored[written(members)] += 1
    assert stored == collections.Counter(payload(value) for value in mix.values(mixture.STORED))


def test_every_shape_s_iso_member_is_its_time(mix):
    rows = mix.database.rows("SELECT event_type, payload, _analytics_iso8601(occurred_at) FROM analytics_events")
    seen = {kind for kind, members, instant in rows
            if kind in TIME_MEMBERS and members[TIME_MEMBERS[kind] + "Iso"] == instant}
    wrong = [members for kind, members, instant in rows
             if kind in TIME_MEMBERS and members[TIME_MEMBERS[kind] + "Iso"] != instant]
    assert (seen, wrong) == (set(TIME_MEMBERS), [])


def test_events_are_what_analytics_normalize_says_of_the_records(mix):
    """Both ways; the time only where the record has one."""
    said = ("SELECT n.event_type, n.source, n.tenant_id, n.payload, n.occurred_at "
            "FROM unnest(%s::bytea[]) AS r (value), LATERAL analytics_normalize(r.value) AS n")
    stored = ("SELECT event_type, source, tenant_id, payload, "
              "CASE WHEN occurred_at <> ingested_at THEN occurred_at END FROM analytics_events")
    both_ways = f"({said} EXCEPT ALL {stored}) UNION ALL ({stored} EXCEPT ALL {said})"
    assert mix.database.rows(both_ways, [mix.values(mixture.STORED)] * 2) == []


def expected_headers(headers):
    def entry(name, value):
        if value is None:
            return {"name": name, "value": None}
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            return {"name": name, "base64": base64.b64encode(value).decode()}
        return {"name": name, "value": text}

    return [entry(*header) for header in headers] or None


LETTERS = 'SELECT topic, partition, "offset", {} FROM analytics_dead_letters ORDER BY 1, 2, 3'


def letters(mix, column):
    """{(topic, partition, offset): column} of the dead letters."""
    return {row[:3]: row[3] for row in mix.database.rows(LETTERS.format(column))}


def of_refused(mix, what):
    return {(record.topic, record.partition, record.offset): what(record, reason) for record, reason in mix.refused()}


def test_dead_letters_are_the_refused_records_with_their_reasons(mix):
    assert letters(mix, "reason") == of_refused(mix, lambda _, reason: reason)


def test_no_record_makes_two_dead_letters(mix):
    assert mix.database.sql("SELECT count(*) FROM analytics_dead_letters") == len(mix.refused())


def test_dead_letters_hold_the_values_byte_for_byte(mix):
    stored = {where: bytes(value) for where, value in letters(mix, "value").items()}
    assert stored == of_refused(mix, lambda record, _: record.record.value)


def test_dead_letters_hold_the_keys_byte_for_byte(mix):
    stored = {where: None if key is None else bytes(key) for where, key in letters(mix, "key").items()}
    assert stored == of_refused(mix, lambda record, _: record.record.key)


def test_dead_letters_hold_the_headers(mix):
    assert letters(mix, "headers") == of_refused(mix, lambda record, _: expected_headers(record.record.headers))


def test_dead_letters_hold_the_timestamps_that_were_given(mix):
    stamps = of_refused(mix, lambda record, _: record.record.timestamp)
    given = {where: stamp for where, stamp in stamps.items() if stamp}
    stored = letters(mix, "recorded_at")
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    assert {where: (stored[where] - epoch) / datetime.timedelta(milliseconds=1) for where in given} == given


def test_dead_letters_were_written_in_partition_order(mix):
    rows = mix.database.rows('SELECT partition, "offset" FROM analytics_dead_letters ORDER BY partition, id')
    assert rows == sorted(rows)


# ---- the log of that run

def lines(mix):
    return mix.ingestor.output().splitlines()


def closed_set():
    """The names of the events of runtime/events*.hpp."""
    headers = (place.ROOT / "runtime").glob("events*.hpp")
    return {name for header in headers for name in re.findall(r'EventKind kind\{"(\w+)"', header.read_text())}


def test_every_line_of_the_log_is_one_json_object(mix):
    assert [line for line in lines(mix) if not isinstance(json.loads(line), dict)] == []


def test_every_line_has_time_level_and_a_known_event(mix):
    entries = [json.loads(line) for line in lines(mix)]
    assert {entry["event"] for entry in entries} - closed_set() == set()
    assert {entry["level"] for entry in entries} <= {"debug", "info", "warning", "error"}
    assert all(datetime.datetime.fromisoformat(entry["time"].replace("Z", "+00:00")) for entry in entries)


def test_every_event_of_the_log_is_explained_to_operators():
    page = (place.ROOT / "doc/operating.md").read_text()
    assert {event for event in closed_set() if f"`{event}`" not in page} == set()


@pytest.mark.parametrize("secret", [mixture.MARK, base64.b64encode(mixture.BINARY).decode(), PASSWORD],
                         ids=["payload", "header", "password"])
def test_no_line_holds_a_payload_or_a_secret(mix, secret):
    assert [line for line in lines(mix) if secret in line] == []


def test_the_log_tells_every_refusal_by_reason(mix):
    told = collections.Counter()
    for entry in mix.ingestor.logs(event="records_refused"):
        for refusal in entry["refusals"]:
            told[refusal["reason"]] += refusal["count"]
    assert told == collections.Counter(outcome for _, outcome in mix.produced
                                       if outcome not in (mixture.STORED, mixture.DUPLICATE))


def test_the_batches_in_the_log_add_up_and_join_up(mix):
    """What each partition's lines say: from 0 to its end, without a gap, the sums being the database's."""
    reached, sums = collections.Counter(), collections.Counter()
    for entry in mix.ingestor.logs(event="batch_committed"):
        assert entry["offset"] >= reached[entry["partition"]]
        reached[entry["partition"]] = entry["next_offset"]
        sums.update({name: entry[name] for name in ("stored", "duplicates", "dead_lettered", "skipped")})
    assert (reached, tuple(sums.values())) == (mix.stream.ends(), mix.stream.totals())


def test_the_log_begins_with_started_and_ends_with_stopped(mix):
    entries = [json.loads(line) for line in lines(mix)]
    assert (entries[0]["event"], entries[-1]["event"], entries[-1]["code"]) == ("started", "stopped", 0)
