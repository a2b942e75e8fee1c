"""Figures G and G2: the summary over HTTP, asked by wrk over 32 and over 256 connections, versus the same SQL asked by
pgbench.

What is fair: the statement is the service's own, taken from its source, and its parameters are the same; both run it
prepared, over a unix socket, with jit off and a statement_timeout, as the service's sessions do. wrk and pgbench are
thin, and each shares the machine with what it asks. What differs is what is to be measured: HTTP, and many clients
that share the service's sessions (as shipped: eight) and each other's answers, where each of pgbench's 32 clients has a
session and asks by itself. As sessions cost something too, pgbench with no more clients than the service has sessions
runs as well; the yardstick is the quicker of the two.

A tenant that is not asked for is written as a NULL into pgbench's text: it knows no null parameters.
"""
import json
import pathlib
import re
import statistics
import subprocess
import tempfile
import urllib.request

import asking
import stored
import turns
from rig import daemon, place

CONNECTIONS, MANY, SESSIONS, THREADS, SECONDS = 32, 256, 8, 2, 5
DAY = 86_400
MICROSECONDS = 1_768_521_509_500_000  # asking.REFERENCE
PATH = "/v1/analytics/metrics/summary?windowMinutes=60&reference=2026-01-15T23:58:29.5Z"
SUMMARY = re.compile(r'Statement summary\{\s*\.name = "summary",\s*\.sql = R"sql\((.*?)\)sql"', re.DOTALL)
OPTIONS = "-c jit=off -c statement_timeout=10000"
FIGURES = {"G": (CONNECTIONS, {"bar": 0.6, "goal": 0.8}), "G2": (MANY, {"bar": 5, "goal": 20})}
UNITS = {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}


def statement(parameters):
    """The service's own statement with its parameters replaced by these texts, the extension being in public."""
    found = SUMMARY.search((place.ROOT / "http" / "api" / "statements.hpp").read_text())
    if not found:
        raise place.RigError("http/api/statements.hpp has no statement named summary")
    text = found[1].replace("@extschema@", "public")
    return re.sub(r"\$(\d)", lambda m: parameters[int(m[1]) - 1], text)


def measure(server, count, repeat, names):
    """Figures G and G2, of those that are named: stored events, then turns of each."""
    with stored.database(server, "bench_http", count, DAY) as cursor, tempfile.TemporaryDirectory() as folder, \
            daemon.Http(server.url("bench_http"), ANALYTICS_HTTP_POOL_SIZE=SESSIONS) as http:
        prove_same(cursor, http)
        sides = {"G": lambda: wrk(http, CONNECTIONS), "G2": lambda: wrk(http, MANY)}
        sides = {name: side for name, side in sides.items() if name in names}
        sides |= {"pgbench": lambda: pgbench(server, CONNECTIONS, folder),
                  "pgbench, as many as the service has sessions": lambda: pgbench(server, SESSIONS, folder)}
        turns.take(1, sides)
        taken = turns.take(repeat, sides, lambda turn: f"{turn[0]:.0f}/s, p99 {turn[1]:.1f} ms")
    return [line(name, taken, count) for name in FIGURES if name in taken]


def line(name, taken, count):
    taken = {side: results for side, results in taken.items() if side == name or side not in FIGURES}
    rates = {side: [rate for rate, _ in results] for side, results in taken.items()}
    p99 = {side: turns.median([worst for _, worst in results], 2) for side, results in taken.items()}
    ours = rates.pop(name)
    yardstick = max(rates.values(), key=statistics.median)
    connections, marks = FIGURES[name]
    return {"figure": name, "events": count, **marks, **turns.ratio(ours, yardstick), "p99_ms": p99,
            "what": f"summary over HTTP at {connections} connections, versus the same SQL through pgbench",
            "ours_per_second": round(statistics.median(ours)),
            "yardstick_per_second": round(statistics.median(yardstick)),
            "per_second": {name: list(map(round, ours)), **{side: list(map(round, r)) for side, r in rates.items()}}}


def prove_same(cursor, http):
    """That both give the same answer."""
    cursor.execute(statement(["60", f"'{MICROSECONDS}'", "NULL"]))
    by_sql = json.loads(cursor.fetchone()[0])
    by_http = json.load(urllib.request.urlopen(http.url + PATH, timeout=30))
    if by_sql != by_http or by_sql["totalEvents"] != asking.answer_of(cursor):
        raise place.RigError(f"{PATH} answers {by_http}, SQL {by_sql}")


def wrk(http, connections):
    """(requests a second, p99 in ms); none of them may fail."""
    done = subprocess.run(["wrk", "--latency", f"-t{THREADS}", f"-c{connections}", f"-d{SECONDS}s", http.url + PATH],
                          capture_output=True, text=True)
    return read_wrk(done.stdout + done.stderr)


def read_wrk(text):
    rate = re.search(r"Requests/sec:\s*([\d.]+)", text)
    worst = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\b", text)
    if not rate or not worst or "Non-2xx" in text or "Socket errors" in text:
        raise place.RigError(f"wrk says:\n{text}")
    return float(rate[1]), float(worst[1]) * UNITS[worst[2]]


def pgbench(server, clients, folder):
    """(transactions a second, p99 in ms) of the statement, prepared."""
    with tempfile.TemporaryDirectory(dir=folder) as place_of_logs:
        script = f"{place_of_logs}/summary.sql"
        with open(script, "w") as out:
            out.write(" ".join(statement([":minutes", ":reference", "NULL"]).split()) + ";\n")
        done = subprocess.run(
            [server.installation.program("pgbench"), "-n", "-M", "prepared", "-c", str(clients), "-j", str(THREADS),
             "-T", str(SECONDS), "-D", "minutes=60", "-D", f"reference={MICROSECONDS}", "-f", script, "-l",
             "--log-prefix", f"{place_of_logs}/log"], capture_output=True, text=True,
            env={**server.environment("bench_http"), "PGOPTIONS": OPTIONS})
        rate = re.search(r"tps = ([\d.]+)", done.stdout)
        if done.returncode or not rate or not re.search(r"failed transactions: 0\b", done.stdout):
            raise place.RigError(f"pgbench says:\n{done.stdout}{done.stderr}")
        return float(rate[1]), percentile(place_of_logs, 0.99)


def percentile(folder, share):
    """Of the latencies in pgbench's logs, in milliseconds: the third member of a line, in microseconds."""
    latencies = sorted(int(text.split()[2]) for log in pathlib.Path(folder).glob("log.*") for text in open(log))
    return latencies[min(int(len(latencies) * share), len(latencies) - 1)] / 1000
