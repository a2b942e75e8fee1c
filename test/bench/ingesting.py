"""Figures A and E: what ingest costs beside COPY, and what keeping the rollups adds to it.

A pass is one run of ingest_bench over one file, in a fresh database, after a checkpoint; the sides take turns after a
warm-up of a tenth that is not counted.
"""
import os
import pathlib
import statistics
import subprocess
import sys

from rig import place

FOLDER = place.LOCAL / "bench"
STOPWATCH = place.LOCAL / "build" / "bench" / "ingest_bench"
BATCH = 5_000
WARM_UP = 10  # one part in ten


def events(count):
    """The file of so many events, made once."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"events-{count}.ndjson"
    if not path.exists():
        print(f"bench: making {count} events", file=sys.stderr)
        maker = pathlib.Path(__file__).with_name("make_events.py")
        subprocess.run([sys.executable, maker, str(count), path], check=True)
    return path


def timed_pass(server, preparation, arguments, proof):
    """Seconds of one pass in a fresh database; proof is a query that must give the number of events."""
    server.sql("CREATE DATABASE bench")
    try:
        server.sql(preparation, "bench")
        server.sql("CHECKPOINT", "bench")
        done = subprocess.run([STOPWATCH, *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True,
                              env={**os.environ, **server.environment("bench")})
        query, expected = proof
        found = server.sql(query, "bench")
        if found != expected:
            raise place.RigError(f"{query} gives {found}, not {expected}")
        return float(done.stdout)
    finally:
        server.sql("DROP DATABASE bench")


def copy_pass(server, path, count):
    return timed_pass(server, "CREATE TABLE bare (event jsonb)", ["copy", path],
                      ("SELECT count(*) FROM bare", str(count)))


def ingest_pass(server, path, count):
    return timed_pass(server, "CREATE EXTENSION analytics_events", ["ingest", path, BATCH],
                      ("SELECT count(*) FROM analytics_events", str(count)))


def uncounted_pass(server, path, count):
    """The same without the triggers that keep the rollups; partitions to come take over that they are off."""
    return timed_pass(server, "CREATE EXTENSION analytics_events; ALTER TABLE analytics_events DISABLE TRIGGER USER",
                      ["ingest", path, BATCH], ("SELECT count(*) FROM analytics_events", str(count)))


def measure(server, count, repeat, sides):
    """Seconds of every side, in turns; sides: name → pass."""
    small, path = events(max(count // WARM_UP, 1)), events(count)
    for run in sides.values():
        run(server, small, max(count // WARM_UP, 1))
    seconds = {name: [] for name in sides}
    for turn in range(repeat):
        for name, run in sides.items():
            seconds[name].append(run(server, path, count))
            print(f"bench: {name} {turn + 1}/{repeat}: {seconds[name][-1]:.2f} s", file=sys.stderr)
    return seconds


def figure_a(server, count, repeat):
    """A: analytics_ingest_kafka over one connection versus COPY of the same NDJSON into a bare jsonb table."""
    seconds = measure(server, count, repeat, {"COPY": copy_pass, "analytics_ingest_kafka": ingest_pass})
    yardstick, ours = (statistics.median(side) for side in seconds.values())
    return {"figure": "A", "what": "analytics_ingest_kafka, one connection, versus COPY into bare jsonb",
            "events": count, "ours_per_second": round(count / ours), "yardstick_per_second": round(count / yardstick),
            "ratio": round(yardstick / ours, 3), "bar": 0.9,
            "seconds": {name: [round(s, 3) for s in side] for name, side in seconds.items()}}


def figure_e(server, count, repeat):
    """E: what keeping the rollups adds to analytics_ingest_kafka's time."""
    seconds = measure(server, count, repeat, {"without rollups": uncounted_pass, "with rollups": ingest_pass})
    without, ours = (statistics.median(side) for side in seconds.values())
    return {"figure": "E", "what": "what the rollups' upkeep adds to the time of analytics_ingest_kafka, at most",
            "events": count, "ours_per_second": round(count / ours), "yardstick_per_second": round(count / without),
            "ratio": round(ours / without - 1, 3), "bar": 0.15,
            "seconds": {name: [round(s, 3) for s in side] for name, side in seconds.items()}}
