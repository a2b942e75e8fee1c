"""Database against ledger: every record that Kafka took is accounted for exactly, and nothing else is there.

A verdict is a list of facts; each names what it found wrong, or nothing.
"""
import collections
import dataclasses

from . import editors
from .records import STORED, TOMBSTONE, UNKNOWN_SHAPE

SHOWN = 5  # examples of what is wrong


@dataclasses.dataclass
class Fact:
    name: str
    wrong: list  # texts

    @property
    def holds(self):
        return not self.wrong


def judge(world):
    """All facts; the ingestors must have stopped."""
    entries = world.ledger.entries
    stored = world.rows("SELECT payload ->> 'nonce', ingested_at FROM analytics_events")
    gone = editors.gone(world)
    return [
        *events(entries, [nonce for nonce, _ in stored], gone),
        *dead_letters(entries, world.rows('SELECT topic, partition, "offset", reason, value '
                                          'FROM analytics_dead_letters')),
        counters(world, sum(not back for _, back, _ in gone) - sum(back for _, back, _ in gone)),
        order(entries, {**{nonce: at for nonce, _, at in gone}, **dict(stored)}),
        history(world.rows("SELECT topic, partition, from_offset, to_offset, from_epoch, to_epoch, owner "
                           "FROM nemesis_history ORDER BY seq")),
        *rollups(world),
        *feeds(world),
        Fact("no ingestor ended by itself, or gave a partition up", [*world.fleet.findings, *refusals(world)]),
        Fact("PostgreSQL's log shows no crash but ours", crashes(world)),
        Fact("Kafka has what the producers say", world.ledger.troubles),
    ]


def events(entries, nonces, gone):
    """Three facts: each identity is stored once, and once more at most for each time that it was deleted."""
    identity_of = {entry.nonce: entry.identity for entry in entries.values() if entry.outcome == STORED}
    rows = collections.Counter(identity_of.get(nonce) for nonce in nonces)
    strangers = [nonce for nonce in nonces if nonce not in identity_of]
    deleted = collections.Counter(identity_of.get(nonce) for nonce, back, _ in gone if not back)
    restored = collections.Counter(identity_of.get(nonce) for nonce, back, _ in gone if back)
    wanted = set(identity_of.values())
    stored = {identity: rows[identity] + deleted[identity] - restored[identity] for identity in wanted}  # by ingestors
    return (Fact("lost: 0", [f"{identity} is not stored" for identity in wanted if stored[identity] < 1]),
            Fact("duplicated: 0", [f"{identity} is there {rows[identity]} times, was stored {stored[identity]} times "
                                   f"and deleted {deleted[identity]} times" for identity in wanted
                                   if rows[identity] > 1 or stored[identity] > 1 + deleted[identity]]),
            Fact("strangers: 0", [f"{nonce} was never committed to Kafka" for nonce in strangers]))


def dead_letters(entries, rows):
    wanted = {place: (entry.outcome, entry.value) for place, entry in entries.items()
              if entry.outcome not in (STORED, TOMBSTONE)}
    found = collections.defaultdict(list)
    for topic, partition, offset, reason, value in rows:
        found[topic, partition, offset].append((reason, None if value is None else bytes(value)))
    return (Fact("dead letters missing: 0", [f"{place}: {wanted[place][0]}" for place in wanted if place not in found]),
            Fact("dead letters too many: 0", [f"{place}: {letters}" for place, letters in found.items()
                                              if place not in wanted or len(letters) > 1]),
            Fact("dead letters that differ: 0", [f"{place}: {found[place][0]} instead of {wanted[place]}"
                                                 for place in wanted if place in found
                                                 and found[place][0] != wanted[place]]))


