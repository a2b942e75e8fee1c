"""bench.py [FIGURE ...]: the figures, each with its yardstick in the same run, on a durable private cluster.
bench.py --compare [OLD NEW]: two runs' ratios beside each other; the last two unless their files are named.
bench.py --page [RUN ...]: the tables of doc/performance.md from the files of runs, the last one unless named.

Without names those of the contract are measured, A to G, and the week's summary (7d); C and D bring a quiet tenant's
recent events along (recent). By name only: H (ingest over HTTP), I (the summary among 4000 tenants), start (how long a
daemon takes to be of use), contracts (ingest with every type's contract enforced), feeds (ingest with a feed of all
events), publish (a feed to Kafka), polled (ingest beside a dashboard), tenants (ingest of many tenants' events), stored
(30 million events in one go), growth (a day in passing), stages (where the time of A goes).
The environment says how much: BENCH_EVENTS are ingested, BENCH_STORED are asked for C, D, I and 7d, a figure is of
BENCH_REPEAT turns, stored of BENCH_ROUNDS times BENCH_EVENTS; BENCH_INGESTOR adds settings to the ingestor's.

Prints a table and the same as JSON lines, which are kept in .local/bench/runs, a file for each run.
"""
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import asking  # noqa: E402
import growth  # noqa: E402
import ingesting  # noqa: E402
import lasting  # noqa: E402
import machine  # noqa: E402
import page  # noqa: E402
import publishing  # noqa: E402
import results  # noqa: E402
import serving  # noqa: E402
import stages  # noqa: E402
import starting  # noqa: E402
from rig import cluster, installation, place  # noqa: E402

CONTRACT = ["A", "B", "C", "D", "E", "F", "G", "G2", "7d"]
GROWTH_EVENTS = 50  # a batch


def number(name, default):
    return int(os.environ.get(f"BENCH_{name}") or default)


def measures(names):
    """[function(server) → lines], in the order in which they are to be run."""
    events, stored, repeat = number("EVENTS", 1_000_000), number("STORED", 10_000_000), number("REPEAT", 5)
    passes = [name for name in ingesting.NEEDS if name in names]
    known = {
        tuple(ingesting.NEEDS): lambda server: ingesting.measure(server, events, repeat, passes),
        ("C", "D"): lambda server: asking.day(server, stored, repeat),
        ("7d",): lambda server: asking.week(server, stored, repeat),
        ("I",): lambda server: asking.many_tenants(server, stored, repeat),
        tuple(serving.FIGURES): lambda server: serving.measure(server, events, repeat, set(names)),
        ("stored",): lambda server: lasting.measure(server, events, number("ROUNDS", 30)),
        ("start",): lambda server: starting.measure(server, repeat),
        ("publish",): lambda server: publishing.measure(server, events, repeat),
        ("growth",): lambda server: growth.hours(server, GROWTH_EVENTS, repeat),
        ("stages",): lambda server: stages.measure(server, events)}
    unknown = set(names) - {name for group in known for name in group}
    if unknown:
        raise place.RigError(f"no such figure: {', '.join(sorted(unknown))}")
    return [measure for group, measure in known.items() if set(group) & set(names)]


def main(words):
    if words[:1] == ["--compare"]:
        print(*results.compared(*(words[1:] or results.newest(2))), sep="\n")
        return
    if words[:1] == ["--page"]:
        page.write(words[1:] or results.newest(1))
        return
    chosen, lines = measures(words or CONTRACT), []
    with cluster.Cluster(installation.with_extension(), machine.SETTINGS) as server:
        about = machine.about(server)
        try:
            for measure in chosen:
                lines += measure(server)
        finally:  # what was measured before something failed is not lost
            results.keep(about, lines)
            print("", *results.table(about, lines), sep="\n")
        faults = server.faults_since()
        if faults:
            raise place.RigError("PostgreSQL's log shows:\n" + "\n".join(faults))


if __name__ == "__main__":
    place.stop_on_signals()
    try:
        main(sys.argv[1:])
    except (place.RigError, AssertionError, subprocess.CalledProcessError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
