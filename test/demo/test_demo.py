"""make demo, as a newcomer without a terminal runs it."""
import json
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from data import sample  # noqa: E402
from rig import place  # noqa: E402

CLOSING = re.compile(r"demo: (\d+) produced, (\d+) stored, (\d+) duplicates, (\d+) dead-lettered, (\d+) skipped")


@pytest.fixture(scope="module")
def shown():
    """What the demo prints on standard output."""
    done = subprocess.run([place.ROOT / "test/demo/demo"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def counts(shown):
    closing = CLOSING.fullmatch(shown.splitlines()[-1])
    assert closing, shown.splitlines()[-1]
    return [int(number) for number in closing.groups()]


@pytest.fixture(scope="module")
def answers(shown):
    """The JSON texts that stand below the lines "…: GET …"."""
    parts = re.split(r"^.*: GET .*$", shown.rsplit("\ndemo: ", 1)[0], flags=re.MULTILINE)
    return [json.loads(part) for part in parts[1:]]


def test_the_sample_is_produced_whole(counts):
    assert counts[0] == len(sample.records())


def test_the_outcomes_add_up(counts):
    assert sum(counts[1:]) == counts[0]


def test_every_outcome_occurs(counts):
    assert all(counts)


def test_both_answers_are_shown(answers):
    recent, summary = answers
    assert recent["count"] == len(recent["items"]) > 0
    assert summary["windowMinutes"] == 60


def test_the_summary_counts_each_event_once(answers):
    summary = answers[1]
    assert summary["totalEvents"] == sum(summary["eventsPerType"].values())


def test_half_of_the_sample_lies_in_the_last_hour(answers, counts):
    assert answers[1]["totalEvents"] >= counts[1] // 2
