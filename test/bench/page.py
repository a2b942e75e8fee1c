"""The tables of doc/performance.md, written anew from the files of runs: what stands between a mark <!-- NAME --> and
the next <!-- end --> is replaced.

machine   what it was measured on          figures   the ratios, as the table on the terminal has them, in a list
costs     bytes and processor time an event stored      rounds    of stored: a million at a time
stages    a column for each run that has a profile, oldest first: before and after

Of several runs the later one's figure counts. A table for which no run has lines stays as it is.
"""
import json
import re
import textwrap

import results
import turns
from rig import place

PAGE = place.ROOT / "doc" / "performance.md"
LINE_LENGTH = 100  # of documents
REACHED = {"goal": "reaches the goal", "bar": "reaches the bar", "BELOW": "below the bar", "": ""}
SHOWN_ROUNDS = 5  # each fifth, besides the first two


def write(paths, page=PAGE):
    """paths: files of runs, in any order."""
    runs = [[json.loads(text) for text in open(path)] for path in paths]
    runs.sort(key=lambda run: run[0]["machine"]["at"])
    text = page.read_text()
    for name, make in TABLES.items():
        rows = "".join(row + "\n" for row in make(runs))
        if rows:
            text, found = re.subn(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end -->)", lambda _, rows=rows: rows, text,
                                  flags=re.DOTALL)
            if found != 1:
                raise place.RigError(f"{page} has {found} marks {name}")
    page.write_text(text)
    turns.say(f"wrote {page}")


def newest(runs):
    """The lines with a ratio, each figure's from the last run that has it; the contract's first."""
    found = {(line["figure"], line["what"]): line for run in runs for line in run
             if "ratio" in line and line["figure"] != "stage"}
    return sorted(found.values(), key=lambda line: (len(line["figure"].rstrip("0123456789")) != 1, line["figure"]))


def table(head, rows):
    rows = [list(map(str, row)) for row in rows]
    if rows:
        yield "| " + " | ".join(head) + " |"
        yield "|" + "---|" * len(head)
        yield from ("| " + " | ".join(row) + " |" for row in rows)


def machine(runs):
    lines = newest(runs)
    if lines:
        described = results.described(max((line["machine"] for line in lines), key=lambda about: about["at"]))
        yield from textwrap.wrap(" ".join(described), LINE_LENGTH)


def figures(runs):
    """A list: rows as long as these make no table that fits a page."""
    for line in newest(runs):
        turns_of = f" ({results.spread(line)})" if line.get("ratios") else ""
        marks = ", ".join(f"{mark} {line[mark]}" for mark in ("bar", "goal") if mark in line)
        yield f"- **{line['figure']}**: {line['what']}"
        yield f"  **{line['ratio']}**{turns_of}" + (f"; {marks}: {REACHED[results.verdict(line)]}." if marks else ".")
        sides = [results.side_of(line, side) for side in ("ours", "yardstick")]
        sides = "" if "-" in sides else f"{' versus '.join(sides)}; "
        yield f"  {sides}{line['events']:,} events; commit {line['machine']['commit']}."


def costs(runs):
    sides = {side: told for line in newest(runs) for side, told in line.get("costs", {}).items()}
    head = ("an event by", "WAL, bytes", "heap", "index", "server's CPU, s a million", "client's", "broker's")
    return table(head, (
        (side, *(told["bytes_per_event"][name] for name in ("wal", "heap", "index")),
         *(told["cpu_seconds_per_million"][name] or "-" for name in ("server", "client", "broker")))
        for side, told in sides.items()))


def rounds(runs):
    lines = [[line for line in run if line["figure"] == "stored.round"] for run in runs]
    last = next(filter(None, reversed(lines)), [])
    return table(("round", "events a second", "server's CPU, s a million"), (
        (line["round"], line["per_second"], line["server_cpu_seconds_per_million"]) for line in last
        if line["round"] in (1, 2) or line["round"] % SHOWN_ROUNDS == 0))


def stages(runs):
    profiles = [{line["what"]: line for line in run if line["figure"] == "stage"} for run in runs]
    profiles = list(filter(None, profiles))
    names = {what: None for profile in reversed(profiles) for what in profile}
    commits = [next(iter(profile.values()))["machine"]["commit"] for profile in profiles]
    return table(("µs of the backend an event", *commits), (
        (what.partition(", microseconds")[0],
         *(profile[what]["ratio"] if what in profile else "-" for profile in profiles)) for what in names))


TABLES = {"machine": machine, "figures": figures, "costs": costs, "rounds": rounds, "stages": stages}
