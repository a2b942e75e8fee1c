"""What the messages of a feed's topic make, when each partition is replayed in its order.

replay = Replay(kept)
replay.apply(message)       a message as Kafka has it; AssertionError: a position comes twice, or before an earlier one
replay.rows()               {key of a row: what kept(value) made of its last value}

A row is named by its message's key, or by id, where the key is another one: Replay(kept, by_id=True).
"""
import collections
import json


def headers_of(message):
    return {name: value.decode() for name, value in message.headers() or []}


def place_of(position):
    """Positions in the order of a feed: TICK, TICK.NUMBER.INDEX, or TICK.TIME.ID in the past, which comes first."""
    if position == "beginning":
        return None
    tick, *rest = position.split(".")
    if not rest or len(rest[1]) == 36:
        return (int(tick), 0)
    return (int(tick), 1, int(rest[0]), int(rest[1]))


def instant(text):
    """A text whose order is that of the times: a fraction follows where Z stood."""
    return text.removesuffix("Z")


class Part:
    """A partition."""

    def __init__(self):
        self.rows = {}  # by key: (time, what is kept)
        self.last = None
        self.past = set()  # positions in the past, which come in the order of keys

    def advance(self, position):
        at = place_of(position)
        if at is not None and len(at) == 2:
            assert position not in self.past, f"{position} comes twice"
            self.past.add(position)
        elif at is not None:
            self.past.clear()
            assert at != self.last, f"{position} comes twice"
        assert self.last is None or at is None or self.last <= at, f"{position} comes after {self.last}"
        self.last = at

    def drop(self, start, end):
        """The rows of [start, end), which may be null."""
        if start is None and end is None:  # the feed begins again
            self.rows.clear()
            self.past.clear()
            self.last = None
        else:
            low, high = instant(start or ""), instant(end or "~")
            self.rows = {key: row for key, row in self.rows.items() if not low <= instant(row[0]) < high}


class Replay:
    def __init__(self, kept=json.loads, by_id=False):
        self.kept, self.by_id = kept, by_id
        self.parts = collections.defaultdict(Part)

    def apply(self, message):
        headers, part, value = headers_of(message), self.parts[message.partition()], message.value()
        operation = headers["analytics-operation"]
        if operation == "drop":
            dropped = json.loads(value)
            part.drop(dropped["rangeStart"], dropped["rangeEnd"])
        part.advance(headers["analytics-position"])
        if operation == "put":
            key = json.loads(value)["id"] if self.by_id else message.key()
            part.rows[key] = headers["analytics-time"], self.kept(value)
        elif operation == "delete":
            assert value is None, f"a deletion at {headers['analytics-position']} has a value"
            part.rows.pop(headers["analytics-id"] if self.by_id else message.key(), None)

    def rows(self):
        return {key: kept for part in self.parts.values() for key, (_, kept) in part.rows.items()}
