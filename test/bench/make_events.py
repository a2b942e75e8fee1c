"""make_events.py COUNT FILE: events for the benchmark, as NDJSON, seeded: the same count gives the same bytes.

The services' proportions (data.emitters), some 400 bytes an event, times over one day, nearly in order as Kafka has
them: an event is up to a minute late. Written in parts by all cores; a part's seed is its number.
"""
import concurrent.futures
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from data import emitters  # noqa: E402

SEED = 9
PART = 50_000
START = 1_768_435_200 * emitters.SECOND  # 2026-01-15T00:00:00Z
DAY = 86_400 * emitters.SECOND
LATENESS = 60 * emitters.SECOND


def part(number, first, last, count):
    """Events first to last of count."""
    rng = random.Random(SEED * 1_000_003 + number)
    step = DAY // count
    lines = []
    for index in range(first, last):
        when = emitters.Moment(START + index * step - rng.getrandbits(40) % LATENESS)
        lines.append(emitters.BY_PERCENT[rng.getrandbits(32) % 100](rng, when))
    return ("\n".join(lines) + "\n").encode()


def main(count, path):
    bounds = [(number, first, min(first + PART, count), count) for number, first in enumerate(range(0, count, PART))]
    partial = path.with_suffix(f".{os.getpid()}")
    with concurrent.futures.ProcessPoolExecutor() as pool, open(partial, "wb") as out:
        for text in pool.map(part, *zip(*bounds)):
            out.write(text)
    partial.rename(path)


if __name__ == "__main__":
    main(int(sys.argv[1]), pathlib.Path(sys.argv[2]))
