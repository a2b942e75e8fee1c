"""The fingerprint of a database (fingerprint.sql), and how two of them differ.

A line is (kind, object, fact). same(a, b) is what a test asserts: no difference, or else an error that shows each line
that only one of the two has, + what b has beyond a, - what it lacks.
"""
import contextlib
import pathlib

import psycopg2

SCRIPT = (pathlib.Path(__file__).parent / "fingerprint.sql").read_text()


def fingerprint(url):
    """All lines of a database, in order; lines may repeat."""
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(SCRIPT)
        cursor.execute("SELECT kind, object, coalesce(fact, '') FROM lines")
        return sorted(cursor.fetchall())


def differences(before, after):
    """The lines that only one has, as text."""
    lacking, beyond = list(before), []
    counted = {}
    for line in before:
        counted[line] = counted.get(line, 0) + 1
    for line in after:
        if counted.get(line, 0):
            counted[line] -= 1
            lacking.remove(line)
        else:
            beyond.append(line)
    marked = [(line, "-") for line in lacking] + [(line, "+") for line in beyond]
    return [f"{mark} {kind} {name}: {fact}" for (kind, name, fact), mark in sorted(marked)]


def same(before, after):
    found = differences(before, after)
    assert not found, f"{len(found)} differences:\n" + "\n".join(found)


def comparable(lines):
    """What two databases have in common that were filled at different times, one of which was updated: everything but
    rows, and a column's number. An update appends a column behind those that the operator has added."""
    return [(kind, name, fact.partition(", ")[2] if kind == "column" and fact.partition(", ")[0].isdigit() else fact)
            for kind, name, fact in lines if kind != "data"]