def counters(world, gone):
    """What analytics_kafka_offsets says about each partition, and in all; gone: how many events others have deleted."""
    wanted = world.ledger.per_partition()
    rows = world.rows("SELECT topic, partition, stored + duplicates, dead_lettered, skipped, next_offset "
                      "FROM analytics_kafka_offsets")
    ends = world.ends()
    wrong = [f"{(topic, partition)}: {tuple(counts)} instead of {wanted.get((topic, partition))}"
             for topic, partition, *counts, _ in rows if tuple(counts) != wanted.get((topic, partition), (0, 0, 0))]
    wrong += [f"{(topic, partition)}: read up to {offset} of {ends[topic, partition]}"
              for topic, partition, *_, offset in rows if offset != ends[topic, partition]]
    [[stored]] = world.rows("SELECT sum(stored)::bigint FROM analytics_kafka_offsets")
    [[events_there]] = world.rows("SELECT count(*) FROM analytics_events")
    if stored != events_there + gone:
        wrong.append(f"{stored} counted as stored, {events_there} there, {gone} deleted")
    return Fact("the counters add up", wrong)


def order(entries, ingested_at):
    """A partition's records were stored in their order; only those that came once tell by which record it was."""
    times = collections.Counter(entry.nonce for entry in entries.values())
    latest, wrong = {}, []
    for (topic, partition, offset), entry in sorted(entries.items()):
        at = ingested_at.get(entry.nonce) if times[entry.nonce] == 1 and entry.identity == entry.nonce else None
        if at is None:
            continue
        if at < latest.get((topic, partition), at):
            wrong.append(f"{(topic, partition, offset)} was stored before its predecessors")
        latest[topic, partition] = at
    return Fact("stored in the partition's order", wrong)


def history(rows):
    """Each change of a partition's row begins where the last one ended, and goes forward; an epoch has one owner."""
    last, owners, wrong = {}, {}, []
    for topic, partition, from_offset, to_offset, from_epoch, to_epoch, owner in rows:
        place = (topic, partition)
        began, ended = (from_offset, from_epoch), (to_offset, to_epoch)
        if began != last.get(place, (None, None)):
            wrong.append(f"{place}: from {began}, but it was {last.get(place)}")
        elif from_offset is not None and not (to_offset >= from_offset and to_epoch >= from_epoch):
            wrong.append(f"{place}: from {began} back to {ended}")
        if owners.setdefault((place, to_epoch), owner) != owner:
            wrong.append(f"{place}: epoch {to_epoch} has two owners")
        last[place] = ended
    return Fact("offsets and epochs only grow", wrong)


def rollups(world):
    """Where the extension can verify its rollups, it finds nothing."""
    if not world.rows("SELECT 1 FROM pg_proc WHERE proname = 'analytics_verify'"):
        return ()
    return (Fact("the rollups are exact", [str(row) for row in world.rows("SELECT * FROM analytics_verify()")]),)


def feeds(world):
    """Each topic was followed all along, and read once more at the end."""
    return (Fact("feeds: replaying gives exactly the table and the projection, and dead letters come once",
                 world.wrong_feeds),
            Fact("feeds: no position comes twice, none before an earlier one",
                 [text for topic in world.topics for text in topic.troubles]))


def refusals(world):
    """What no fault of ours may make an ingestor say. One that slept while others read on, and Kafka forgot what they
    had read, may say that its offset is gone, until it hears that the partition is no longer its own."""
    return [str(line) for line in world.fleet.told()
            if line.get("event") in ("database_refused", "fault")
            or line.get("event") == "partition_stopped" and line["offset"] >= line["low_watermark"]]


def crashes(world):
    """Sessions killed by us are named with their process ids; what ends with them is not."""
    ours = tuple(f"(PID {pid}) was terminated by signal 9" for pid in world.killed_backends)
    return [line for line in world.server.faults_since() if not any(text in line for text in ours)]


def accounted(entries):
    """How many records of which outcome there were."""
    return collections.Counter("dead-lettered" if entry.outcome not in (STORED, TOMBSTONE, UNKNOWN_SHAPE) else
                               entry.outcome for entry in entries.values())
