"""The sample: test/data/sample.ndjson, one Kafka record a line, with times relative to the moment of producing.

A line is the record's value, byte for byte, but for placeholders: {{<form> <seconds>}} is the time so many seconds ago
in one of the forms of emitters.Moment, and a line {{tombstone}} is a record without a value. Run as a program, this
file writes sample.ndjson anew: the same bytes every time.
"""
import pathlib
import random
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from data import emitters  # noqa: E402

PATH = pathlib.Path(__file__).with_name("sample.ndjson")
TOMBSTONE = b"{{tombstone}}"
PLACEHOLDER = re.compile(rb"\{\{(instant|nanos|epoch|array)([567]?) (-?[0-9.]+)\}\}")

SEED = 3
EVENTS = 560
RECENT = 3_300  # seconds: half of the events lie in the last hour, the rest in the last six
OLDEST = 21_600
REDELIVERED = 36

UNKNOWN = ('{"jobId":"nightly-17","state":"done","took":12.5}', '{"userId":"u-1","email":"ana@example.com"}', "{}",
           '{"heartbeat":{{epoch 60}},"node":"runner-2"}', '{"guideId":"g-77","deleted":true}')
TOO_DEEP = '{"eventType":"challenge.nested","source":"s","payload":' + '{"a":' * 80 + "1" + "}" * 81
MALFORMED = (
    b'{"eventType":"challenge.completed","source":"challenge-se',
    b'{"eventType":"challenge.completed","source":"challenge-service","payload":{"score":97,}}',
    b'{"eventType":"challenge.completed","source":"challenge-service","payload":{"score":NaN}}',
    b'{"eventType":"challenge.completed","source":"challenge-service","payload":{"name":"Mar\xeda"}}',
    b'["challenge.completed","challenge-service"]',
    b'"challenge.completed"',
    b'{"eventType":"challenge.completed","payload":{"score":97}}',
    b'{"eventType":"","source":"challenge-service","payload":{}}',
    b'{"eventType":"challenge.completed","source":"challenge-service","payload":[97]}',
    b'{"eventType":"challenge.completed","source":"challenge-service","occurredAt":"yesterday","payload":{}}',
    b'{"guideId":"g-1","challengeId":"c-1","occurredAt":null}',
    b'{"userId":"u-2","email":"zoe@example.com","firstName":"Zo\xc3\xab","lastName":"Larsen","provider":"local",'
    b'"registeredAt":[2025,13,1,0,0]}',
    b'{"eventType":"challenge.completed","source":"challenge-service","payload":{"note":"cut\\u0000here"}}',
    b'{"eventType":"challenge.completed","source":"challenge-service","payload":{"note":"\\ud83d"}}',
    b'{"eventType":"challenge.completed","source":"challenge-service","payload":{"score":1e999999}}',
    TOO_DEEP.encode(),
)


def generate():
    """The file's lines: events in no order of time, some of them twice, refused ones strewn among them."""
    rng = random.Random(SEED)
    lines = []
    for number in range(EVENTS):
        when = emitters.Ago(rng.uniform(1, RECENT if number % 2 else OLDEST))
        emitter = emitters.BY_PERCENT[number % 100]
        if emitter is emitters.canonical:
            event = emitter(rng, when, tenant=number % 3 != 0, timed=number % 5 != 0, key=number % 7 != 0)
        else:
            event = emitter(rng, when)
        lines.append(event.encode())
    rng.shuffle(lines)
    keyed = [line for line in lines if b'"eventId"' in line or b'"eventType"' not in line]
    extras = [*rng.sample(keyed, REDELIVERED), *(text.encode() for text in UNKNOWN), *MALFORMED, TOMBSTONE, TOMBSTONE]
    for line in extras:
        earliest = lines.index(line) + 1 if line in lines else 0
        lines.insert(rng.randint(earliest, len(lines)), line)
    return lines


def records(now=None):
    """The sample's values as of now (nanoseconds since the epoch): bytes, or None for a tombstone."""
    now = time.time_ns() if now is None else now

    def written(match):
        moment = emitters.Moment(now - round(float(match[3]) * emitters.SECOND))
        form, members = match[1].decode(), match[2]
        return (moment.array(int(members)) if members else getattr(moment, form)()).encode()

    lines = PATH.read_bytes().splitlines()
    return [None if line == TOMBSTONE else PLACEHOLDER.sub(written, line) for line in lines]


if __name__ == "__main__":
    PATH.write_bytes(b"".join(line + b"\n" for line in generate()))
