"""Documents as they are read: their blocks of sh and sql, and the answers that follow them.

blocks(page) gives them in their order. A block ```text after another is the answer that it must come to; … in it stands
for anything. Words after a language: "again" is repeated until the answer comes, "error" fails with the answer, "shell"
opens the shell in which the rest of the page happens.
"""
import dataclasses
import re

FENCE = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NOISE = re.compile(r"[-+\s]*|\(\d+ rows?\)|(CREATE|INSERT|CALL|DROP|SET)\b[ A-Z0-9]*")  # psql's rules, footers and tags


@dataclasses.dataclass
class Block:
    language: str
    word: str
    text: str
    answer: str = ""


def blocks(page):
    found = []
    for language, word, text in FENCE.findall(page.read_text()):
        if language == "text":
            found[-1].answer = text
        else:
            found.append(Block(language, word, text))
    return found


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
