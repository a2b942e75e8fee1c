"""A stream with everything in it: events of all shapes, redelivered ones, unknown ones, tombstones and every kind of
refused record, each told what must become of it.

MARK is in whatever no log may show: values, keys and headers of records that are refused.
"""
import random

from data import emitters
from stream import Record

MARK = "Qx7-never-in-a-log"
SMALL = 65_536  # analytics.max_event_bytes for this stream, so that too large is not too large for the broker
BINARY = b"\xff\0\x01" + MARK.encode()
STORED, DUPLICATE, TOMBSTONE = "stored", "duplicate", "tombstone"


def canonical(members):
    return ('{"eventType":"e","source":"s","note":"' + MARK + '",' + members + "}").encode()


REFUSED = (
    ("too_large", canonical(f'"payload":{{"text":"{"x" * SMALL}"}}')),
    ("invalid_utf8", canonical('"payload":{"name":"Mar') + b'\xeda"}'),
    ("invalid_utf8", b"\xc0\x80" + MARK.encode()),
    ("invalid_json", canonical('"payload":{"a":1')),
    ("invalid_json", b"\xef\xbb\xbf" + canonical('"payload":{}')),
    ("invalid_json", b""),
    ("invalid_json", b"\0" + MARK.encode()),
    ("too_deep", canonical('"payload":' + '{"a":' * 80 + "1" + "}" * 80)),
    ("not_an_object", b'["' + MARK.encode() + b'"]'),
    ("unknown_shape", b"{}"),
    ("unknown_shape", b'{"jobId":"' + MARK.encode() + b'"}'),
    ("missing_field", b'{"eventType":"e","payload":{"text":"' + MARK.encode() + b'"}}'),
    ("invalid_field", canonical('"payload":["' + MARK + '"]')),
    ("invalid_field", canonical('"payload":{},"tenantId":"' + MARK * 5 + '"')),
    ("invalid_timestamp", canonical('"payload":{},"occurredAt":"' + MARK + '"')),
    ("invalid_timestamp", b'{"guideId":"' + MARK.encode() + b'","challengeId":"c","occurredAt":null}'),
    ("implausible_time", canonical('"payload":{"text":"' + MARK + '"},"occurredAt":"9999-01-01T00:00:00Z"')),
    ("unstorable_text", canonical('"payload":{"text":"cut\\u0000here"}')),
    ("unstorable_text", canonical('"payload":{"text":"\\ud83d"}')),
    ("unstorable_number", canonical('"payload":{"score":1e999999}')),
)

KEYS = (None, b"", b"key-" + MARK.encode(), b"\0\xff" + MARK.encode())
HEADERS = (
    (),
    (("traceparent", b"00-" + MARK.encode()),),
    (("a", b"first"), ("a", b"second"), ("b", b""), ("a", b"first")),
    (("nothing", None), ("binary", BINARY), ("nul", b"a\0b"), ("", "Zoë\n\"\\".encode())),
    (("ñ", "€".encode()), ("one", b"\xff"), ("two", b"\xff\xfe"), ("three", b"\xff\xfe\xfd")),
)
TIMESTAMPS = (None, 1, 1_767_323_045_678)


def records(seed, events=1600, redelivered=120, refused=10):
    """[(Record, what must become of it)], shuffled; refused: how often each of REFUSED."""
    rng = random.Random(seed)
    told = []
    for number in range(events):
        when = emitters.Moment(1_767_225_600_000_000_000 + rng.randrange(80 * 86_400 * emitters.SECOND))
        emitter = emitters.BY_PERCENT[number % 100]
        if emitter is emitters.canonical:
            value = emitter(rng, when, tenant=number % 3 != 0, timed=number % 5 != 0, key=number % 7 != 0)
        else:
            value = emitter(rng, when)
        told.append((value.encode(), STORED))
    keyed = [value for value, _ in told if b'"eventId"' in value or b'"eventType"' not in value]
    told += [(value, DUPLICATE) for value in rng.choices(keyed, k=redelivered)]
    told += [(value, reason) for reason, value in REFUSED] * refused
    told += [(None, TOMBSTONE)] * refused
    rng.shuffle(told)
    return [(Record(value, rng.randrange(4), rng.choice(KEYS), rng.choice(HEADERS), rng.choice(TIMESTAMPS)), outcome)
            for value, outcome in told]
