"""Figures B and F: from a Kafka topic to committed rows, by the ingestor as shipped.

The topic holds the events of figure A, each with the key that A's calls carry, over four partitions; it is filled once
and read anew in each pass, by a group and into a database of its own. The clock runs from the ingestor's start to the
commit of the last record, so it holds the joining of the group. Broker, ingestor and server share the machine.

F is the ingestor's peak memory (VmHWM): the largest of the same passes, for each of them begins with the whole topic as
its backlog; and that of a pass in the midst of which PostgreSQL is away.
"""
import contextlib
import itertools
import os
import signal
import subprocess
import time

import costs
import passes
import psycopg2
import turns
from confluent_kafka import Producer
from rig import broker, daemon, place

PARTITIONS = 4
KEY_BYTES = 16  # as in ingest_bench
TOPIC = "bench"
CONNECTIONS = "ANALYTICS_INGESTOR_DATABASE_CONNECTIONS"
OUTAGE_SECONDS = 20
PATIENCE = 1_200  # seconds for one pass
MEBIBYTE = 1 << 20
CLAIMED = "SELECT count(*) FROM analytics_kafka_offsets"
READ = "SELECT coalesce(sum(next_offset), 0)::bigint FROM analytics_kafka_offsets"

groups = itertools.count(1)


def settings():
    """What BENCH_INGESTOR says beyond the defaults: NAME=value NAME=value."""
    return dict(word.split("=", 1) for word in os.environ.get("BENCH_INGESTOR", "").split())


def knows(name):
    """Whether the ingestor has a setting of that name."""
    shown = subprocess.run([daemon.INGESTOR, "--help"], capture_output=True, text=True)
    return name in shown.stdout


@contextlib.contextmanager
def kafka():
    """A broker of our own; the embedded one forgets, and the user's may be far away."""
    if why_not := broker.fetch():
        raise place.RigError(f"needs Apache Kafka: {why_not}")
    with broker.Kafka() as running:
        yield running


def fill(running, path, count):
    """The topic with the events of a file; returns its name."""
    topic = f"{TOPIC}-{count}"
    running.create_topic(topic, PARTITIONS)
    producer = Producer({"bootstrap.servers": running.bootstrap, "queue.buffering.max.messages": 1_000_000})
    with open(path, "rb") as lines:
        for number, line in enumerate(lines):
            event = line.rstrip(b"\n")
            producer.produce(topic, event, event[:KEY_BYTES], number % PARTITIONS)
            producer.poll(0)
            if number % 100_000 == 0:
                producer.flush(60)
    if producer.flush(120):
        raise place.RigError("the broker did not take all events")
    return topic


def ingestor(server, running, topic, extra):
    group = f"{topic}-{next(groups)}"
    return daemon.Ingestor(running, server.url(passes.DATABASE), topic, group, **settings(), **extra)


def await_told(server, started, query, number):
    """Until the database tells so much, asked twenty times a second over one connection."""
    with contextlib.closing(psycopg2.connect(server.url(passes.DATABASE))) as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def is_so():
            if not started.running:
                raise place.RigError(f"the ingestor ended:\n{started.output()[-4000:]}")
            cursor.execute(query)
            return cursor.fetchone()[0] >= number

        place.eventually(is_so, PATIENCE, what=f"{query} = {number}")


def consume(server, running, topic, count, **extra):
    """A pass from the ingestor's start to the last commit."""
    with passes.fresh(server, passes.EXTENSION):
        with passes.weighed(server) as cost, ingestor(server, running, topic, extra) as started:
            broker_cpu, began = costs.cpu_seconds(running.process.pid), time.monotonic()
            await_told(server, started, CLAIMED, PARTITIONS)
            cost.seconds_to_join = time.monotonic() - began
            await_told(server, started, READ, count)
            cost.seconds = time.monotonic() - began
            note(cost, started)
            cost.broker_cpu = costs.cpu_seconds(running.process.pid) - broker_cpu
        passes.prove(server, count)
        return cost


def note(cost, started):
    cost.client_cpu, cost.peak_bytes = costs.cpu_seconds(started.process.pid), costs.peak_bytes(started.process.pid)


def outage(server, running, topic, count):
    """Peak memory of an ingestor whose database crashes amid the backlog, is away, and comes back; then all is stored.
    """
    with passes.fresh(server, passes.EXTENSION):
        with ingestor(server, running, topic, {}) as started:
            await_told(server, started, READ, count // 10)
            turns.say(f"PostgreSQL is away for {OUTAGE_SECONDS} s")
            server.stop(signal.SIGQUIT)
            try:
                started.await_log(event="consumption_paused", timeout=60)
                time.sleep(OUTAGE_SECONDS)
            finally:
                server.start()
            await_told(server, started, READ, count)
            peak = costs.peak_bytes(started.process.pid)
        passes.prove(server, count)
        return peak


def figure_f(backlog, away, count):
    """backlog: the costs of passes; away: the peak of the one without a database."""
    peaks = {"backlog": max(cost.peak_bytes for cost in backlog), "outage": away}
    return [{"figure": "F", "what": f"ingestor's peak memory in MiB, {what}, at most", "events": count,
             "ratio": round(peaks[name] / MEBIBYTE, 1), "bar": 96, "goal": 64, "at_most": True}
            for name, what in (("backlog", "with the topic as its backlog"), ("outage", "during a database outage"))]
