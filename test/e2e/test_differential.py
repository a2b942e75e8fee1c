"""Our reader against PostgreSQL's own json and jsonb, on random and on damaged texts.

The rule, in words. Of a record's bytes, PostgreSQL says three things: whether they are UTF-8, whether they are json
(grammar alone), and what jsonb makes of them. analytics_normalize says the same, but

- nesting over analytics.max_depth and more than analytics.max_event_bytes are refused, whatever jsonb thinks,
- what jsonb can't store (\\u0000, unpaired surrogates, numbers out of numeric's range) is refused only when nothing of
  higher precedence is wrong with the record. There is no other exception: numbers too are taken exactly when numeric
  takes them.

An accepted payload is compared byte for byte with jsonb's datum: equality, hashes, containment, order, size and text of
a jsonb are functions of these bytes. DIFFERENTIAL=<n> sets the number of random texts, SEED=<n> repeats a run.
"""
import contextlib
import os
import random

import pytest
from bulk import copy_rows
from conftest import Database
from data import emitters
from random_json import ENVELOPE, Texts, damaged

DOCUMENTS = int(os.environ.get("DIFFERENTIAL", "20000"))
SEED = int(os.environ.get("SEED") or random.SystemRandom().getrandbits(32))
MUTANTS_PER_RECORD = 2
MAX_DEPTH = 64
# What is judged of a record: a schema registry's header of five bytes is not of it.
JUDGED = "CASE WHEN length(r.value) > 5 AND get_byte(r.value, 0) = 0 THEN substr(r.value, 6) ELSE r.value END"
ISO_MEMBERS = {"iam.registered": "registeredAtIso", "guides.challenges": "occurredAtIso",
               "execution.analytics": "timestampIso", "community.registration": "occurredOnIso",
               "community.profile-updated": "occurredOnIso", "challenges.completion": "occurredOnIso"}


def corpus():
    """(kind, depth, bytes): a record of each random object, then damaged ones; depth is known for the former only."""
    texts = Texts(SEED)
    for number in range(DOCUMENTS):
        if number % 4 == 3:
            moment = emitters.Moment(1_700_000_000 * emitters.SECOND + texts.getrandbits(56))
            kind, record, depth = "shape", emitters.BY_PERCENT[texts.randrange(40, 100)](texts, moment), 1
            if number % 8 == 7:
                record = record[:-1] + ',"also":' + texts.object() + "}"
                depth = texts.depth + 1
        else:
            kind, record = "canonical", ENVELOPE + texts.object() + "}"
            depth = texts.depth + 1
        value = record.encode()
        yield kind, depth, value
        for _ in range(MUTANTS_PER_RECORD):
            yield "damaged", None, damaged(texts, value, texts.choice((1, 1, 2, 3, 9)))
        if number % 50 == 0:
            yield "damaged", None, b"[" + value + b"]"


@pytest.fixture(scope="module")
def judged(server):
    """A database whose table judged holds every record with our verdict and PostgreSQL's."""
    print(f"SEED={SEED} DIFFERENTIAL={DOCUMENTS}")
    database = Database(server, "differential")
    server.sql("CREATE DATABASE differential")
    server.sql("CREATE EXTENSION analytics_events; CREATE EXTENSION boundary_test", "differential")
    server.sql("ALTER DATABASE differential SET analytics.max_future = -1")
    with contextlib.closing(database.connect()) as connection:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE record (kind text, depth integer, value bytea)")
            copy_rows(connection, "record", corpus())
            cursor.execute("CREATE TABLE iso (shape text, member text)")
            cursor.executemany("INSERT INTO iso VALUES (%s, %s)", list(ISO_MEMBERS.items()))
            cursor.execute(f"""
                CREATE TABLE judged AS
                SELECT r.*, n.shape, n.reason, n.payload, o.is_utf8, o.is_json, o.sqlstate, o.jsonb,
                       CASE WHEN n.shape = 'canonical' THEN o.jsonb -> 'payload'
                            WHEN i.member IS NOT NULL
                            THEN o.jsonb || jsonb_build_object(i.member, n.payload -> i.member)
                       END AS expected
                FROM record AS r, LATERAL boundary_oracle({JUDGED}) AS o, LATERAL analytics_normalize(r.value) AS n
                LEFT JOIN iso AS i ON i.shape = n.shape""")
    yield database
    server.sql("DROP DATABASE differential WITH (FORCE)")


