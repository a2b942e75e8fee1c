"""documents.py FILE ...: documents have lines of at most 100 columns, and their links lead somewhere.

A link to a heading is looked for among the headings of the page, as GitHub names them.
"""
import os
import pathlib
import re
import sys

LINE_LENGTH = 100
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^#+ (.*)$|^(.+)\n[-=]{3,}$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s#]*)(?:#([^)\s]+))?\)")


def prose(page):
    return FENCED.sub("", page.read_text())


def anchors(page):
    titles = ((found[1] or found[2]).lower() for found in HEADING.finditer(prose(page)))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


def faults(page):
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if len(line) > LINE_LENGTH:
            yield f"{page}:{number}: {len(line)} columns"
    for target, anchor in LINK.findall(prose(page)):
        if "://" not in target:
            there = pathlib.Path(os.path.normpath(page.parent / target)) if target else page
            if not there.exists():
                yield f"{page}: no file {target}"
            elif anchor and anchor not in anchors(there):
                yield f"{page}: no heading {target}#{anchor}"


if __name__ == "__main__":
    found = [fault for name in sys.argv[1:] for fault in faults(pathlib.Path(name))]
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(bool(found))
