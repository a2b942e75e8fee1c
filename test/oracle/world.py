"""What random steps are about: few instants, types and tenants, so that steps meet each other, and each at the edge of
something: a minute, an hour, a month, the epoch, the first and the last year, absent and empty tenants.

Everything is drawn from one generator: the same seed gives the same world.
"""
import datetime
import json

MICROSECOND = datetime.timedelta(microseconds=1)
MINUTE = datetime.timedelta(minutes=1)
HOUR = datetime.timedelta(hours=1)
FIRST = datetime.datetime(1, 1, 1)
LAST = datetime.datetime(9999, 12, 31, 23, 59, 59, 999999)
ANCHORS = tuple(datetime.datetime(*parts) for parts in (
    (2024, 2, 29, 23, 59), (2024, 3, 1), (2024, 3, 1, 0, 59), (2024, 3, 1, 12), (2024, 3, 31, 1), (2024, 4, 1),
    (2024, 12, 31, 23), (2025, 1, 1), (1969, 12, 31, 23, 59), (1970, 1, 1), (1, 1, 1), (9999, 12, 31, 23, 58),
    (2030, 1, 15, 6, 30)))  # 2030: a partition made by hand, which has partitions itself
TYPES = ("a", "b", "order.placed", "señal 🎯", "t" * 120)
TENANTS = (None, None, "t0", "t1", "", "T0", "ü" * 64)
SHARED_IDS = 40


def written(instant):
    """A literal of timestamptz, whatever DateStyle and TimeZone say."""
    return f"{instant:%Y-%m-%d %H:%M:%S.%f}+00".rjust(29, "0")


class World:
    def __init__(self, rng):
        self.rng = rng

    def instant(self):
        rng = self.rng
        near = rng.choice((
            lambda: datetime.timedelta(0), lambda: -MICROSECOND, lambda: MICROSECOND,
            lambda: rng.choice((-1, 1)) * MINUTE + rng.randint(-1, 1) * MICROSECOND,
            lambda: rng.randrange(60_000_000) * MICROSECOND,
            lambda: rng.randint(-90, 90) * MINUTE + rng.randint(-1, 1) * MICROSECOND,
            lambda: rng.randint(-3 * 3600 * 10**6, 3 * 3600 * 10**6) * MICROSECOND))()
        anchor = rng.choice(ANCHORS)
        if near < datetime.timedelta(0):
            return max(anchor, FIRST - near) + near
        return min(anchor, LAST - near) + near

    def event_type(self):
        return self.rng.choice(TYPES)

    def tenant(self):
        return self.rng.choice(TENANTS)

    def shared_id(self):
        return f"00000000-0000-4000-8000-{self.rng.randrange(SHARED_IDS):012}"

    def payload(self):
        """Values at the paths of projections (projected.py), also absent, null and of other types than asked for."""
        rng = self.rng
        payload = {"n": rng.choice((rng.randrange(100), rng.randrange(100), -1.5, 0.1, 1e3, 10**30, 1e-7, None, "1")),
                   "plan": rng.choice(("free", "pro", "pro", "", "Größe 🎯", "x" * 200, "y" * 201, None, 1)),
                   "level": rng.choice((1, 1.0, 1.5, 10**25, "high", True, None)),
                   "deep": rng.choice(({"sizes": [1, 2], "flag": True}, {"sizes": [rng.randrange(3)]}, {"sizes": []},
                                       {"sizes": {"-1": 2**63 - 1, "0": -2.5}, "flag": "no"}, {"sizes": [2**63]},
                                       [], 7))}
        return {name: payload[name] for name in payload if rng.randrange(4)}

    def rows(self, count=None, month=None):
        """Events as columns for unnest: ids, types, times, tenants, payloads; of one month when that is given."""
        rng = self.rng
        times = [self.instant() for _ in range(count or rng.choice((1, 1, 2, 5, 20)))]
        if month:
            times = [t for t in times if (t.year, t.month) == month] or [datetime.datetime(*month, 1)]
        return ([self.shared_id() for _ in times], [self.event_type() for _ in times], [written(t) for t in times],
                [self.tenant() for _ in times], [json.dumps(self.payload()) for _ in times])

    def record(self):
        """A Kafka value: an event, often one that came before, or one of no worth."""
        rng = self.rng
        kind = rng.randrange(20)
        if kind == 0:
            return rng.choice((b"{", b"{}", b"[]", None))
        when = self.instant()
        iso = f"{when.year:04}-{when:%m-%dT%H:%M:%S.%f}Z"
        if kind < 4:
            number = rng.randrange(12)
            return json.dumps({"guideId": f"g{number}", "challengeId": "c", "occurredAt": iso,
                               **({"tenantId": "t1"} if rng.randrange(2) else {})}).encode()
        event = {"eventType": self.event_type(), "source": "s", "payload": self.payload()}
        if kind != 4:
            event["occurredAt"] = iso
        if rng.randrange(3):
            event["eventId"] = f"k{rng.randrange(SHARED_IDS)}"
        tenant = self.tenant()
        if tenant:
            event["tenantId"] = tenant
        return json.dumps(event, ensure_ascii=bool(rng.randrange(2))).encode()

    def records(self):
        values = [self.record() for _ in range(self.rng.choice((1, 3, 10, 40)))]
        return values + self.rng.choices(values, k=self.rng.choice((0, 0, 3)))

    def some_of_them(self):
        """A condition that holds for a few, many, all or none of the events e."""
        rng = self.rng
        low, high = sorted((self.instant(), self.instant()))
        return rng.choice((
            lambda: f"e.occurred_at = '{written(self.instant())}'",
            lambda: f"e.occurred_at >= '{written(low)}' AND e.occurred_at < '{written(high)}' "
                    f"AND pg_catalog.hashtext(e.occurred_at::text || e.event_type) % 5 = {rng.randrange(5)}",
            lambda: f"e.event_type = '{self.event_type()}' AND pg_catalog.hashtext(e.occurred_at::text) % 3 = 0",
            lambda: f"e.tenant_id IS NOT DISTINCT FROM {quoted(self.tenant())} "
                    f"AND e.event_type = '{self.event_type()}'",
            lambda: f"e.id = '{self.shared_id()}'",
            lambda: f"pg_catalog.hashtext(e.event_type || e.occurred_at::text || coalesce(e.tenant_id, '')) % 11 = "
                    f"{rng.randrange(11)}",
            lambda: "false", lambda: "e.occurred_at < '1970-01-01 00:00:00+00'"))()

    def window(self):
        """(start, end) for a question; now and then empty, or of all time."""
        rng = self.rng
        kind = rng.randrange(10)
        if kind == 0:
            return FIRST, LAST
        start, end = self.instant(), self.instant()
        if kind < 6:
            return start, start + min(LAST - start, rng.choice((
                MICROSECOND, 59 * MICROSECOND, MINUTE, MINUTE - MICROSECOND, MINUTE + MICROSECOND, HOUR, 25 * HOUR,
                rng.randrange(3 * 3600 * 10**6) * MICROSECOND, rng.randrange(40 * 24 * 60) * MINUTE)))
        return (start, end) if kind == 6 else (min(start, end), max(start, end))


def quoted(text):
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
