"""Figure start: how long a daemon takes from its start to the first thing it is there for, beside a running server: the
service to its first summary, the ingestor to the first events that it has committed, the joining of its group included.

The ingestor has a backlog, so that its first batch is full at once: without one it waits for more records, as it is
told to (ANALYTICS_BATCH_MS).
"""
import contextlib
import itertools
import time
import urllib.error
import urllib.request

import consuming
import passes
import psycopg2
import turns
from rig import daemon, place

PATH = "/v1/analytics/metrics/summary"
EVERY = 0.001  # seconds between two looks
BACKLOG = 40_000  # events
STORED = "SELECT count(*) FROM analytics_events"

topics = itertools.count(1)


def measure(server, repeat):
    with passes.fresh(server, passes.EXTENSION), consuming.kafka() as running, \
            contextlib.closing(psycopg2.connect(server.url(passes.DATABASE))) as connection:
        connection.autocommit = True
        sides = {"analytics-http, from its start to its first summary": lambda: answered(server),
                 "analytics-ingestor, from its start to its first events": lambda: stored(server, running, connection)}
        turns.take(1, sides)
        taken = turns.take(repeat, sides, lambda ms: f"{ms:.0f} ms")
    return [{"figure": "start", "what": f"{what}, milliseconds, at most", "events": BACKLOG,
             "ratio": turns.median(times, 1), "ratios": [round(ms, 1) for ms in times], "bar": 500, "goal": 100,
             "at_most": True} for what, times in taken.items()]


def milliseconds(started, is_so, what):
    """From the start of a daemon."""
    began = time.monotonic()
    started.start()
    try:
        place.eventually(is_so, every=EVERY, what=what)
        return (time.monotonic() - began) * 1000
    finally:
        started.terminate()


def answered(server):
    service = daemon.Http(server.url(passes.DATABASE))

    def is_so():
        try:
            return urllib.request.urlopen(service.url + PATH, timeout=5).status == 200
        except urllib.error.URLError:
            return False

    return milliseconds(service, is_so, "an answer")


def stored(server, running, connection):
    topic = consuming.fill(running, passes.events(BACKLOG), f"start-{next(topics)}")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE analytics_events")

        def is_so():
            cursor.execute(STORED)
            return cursor.fetchone()[0]

        return milliseconds(consuming.ingestor(server, running, topic, {}), is_so, "events")
