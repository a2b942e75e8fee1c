"""What is produced, each record told what must become of it.

A record that is to be stored carries a nonce in its payload, and an identity: records of one identity are one event,
whichever of them comes first, so the database must hold exactly one row with one of their nonces. Without a natural key
a record's identity is its nonce.
"""
import collections
import dataclasses
import json
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from data import emitters  # noqa: E402
from mixture import REFUSED, SMALL, STORED, TOMBSTONE  # noqa: E402

MAX_EVENT_BYTES = SMALL
UNKNOWN_SHAPE = "unknown_shape"  # skipped, and kept beside the refused ones
DUPLICATES, BAD, TOMBSTONES, UNKEYED = 0.12, 0.08, 0.02, 0.15
LATE = 0.03  # of events, anywhere in the last ten years: partitions are made all along
RECENT_DAYS, LATE_DAYS = 3, 3650
REMEMBERED = 400  # records that may come once more


@dataclasses.dataclass(frozen=True, slots=True)
class Made:
    value: bytes
    outcome: str  # stored, tombstone, or the reason of a refusal
    identity: str = None
    nonce: str = None


class Maker:
    """make() returns one record after the other; the same ones for the same seed and name, but for the clock's part."""

    def __init__(self, seed, name):
        self.rng = random.Random(f"{seed} {name}")
        self.name = name
        self.count = 0
        self.keyed = collections.deque(maxlen=REMEMBERED)

    def make(self):
        dice = self.rng.random()
        if dice < DUPLICATES and self.keyed:
            return self.again()
        if dice < DUPLICATES + BAD:
            reason, value = self.rng.choice(REFUSED)
            return Made(value, reason)
        if dice < DUPLICATES + BAD + TOMBSTONES:
            return Made(None, TOMBSTONE)
        if dice < DUPLICATES + BAD + TOMBSTONES + UNKEYED:
            return self.unkeyed()
        return self.keyed_event()

    def again(self):
        """One of the last ones, byte for byte or with another payload."""
        first = self.rng.choice(self.keyed)
        if self.rng.random() < 0.7:
            return first
        nonce = self.nonce()
        return dataclasses.replace(first, nonce=nonce, value=first.value.replace(first.nonce.encode(), nonce.encode()))

    def unkeyed(self):
        nonce = self.nonce()
        event = {"eventType": "nemesis.unkeyed", "source": "nemesis", "payload": {"nonce": nonce}}
        if self.rng.random() < 0.5:
            event["occurredAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return Made(json.dumps(event).encode(), STORED, nonce, nonce)

    def keyed_event(self):
        """Of any shape; its key is random, so that only again() repeats it."""
        nonce = self.nonce()
        days = LATE_DAYS if self.rng.random() < LATE else RECENT_DAYS
        when = emitters.Moment(time.time_ns() - self.rng.randrange(days * 86_400 * emitters.SECOND))
        emitter = emitters.BY_PERCENT[self.rng.randrange(100)]
        if emitter is emitters.canonical:
            text = emitter(self.rng, when, tenant=self.rng.random() < 0.6, timed=self.rng.random() < 0.8)
            text = f'{text[:-2]},"nonce":"{nonce}"}}}}'  # into the payload, the last member
        else:
            text = f'{emitter(self.rng, when)[:-1]},"nonce":"{nonce}"}}'
        made = Made(text.encode(), STORED, nonce, nonce)
        self.keyed.append(made)
        return made

    def nonce(self):
        self.count += 1
        return f"{self.name}-{self.count}."  # the dot ends it: none is part of another
