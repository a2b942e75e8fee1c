"""Figures A, B, E, F, H and what contracts, a feed, a dashboard and many tenants cost: passes in turns, of the same
events where nothing else is said.

What several figures need is measured once: each names its sides, and a turn is one pass of every side that is named.
Before the turns each side has a pass of a tenth that is not counted.
"""
import contextlib
import functools
import statistics

import consuming
import costs
import passes
import posting
import turns

WARM_UP = 10  # one part in ten

COPY, INGEST, UNCOUNTED, POLLED = "COPY", "analytics_ingest_kafka", "without rollups", "beside a dashboard"
CONTRACTED, FED, POSTED = "with contracts", "with a feed", "POST of NDJSON"
FEW, MANY = f"of {passes.FEW} tenants", f"of {passes.MANY} tenants"
ONE, TWO = "ingestor, one connection", "ingestor, two connections"
NEEDS = {"A": (COPY, INGEST), "B": (INGEST, ONE, TWO), "E": (UNCOUNTED, INGEST), "F": (ONE,), "H": (INGEST, POSTED),
         "contracts": (INGEST, CONTRACTED), "feeds": (INGEST, FED), "polled": (INGEST, POLLED),
         "tenants": (FEW, MANY)}
PASSES = {COPY: passes.copy, INGEST: passes.ingest, UNCOUNTED: passes.uncounted, CONTRACTED: passes.contracted,
          FED: passes.fed, POLLED: passes.polled, POSTED: posting.post,
          FEW: passes.few_tenants, MANY: passes.many_tenants}
CONSUMERS = {ONE: {consuming.CONNECTIONS: 1}, TWO: {consuming.CONNECTIONS: 2}}


def measure(server, count, repeat, names):
    """The lines of the named figures."""
    wanted = [side for side in (*PASSES, *CONSUMERS) if any(side in NEEDS[name] for name in names)]
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(consuming.kafka()) if any(side in CONSUMERS for side in wanted) else None
        turns.take(1, sides(server, running, wanted, max(count // WARM_UP, 1)))
        taken = turns.take(repeat, sides(server, running, wanted, count), lambda cost: f"{cost.seconds:.2f} s")
        lines = [line for name in names if name in FIGURES for line in FIGURES[name](taken, count)]
        if "F" in names:
            lines += consuming.figure_f(taken[ONE], consuming.outage(server, running, f"bench-{count}", count), count)
    return lines


def sides(server, running, wanted, count):
    """{name: a pass}; a broker's topic is filled now."""
    path = passes.events(count)
    found = {side: functools.partial(PASSES[side], server, path, count) for side in wanted if side in PASSES}
    if running is None:
        return found
    topic = consuming.fill(running, path, count)
    has_connections = consuming.knows(consuming.CONNECTIONS)
    for side in wanted:
        if side in CONSUMERS and (has_connections or side == ONE):
            extra = CONSUMERS[side] if has_connections else {}
            found[side] = functools.partial(consuming.consume, server, running, topic, count, **extra)
    return found


def seconds(taken, side):
    return [cost.seconds for cost in taken[side]]


def compared(taken, count, ours, yardstick, **words):
    """A figure's line: two sides, the higher the ratio the better for ours."""
    return {**words, "events": count, **turns.ratio(seconds(taken, yardstick), seconds(taken, ours)),
            "ours_per_second": round(count / statistics.median(seconds(taken, ours))),
            "yardstick_per_second": round(count / statistics.median(seconds(taken, yardstick))),
            "seconds": {side: [round(s, 3) for s in seconds(taken, side)] for side in (yardstick, ours)},
            "costs": {side: costs.per_event(taken[side], count) for side in (yardstick, ours)}}


def figure_a(taken, count):
    yield compared(taken, count, INGEST, COPY, figure="A", bar=1.0, goal=1.3,
                   what="analytics_ingest_kafka, one connection, versus COPY into bare jsonb")


def figure_b(taken, count):
    for side, figure in ((ONE, "B"), (TWO, "B2")):
        if side in taken:
            yield {**compared(taken, count, side, INGEST, figure=figure, bar=0.9, goal=1.0,
                              what=f"Kafka to committed rows, {side}, versus A's rate"),
                   "seconds_to_join": turns.median([cost.seconds_to_join for cost in taken[side]])}


def figure_e(taken, count):
    """As little is asked for, a second line goes by the server's processor time, which a busy machine disturbs less."""
    line = compared(taken, count, INGEST, UNCOUNTED, figure="E", bar=0.12, goal=0.08, at_most=True,
                    what="what keeping the rollups adds to the time of analytics_ingest_kafka, at most")
    yield {**line, **added(seconds(taken, INGEST), seconds(taken, UNCOUNTED))}
    cpu = {side: [cost.server_cpu for cost in taken[side]] for side in (INGEST, UNCOUNTED)}
    yield {"figure": "E.cpu", "events": count, "bar": 0.12, "goal": 0.08, "at_most": True,
           "what": "what it adds to the server's processor time, at most", **added(cpu[INGEST], cpu[UNCOUNTED])}


def added(with_, without):
    """By how much more, of lists with a value for each turn."""
    found = turns.ratio(with_, without)
    return {"ratio": round(found["ratio"] - 1, 3), "ratios": [round(ratio - 1, 3) for ratio in found["ratios"]]}


def figure_h(taken, count):
    yield compared(taken, count, POSTED, INGEST, figure="H",
                   what="events posted as NDJSON, 1000 a request, 8 connections, versus A's rate")


def figure_contracts(taken, count):
    yield compared(taken, count, CONTRACTED, INGEST, figure="contracts", bar=0.85, goal=0.95,
                   what="analytics_ingest_kafka with all contracts enforced, versus without contracts")


def figure_feeds(taken, count):
    yield compared(taken, count, FED, INGEST, figure="feeds", bar=0.88, goal=0.95,
                   what="analytics_ingest_kafka with a feed of all events, versus without feeds")


def figure_tenants(taken, count):
    yield compared(taken, count, MANY, FEW, figure="tenants",
                   what=f"analytics_ingest_kafka, events {MANY}, versus {FEW}")


def figure_polled(taken, count):
    answers = [ms for cost in taken[POLLED] for ms in cost.answers_ms]
    yield {**compared(taken, count, POLLED, INGEST, figure="polled",
                      what="analytics_ingest_kafka while a dashboard asks each second, versus alone"),
           "answers_ms": {"median": turns.median(answers or [0]), "most": round(max(answers, default=0), 3),
                          "count": len(answers)}}


FIGURES = {"A": figure_a, "B": figure_b, "E": figure_e, "H": figure_h, "contracts": figure_contracts,
           "feeds": figure_feeds, "polled": figure_polled, "tenants": figure_tenants}
