"""Documents as they are read: their blocks of sh, sql and ini, in their order.

blocks(text) gives them, sections(page) the same by the heading of level two below which they stand. A block ```text
after another is the answer that it must come to. A word after a language is the page's own: who runs the block, or how.
"""
import dataclasses
import re
import subprocess

BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclasses.dataclass
class Block:
    language: str
    word: str
    text: str
    answer: str = ""

    def run(self, environment):
        """As an operator types it, with libpq's variables in the environment; (exit code, all that was said)."""
        bash = ["bash", "-o", "pipefail", "-c", "set -e\n" + self.text]
        psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        command, given = (psql, self.text) if self.language == "sql" else (bash, "")
        done = subprocess.run(command, input=given, capture_output=True, text=True, env=environment)
        return done.returncode, done.stdout + done.stderr


def blocks(text):
    found = []
    for language, word, body in BLOCK.findall(text):
        if language == "text":
            found[-1].answer = body
        else:
            found.append(Block(language, word, body))
    return found


def sections(page):
    pieces = re.split(r"^## (.*)$", page.read_text(), flags=re.MULTILINE)
    return {heading: blocks(text) for heading, text in zip(pieces[1::2], pieces[2::2])}
