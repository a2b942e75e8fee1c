"""What becomes of figures: a table for people, a file of JSON lines for each run, and the comparison of two of them.

A line is a figure with the machine it was measured on. What has a ratio has a place in the table: figure, what, ratio,
bar, goal; at_most: the bar is not to be passed; ratios: those of the single turns. A run's file is named by time and
commit, so that the newest comes last.
"""
import json

import turns
from machine import DURABLE
from rig import place

RUNS = place.LOCAL / "bench" / "runs"


def keep(about, lines):
    """Prints the lines and writes them to a file of their own; returns its path."""
    RUNS.mkdir(parents=True, exist_ok=True)
    path = RUNS / f"{about['at'].replace(':', '').removesuffix('+0000')}-{about['commit']}.ndjson"
    texts = [json.dumps({**line, "machine": about}) for line in lines]
    path.write_text("".join(text + "\n" for text in texts))
    print(*texts, sep="\n", flush=True)
    turns.say(f"kept in {path.relative_to(place.ROOT)}")
    return path


def table(about, lines):
    """The ratios, and whether each holds."""
    yield from described(about)
    yield ""
    yield (f"{'figure':<9} {'ratio':>8} {'turns':>15} {'bar':>6} {'goal':>6} {'':<6} {'ours':>12} {'yardstick':>12}  "
           "what")
    for line in lines:
        if "ratio" in line:
            sides = [f"{side_of(line, side):>12}" for side in ("ours", "yardstick")]
            yield (f"{line['figure']:<9} {line['ratio']:>8} {spread(line):>15} {line.get('bar', ''):>6} "
                   f"{line.get('goal', ''):>6} {verdict(line):<6} {' '.join(sides)}  {line['what']}")


def described(about):
    versions = ", ".join(f"{name} {about[name]}" for name in ("postgresql", "librdkafka", "kafka", "wrk"))
    yield f"{about['cpu']}, {about['cores']} cores, {about['memory_gib']} GiB, Linux {about['kernel']}; {versions};"
    yield f"{', '.join(f'{name}={about[name]}' for name in DURABLE)}; commit {about['commit']}; {about['at']}"


def side_of(line, side):
    for unit, sign in (("per_second", "/s"), ("ms", " ms"), ("percent", " %")):
        if line.get(f"{side}_{unit}") is not None:
            return f"{line[f'{side}_{unit}']}{sign}"
    return "-"


def spread(line):
    """The least and the greatest ratio of a turn."""
    ratios = line.get("ratios")
    return f"{min(ratios)} to {max(ratios)}" if ratios else "-"


def verdict(line):
    if "bar" not in line:
        return ""
    reaches = (lambda mark: line["ratio"] <= mark) if line.get("at_most") else (lambda mark: line["ratio"] >= mark)
    return "goal" if "goal" in line and reaches(line["goal"]) else "bar" if reaches(line["bar"]) else "BELOW"


def read(path):
    """{figure and what: line} of a run's file, those that have a ratio."""
    lines = [json.loads(text) for text in open(path)]
    return {(line["figure"], line["what"]): line for line in lines if "ratio" in line}


def newest(count):
    """The last runs' files, oldest first."""
    found = sorted(RUNS.glob("*.ndjson"))[-count:]
    if len(found) < count:
        raise place.RigError(f"{RUNS} holds {len(found)} runs, not {count}")
    return found


def compared(old, new):
    """Two runs' ratios side by side; a change is told as one only when the turns of the two runs do not overlap."""
    before, after = read(old), read(new)
    yield f"{'figure':<9} {'old':>9} {'turns':>15} {'new':>9} {'turns':>15} {'change':>8}  what"
    for key in sorted({**before, **after}):
        one, two = before.get(key), after.get(key)
        if one is None or two is None:
            yield f"{key[0]:<9} only in the {'old' if two is None else 'new'} run: {key[1]}"
            continue
        yield (f"{key[0]:<9} {one['ratio']:>9} {spread(one):>15} {two['ratio']:>9} {spread(two):>15} "
               f"{change(one, two):>8}  {key[1]}{'' if is_apart(one, two) else ' (within the spread)'}"
               f"{'' if one.get('events') == two.get('events') else ' (other sizes)'}")


def change(one, two):
    return f"{(two['ratio'] / one['ratio'] - 1) * 100:+.1f} %" if one["ratio"] else "-"


def is_apart(one, two):
    """Whether all turns of one lie on one side of all turns of the other; without turns nobody knows."""
    first, second = one.get("ratios"), two.get("ratios")
    return bool(first and second) and (max(first) < min(second) or max(second) < min(first))
