"""words.py: words that are gone stay gone, in names, comments, messages and documents.

words.txt has a line a word: a regular expression, two blanks or more, what to write instead. The expression is matched
against whole words: each line of a file, and each path, is first cut into words in lower case, one blank between them.
So "dead letters?" finds DeadLetter, dead_letters and "Dead letters".
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ["extension", "ingestor", "http", "runtime", "sql", "doc", "README.md", ":!sql/releases"]  # frozen
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
ENTRY = re.compile(r"(?P<gone>\S.*?) {2,}(?P<instead>\S.*)")


def gone_words(path):
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    entries = [ENTRY.fullmatch(line) for line in lines]
    if None in entries:
        sys.exit(f"{path}: cannot be read: {lines[entries.index(None)]}")
    return [(re.compile(rf"(?<= )(?:{entry['gone']})(?= )"), entry["instead"]) for entry in entries]


def in_words(text):
    return f" {' '.join(word.lower() for word in WORD.findall(text))} "


def faults(name, gone):
    lines = (ROOT / name).read_bytes().decode(errors="ignore").splitlines()
    for number, line in enumerate([name, *lines]):
        words = in_words(line)
        for expression, instead in gone:
            for found in expression.finditer(words):
                yield f'{name}:{number}: not "{found[0]}" but "{instead}"'


def main():
    gone = gone_words(pathlib.Path(__file__).with_name("words.txt"))
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *ROOMS],
                           cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    found = [fault for name in names if (ROOT / name).is_file() for fault in faults(name, gone)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
