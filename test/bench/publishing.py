"""Figure publish: from the outbox to a topic, by the ingestor as shipped, beside kcat with the same bytes.

The database has the events of figure A, stored by its own calls while there was a feed of all events, so all of them
are the feed's backlog, which each pass publishes again. The clock runs from the start of
`analytics-ingestor --publish-only` until its metrics say that all is committed, so it holds connecting and claiming.

kcat sends what a consumer of committed messages has read of such a topic: keys, values and headers, these with the same
names and lengths. It sends them idempotently, as a transaction does, with librdkafka's defaults for all else. It
reads a file and no database. Its clock runs from its start to its end, when all is acknowledged.
"""
import functools
import itertools
import os
import subprocess
import time
import urllib.request
import uuid

import consuming
import costs
import ingesting
import passes
import turns
from confluent_kafka import Consumer, TopicPartition
from rig import daemon, place

PARTITIONS = 4
PATIENCE = 120  # seconds for one pass
OURS, KCAT = "feed published by the ingestor", "kcat"
COMMITTED = 'analytics_ingestor_feed_messages_total{feed="f"} '
TOPIC = "publish"
FEED = f"CALL analytics_create_feed('f', topic => '{TOPIC}', since => 'now')"
BEGIN_AGAIN = "SELECT analytics_republish_feed('f', start_tick::text) FROM analytics_feeds"

passes_of_kcat = itertools.count(1)


def measure(server, count, repeat):
    """The line of publish."""
    with consuming.kafka() as running:
        return [line(take(server, running, passes.events(count), count, repeat), count)]


def take(server, running, path, count, repeat):
    """Turns of both, after a pass of ours from which the bytes are taken."""
    running.create_topic(TOPIC, PARTITIONS)
    with passes.fresh(server, passes.EXTENSION):
        server.sql(FEED, passes.DATABASE)
        passes.stopwatch(server, ["ingest", path, passes.BATCH])
        passes.prove(server, count)
        while server.sql("SELECT analytics_tick()", passes.DATABASE):
            pass
        publish(server, running, count)
        headers, written = read(running, count)
        return turns.take(repeat, {OURS: functools.partial(publish, server, running, count),
                                   KCAT: functools.partial(produce, running, headers, written, count)},
                          lambda cost: f"{cost.seconds:.2f} s")


def line(taken, count):
    return ingesting.compared(taken, count, OURS, KCAT, figure="publish", bar=0.2, goal=0.3,
                              what="a feed's backlog to Kafka in transactions, versus kcat, idempotent, same bytes")


def publish(server, running, count):
    """A pass of ours."""
    server.sql(BEGIN_AGAIN, passes.DATABASE)
    server.sql("CHECKPOINT", passes.DATABASE)
    with passes.weighed(server) as cost:
        broker_cpu, began = costs.cpu_seconds(running.process.pid), time.monotonic()
        with daemon.Ingestor(running, server.url(passes.DATABASE), "nothing", admin=True, arguments=["--publish-only"],
                             **consuming.settings()) as started:
            place.eventually(lambda: committed(started) >= count, PATIENCE, 0.02, what=f"{count} messages")
            cost.seconds = time.monotonic() - began
            consuming.note(cost, started)
            cost.broker_cpu = costs.cpu_seconds(running.process.pid) - broker_cpu
            if committed(started) != count:
                raise place.RigError(f"{committed(started)} messages, not {count}")
    return cost


def committed(started):
    """How many messages the ingestor has committed."""
    with urllib.request.urlopen(started.admin_url + "/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return next((round(float(text.removeprefix(COMMITTED))) for text in lines if text.startswith(COMMITTED)), 0)


def read(running, count):
    """Headers of a message as kcat's options, and a file of the keys and values of as many messages."""
    path = passes.FOLDER / f"messages-{count}.txt"
    consumer = Consumer({"bootstrap.servers": running.bootstrap, "group.id": uuid.uuid4().hex,
                         "isolation.level": "read_committed", "enable.auto.commit": False})
    consumer.assign([TopicPartition(TOPIC, number, 0) for number in range(PARTITIONS)])
    left = count
    with open(path, "wb") as out:
        while left:
            found = [message for message in consumer.consume(min(left, 10_000), 10) if message.error() is None]
            if not found:
                raise place.RigError(f"{TOPIC} has {left} messages too few")
            out.writelines(b"%s\t%s\n" % (message.key(), message.value()) for message in found)
            left -= len(found)
    consumer.close()
    return [f"{header}={value.decode()}" for header, value in found[-1].headers()], path


def produce(running, headers, path, count):
    """A pass of kcat."""
    name = f"kcat-{next(passes_of_kcat)}"
    running.create_topic(name, PARTITIONS)
    command = ["kcat", "-P", "-b", running.bootstrap, "-t", name, "-X", "enable.idempotence=true",
               *(word for header in headers for word in ("-H", header)), "-K", "\t", "-l", path]
    cost, began = costs.Cost(0), time.monotonic()
    broker_cpu = costs.cpu_seconds(running.process.pid)
    with subprocess.Popen(command) as kcat:
        _, status, used = os.wait4(kcat.pid, 0)
        kcat.returncode = os.waitstatus_to_exitcode(status)
    cost.seconds, cost.client_cpu = time.monotonic() - began, used.ru_utime + used.ru_stime
    cost.broker_cpu = costs.cpu_seconds(running.process.pid) - broker_cpu
    if kcat.returncode or messages(running, name) != count:
        raise place.RigError(f"kcat ended with {kcat.returncode}, after {messages(running, name)} messages")
    return cost


def messages(running, name):
    """How many messages a topic has that no transaction has written."""
    consumer = Consumer({"bootstrap.servers": running.bootstrap, "group.id": uuid.uuid4().hex})
    ends = [consumer.get_watermark_offsets(TopicPartition(name, number), 10)[1] for number in range(PARTITIONS)]
    consumer.close()
    return sum(ends)
