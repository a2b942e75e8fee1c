"""bench.py EVENTS STORED REPEAT [FIGURE ...]: the figures, each with its yardstick in the same run, on a durable
private cluster. EVENTS are ingested for A and E, STORED are asked for CD and 7d, and growth is a day in passing;
without names all of them are measured.

A figure is a ratio of medians of REPEAT turns, five at least where a turn is short. Prints the machine, a table, and
the same as JSON lines, which are also added to .local/bench/results.ndjson.
"""
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import asking  # noqa: E402
import growth  # noqa: E402
import ingesting  # noqa: E402
from rig import cluster, installation, place  # noqa: E402

GROWTH_EVENTS = 50  # a batch
# Durability is as shipped. No checkpoint may fall into one pass and not into its rival.
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "16GB", "checkpoint_timeout": "1h"}
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


def machine(server):
    """What a ratio was measured on."""
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                 platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(["git", "-C", place.ROOT, "describe", "--always", "--dirty"], capture_output=True,
                            text=True)
    return {"at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "cpu": model, "cores": os.cpu_count(), "memory_gib": round(memory, 1), "kernel": platform.release(),
            "postgresql": server.sql("SHOW server_version"), "commit": commit.stdout.strip(),
            **{name: server.sql(f"SHOW {name}") for name in DURABLE},
            **{name: server.sql(f"SHOW {name}") for name in SETTINGS}, "batch_records": ingesting.BATCH}


def report(about, figures):
    print(f"\n{about['cpu']}, {about['cores']} cores, {about['memory_gib']} GiB; PostgreSQL {about['postgresql']}; "
          + ", ".join(f"{name}={about[name]}" for name in DURABLE) + f"; commit {about['commit']}\n")
    print(f"{'figure':<7} {'ratio':>8} {'bar':>5} {'ours':>12} {'yardstick':>12}  what")
    for f in figures:
        ours, yardstick = (f"{f[side + '_per_second']}/s" if side + "_per_second" in f
                           else f"{f[side + '_ms'] or '-'} ms" for side in ("ours", "yardstick"))
        print(f"{f['figure']:<7} {f['ratio']:>8.2f} {f['bar']:>5} {ours:>12} {yardstick:>12}  {f['what']}")
    print()
    keep(about, figures)


def keep(about, lines):
    with open(ingesting.FOLDER / "results.ndjson", "a") as kept:
        for line in lines:
            text = json.dumps({**line, "machine": about})
            print(text)
            print(text, file=kept)


def main(events, stored, repeat, names):
    place.stop_on_signals()
    ingesting.FOLDER.mkdir(parents=True, exist_ok=True)
    turns = max(repeat, 5)
    measures = {
        "A": lambda: [ingesting.figure_a(server, events, repeat)],
        "E": lambda: [ingesting.figure_e(server, events, repeat)],
        "CD": lambda: asking.day(server, stored, turns),
        "7d": lambda: asking.week(server, stored, turns)}
    with cluster.Cluster(installation.with_extension(), SETTINGS) as server:
        about = machine(server)
        chosen = [measure for name, measure in measures.items() if name in (names or measures)]
        report(about, [figure for measure in chosen for figure in measure()])
        if not names or "growth" in names:
            keep(about, [{"figure": "growth", **line} for line in growth.hours(server, GROWTH_EVENTS, turns)])


if __name__ == "__main__":
    try:
        main(*map(int, sys.argv[1:4]), sys.argv[4:])
    except (place.RigError, subprocess.CalledProcessError) as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
