"""Whether an answer is the one that a page shows; … in it stands for anything."""
import re

NOISE = re.compile(r"[-+\s]*|\(\d+ rows?\)|(CREATE|INSERT|CALL|DROP|SET)\b[ A-Z0-9]*")  # psql's rules, footers and tags


def cells(answer):
    """An answer's lines as lists of cells, however wide psql sets them."""
    return [[cell.strip() for cell in line.split("|")] for line in answer.splitlines() if not NOISE.fullmatch(line)]


def agree(expected, actual):
    """Whether the answer is the expected one."""
    expected, actual = cells(expected), cells(actual)
    return len(expected) == len(actual) and all(map(line_agrees, expected, actual))


def line_agrees(expected, actual):
    pattern = ".*".join(map(re.escape, "|".join(expected).split("…")))
    return re.fullmatch(pattern, "|".join(actual)) is not None
