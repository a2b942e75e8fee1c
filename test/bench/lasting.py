"""Growth by volume: so many million events in one go, through one connection, a day each. Does ingest stay as quick?

One ingest_bench reads its file of a million events ROUNDS times, as other events of another day (shifted.hpp), into one
database, while autovacuum and checkpoints come by as they do. A pass that is not counted warms the server's memory up,
or the first million would pay for that. A line for each million, and one for the whole: the rate
of the last million over that of the first, and what an event costs in bytes and processor time.
"""
import statistics

import costs
import passes
import turns

SHOWN = (1, 10, 30)  # millions, named in the line of the whole


def measure(server, count, rounds):
    """count: events in a round, a million unless somebody is in a hurry."""
    passes.ingest(server, passes.events(count), count)
    lines, spent = [], []

    def round_is_over(text):
        seconds = float(text)
        spent.append(costs.family_cpu_seconds(server.process.pid))
        before = lines[-1]["seconds"] if lines else 0
        lines.append({"figure": "stored.round", "round": len(lines) + 1, "seconds": seconds,
                      "per_second": round(count / (seconds - before)),
                      "server_cpu_seconds_per_million": round((spent[-1] - spent[-2]) * costs.MILLION / count, 2)})
        turns.say(f"{len(lines)}/{rounds}: {lines[-1]['per_second']}/s")

    with passes.fresh(server, passes.EXTENSION):
        with passes.weighed(server) as cost:
            spent.append(costs.family_cpu_seconds(server.process.pid))
            cost.seconds, cost.client_cpu = passes.stopwatch(
                server, ["ingest", passes.events(count), passes.BATCH, rounds], round_is_over)
        passes.prove(server, count * rounds)
    return [*lines, whole(lines, cost, count, rounds)]


def whole(lines, cost, count, rounds):
    rates = [line["per_second"] for line in lines]
    return {"figure": f"stored{rounds}", "events": count * rounds,
            "what": f"{rounds} rounds of {count} events in one go, the last versus the first",
            "ratio": round(rates[-1] / rates[0], 3), "bar": 0.9, "goal": 1.0,
            "ours_per_second": rates[-1], "yardstick_per_second": rates[0],
            "last_five_over_first_five": round(statistics.mean(rates[-5:]) / statistics.mean(rates[:5]), 3),
            "at_round": {str(shown): rates[shown - 1] for shown in SHOWN if shown <= rounds},
            "costs": {"analytics_ingest_kafka": costs.per_event([cost], count * rounds)}}
