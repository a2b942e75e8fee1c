"""bad_records.py RECORDS REPEAT: what a topic with 5 % bad records costs, against a clean one of as many.

An ingestor as shipped reads each from its start to its end, in turns, each time into a fresh database of a durable
private cluster; medians are compared. The bad ones are of every kind, and each must be found among the dead letters
under its reason. Prints a line of JSON: ratio is the throughput with bad records over that without.
"""
import collections
import json
import pathlib
import random
import statistics
import sys
import time

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / room) for room in (".", "e2e")]
from confluent_kafka import Producer  # noqa: E402
from data import emitters  # noqa: E402
from machine import SETTINGS  # noqa: E402
from mixture import REFUSED  # noqa: E402
from rig import broker, cluster, daemon, installation, place  # noqa: E402

SEED = 5
SHARE = 0.05
START = 1_767_225_600 * emitters.SECOND
STEP = emitters.SECOND // 100  # between two events
BAD = [entry for entry in REFUSED if entry[0] != "too_large"]  # they would be a matter of bytes
TOPICS = {"clean": 0, "bad": SHARE}
PARTITIONS = 4


def fill(kafka, topic, count, share):
    """Produces the topic's records; returns how many must be refused for which reason."""
    rng, refused = random.Random(SEED), collections.Counter()
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "queue.buffering.max.messages": 1_000_000})
    kafka.create_topic(topic, PARTITIONS)
    for number in range(count):
        event = emitters.BY_PERCENT[rng.randrange(100)](rng, emitters.Moment(START + number * STEP)).encode()
        if rng.random() < share:
            reason, event = rng.choice(BAD)
            refused[reason] += 1
        producer.produce(topic, event, partition=number % PARTITIONS)
        producer.poll(0)
    if producer.flush(120):
        raise place.RigError("the broker did not take all records")
    return dict(refused)


def read(server, kafka, topic, count, refused):
    """Seconds from the ingestor's start until the last record is in."""
    server.sql("CREATE DATABASE bench")
    try:
        server.sql("CREATE EXTENSION analytics_events", "bench")
        server.sql("CHECKPOINT", "bench")
        began = time.monotonic()
        with daemon.Ingestor(kafka, server.url("bench"), topic, f"{topic}-{began}"):
            place.eventually(lambda: server.sql("SELECT sum(next_offset) FROM analytics_kafka_offsets",
                                                "bench") == str(count), 600, what="the topic's end")
            seconds = time.monotonic() - began
        found = json.loads(server.sql("SELECT coalesce(json_object_agg(reason, n), '{}') FROM (SELECT reason, "
                                      "count(*) AS n FROM analytics_dead_letters GROUP BY 1) AS r", "bench"))
        if found != refused:
            raise place.RigError(f"dead letters {found}, expected {refused}")
        return seconds
    finally:
        server.sql("DROP DATABASE bench")


def main(count, repeat):
    if why_not := broker.fetch():
        raise place.RigError(f"needs Apache Kafka: {why_not}")
    with cluster.Cluster(installation.with_extension(), SETTINGS) as server, broker.Kafka() as kafka:
        refused = {topic: fill(kafka, topic, count, share) for topic, share in TOPICS.items()}
        seconds = {topic: [] for topic in TOPICS}
        for turn in range(repeat + 1):  # the first is a warm-up
            for topic, times in seconds.items():
                times.append(read(server, kafka, topic, count, refused[topic]))
                print(f"{topic} {turn}/{repeat}: {times[-1]:.2f} s", file=sys.stderr)
    clean, bad = (statistics.median(times[1:]) for times in seconds.values())
    print(json.dumps({"figure": "5 % bad records", "records": count, "refused": sum(refused["bad"].values()),
                      "clean_seconds": round(clean, 2), "bad_seconds": round(bad, 2), "ratio": round(clean / bad, 3)}))


if __name__ == "__main__":
    place.stop_on_signals()
    try:
        main(int(sys.argv[1]), int(sys.argv[2]))
    except place.RigError as error:
        sys.exit(f"bad_records: {error}")