CONTRADICTIONS = {
    "accepted, jsonb refuses": "reason IS NULL AND jsonb IS NULL",
    "accepted, other bytes than jsonb's":
        "reason IS NULL AND boundary_bytes(payload) IS DISTINCT FROM boundary_bytes(expected)",
    "accepted, the payload is no object": "reason IS NULL AND jsonb_typeof(payload) IS DISTINCT FROM 'object'",
    "invalid_utf8, PostgreSQL can read it": "reason = 'invalid_utf8' AND is_utf8",
    "not invalid_utf8, PostgreSQL can't read it": "reason IS DISTINCT FROM 'invalid_utf8' AND NOT is_utf8",
    "invalid_json, json takes it": "reason = 'invalid_json' AND is_json",
    "json refuses it, neither invalid_json nor too_deep":
        "is_utf8 AND NOT is_json AND reason IS DISTINCT FROM 'invalid_json' AND reason IS DISTINCT FROM 'too_deep'",
    "too_deep, too few brackets for that":
        "reason = 'too_deep' "
        f"AND length(encode(value, 'escape')) - length(translate(encode(value, 'escape'), '[{{', '')) <= {MAX_DEPTH}",
    "too_deep, the generator did not nest so deep": f"reason = 'too_deep' AND depth <= {MAX_DEPTH}",
    "not too_deep, the generator nested deeper": f"reason IS DISTINCT FROM 'too_deep' AND depth > {MAX_DEPTH}",
    "unstorable_number, numeric takes all":
        "reason = 'unstorable_number' AND (jsonb IS NOT NULL OR sqlstate NOT IN ('22003', '22P02'))",
    "unstorable_text, jsonb takes it":
        "reason = 'unstorable_text' "
        "AND (NOT is_json OR jsonb IS NOT NULL OR sqlstate NOT IN ('22P05', '22P02', '22003'))",
    "jsonb refuses good json, we give no reason for that":
        "is_json AND jsonb IS NULL AND reason NOT IN ('unstorable_text', 'unstorable_number', 'too_deep', "
        "'not_an_object', 'unknown_shape', 'missing_field', 'invalid_field', 'invalid_timestamp')",
    "not_an_object, jsonb says object": "reason = 'not_an_object' AND (NOT is_json OR jsonb_typeof(jsonb) = 'object')",
    "another reason, jsonb says no object":
        "jsonb_typeof(jsonb) <> 'object' AND (reason IS NULL OR reason NOT IN ('not_an_object', 'too_deep'))",
    "a random event that jsonb takes, refused":
        f"kind IN ('canonical', 'shape') AND jsonb IS NOT NULL AND depth <= {MAX_DEPTH} AND reason IS NOT NULL",
    "a random event that is no json": "kind IN ('canonical', 'shape') AND NOT is_json",
}


@pytest.mark.parametrize("predicate", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_no_contradiction(judged, predicate):
    found = judged.rows("SELECT kind, shape, reason, sqlstate, encode(value, 'escape') FROM judged "
                        f"WHERE {predicate} LIMIT 3")
    assert found == [], f"SEED={SEED}"


@pytest.mark.parametrize("reason", [
    "invalid_utf8", "invalid_json", "too_deep", "not_an_object", "unknown_shape", "missing_field", "invalid_field",
    "invalid_timestamp", "unstorable_text", "unstorable_number"])
def test_the_damage_reaches_every_reason(judged, reason):
    floor = 1 if DOCUMENTS < 100_000 else 10
    assert judged.sql("SELECT count(*) FROM judged WHERE reason = %s", (reason,)) >= floor, f"SEED={SEED}"


def test_damaged_records_are_accepted_too(judged):
    """Else the comparison of payloads would be about undamaged ones only."""
    assert judged.sql("SELECT count(*) FROM judged WHERE kind = 'damaged' AND reason IS NULL") > DOCUMENTS / 10


def test_every_shape_is_compared(judged):
    shapes = dict(judged.rows("SELECT shape, count(*) FROM judged WHERE reason IS NULL GROUP BY shape"))
    print(shapes)
    assert set(shapes) == {"canonical", *ISO_MEMBERS}


def test_text_and_hash_are_jsonbs(judged):
    """What the bytes imply, once more through PostgreSQL's eyes, on a part of the corpus: printing takes long."""
    assert judged.rows("""
        SELECT encode(value, 'escape') FROM judged TABLESAMPLE SYSTEM (10)
        WHERE reason IS NULL AND NOT (payload::text = expected::text AND jsonb_hash(payload) = jsonb_hash(expected)
                                      AND payload = expected AND payload @> expected AND payload <@ expected)
        LIMIT 3""") == []


@pytest.fixture(scope="module")
def numbers(judged):
    """The table number: texts by the generator, and what they became in a payload."""
    texts = Texts(SEED + 1)
    with contextlib.closing(judged.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE number_text (value bytea)")
        copy_rows(connection, "number_text", ((texts.number().encode(),) for _ in range(5 * DOCUMENTS)))
        cursor.execute(f"""
            CREATE TABLE number AS
            SELECT convert_from(value, 'UTF8') AS text, n.reason, (n.payload -> 'n')::numeric AS ours,
                   o.jsonb::numeric AS theirs
            FROM number_text, LATERAL analytics_normalize('{ENVELOPE}{{"n":'::bytea || value || '}}}}'::bytea) AS n,
                 LATERAL boundary_oracle(value) AS o""")
    return judged


def test_numbers_are_taken_when_numeric_takes_them(numbers):
    wrong = numbers.rows("SELECT text, reason FROM number WHERE (ours IS NULL) <> (theirs IS NULL) LIMIT 3")
    assert wrong == [], f"SEED={SEED}"


def test_refused_numbers_are_unstorable(numbers):
    assert numbers.rows("SELECT DISTINCT reason FROM number WHERE ours IS NULL") == [("unstorable_number",)]


def test_numbers_keep_digits_and_display_scale(numbers):
    """numeric_send shows weight, sign, scale and every digit; the other side is the text cast to numeric."""
    wrong = numbers.rows("SELECT text FROM number WHERE ours IS NOT NULL "
                         "AND numeric_send(ours) <> numeric_send(text::numeric) LIMIT 3")
    assert wrong == [], f"SEED={SEED}"


def test_numbers_come_in_both_forms(numbers):
    """The long form of numeric is for scales over 63 and weights out of -64 … 63."""
    short, long = numbers.sql("""SELECT count(*) FILTER (WHERE is_short), count(*) FILTER (WHERE NOT is_short) FROM
        (SELECT scale(ours) <= 63 AND abs(ours) < 1e256 AS is_short FROM number WHERE ours IS NOT NULL) AS forms""")
    assert short > DOCUMENTS and long > DOCUMENTS / 10
