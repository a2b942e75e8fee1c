"""Turns: in each, every side is measured once, so that whatever disturbs the machine for a while disturbs all of them.
Each second turn goes backwards, so that no side always finds the caches as the same other side has left them.

A figure is a ratio of medians. Beside it stand the ratios of the single turns: how far they lie apart is how far the
figure can be trusted.
"""
import functools
import statistics
import sys
import time


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def take(repeat, sides, shown=None):
    """{name: what each turn gave}; sides: name → function. shown: what to say of a result, nothing by default."""
    results = {name: [] for name in sides}
    for turn in range(repeat):
        for name, run in (sides.items() if turn % 2 == 0 else reversed(sides.items())):
            results[name].append(run())
            if shown:
                say(f"{name} {turn + 1}/{repeat}: {shown(results[name][-1])}")
    return results


def timed(cursor, statement):
    """Milliseconds of a statement and its answer."""
    began = time.perf_counter()
    cursor.execute(statement)
    cursor.fetchall()
    return (time.perf_counter() - began) * 1000


def milliseconds(repeat, statements):
    """{name: milliseconds of each turn}, after one that is not counted; statements: name → (cursor, statement)."""
    sides = {name: functools.partial(timed, *asked) for name, asked in statements.items()}
    take(1, sides)
    return take(repeat, sides)


def median(values, digits=3):
    return round(statistics.median(values), digits)


def ratio(over, under):
    """The members of a figure's line that say its ratio, of two lists with a value for each turn."""
    return {"ratio": median([statistics.median(over) / statistics.median(under)]),
            "ratios": [round(a / b, 3) for a, b in zip(over, under, strict=True)]}
