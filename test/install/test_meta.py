"""test/lint/meta.py finds what the PGXN Meta Spec does not allow: META.json with one fault at a time."""
import copy
import json
import sys

import pytest

from rig import place

sys.path.insert(0, str(place.ROOT / "test" / "lint"))
import meta  # noqa: E402

META = json.loads((place.ROOT / "META.json").read_text())
GONE = object()
FAULTS = [("name", GONE), ("name", "two words"), ("name", "a/b"), ("name", "x"), ("version", GONE), ("version", "1.0"),
          ("version", "01.0.0"), ("abstract", GONE), ("abstract", ""), ("maintainer", GONE), ("maintainer", []),
          ("license", GONE), ("license", "postgres"), ("license", {"mine": "no URL"}), ("provides", GONE),
          ("provides", {}), ("provides.analytics_events.file", GONE), ("provides.analytics_events.file", "/etc/passwd"),
          ("provides.analytics_events.file", "sql/missing.sql"), ("provides.analytics_events.version", "0.0.1"),
          ("provides.analytics_events.docs", "doc"), ("meta-spec", GONE), ("meta-spec.version", "2.0.0"),
          ("prereqs.runtime.requires.PostgreSQL", "15"), ("prereqs.runtime.needs", {"PostgreSQL": "15.0.0"}),
          ("prereqs.production", {"requires": {"PostgreSQL": 0}}), ("release_status", "ready"), ("tags", "events"),
          ("tags", ["events", "events"]), ("tags", ["a/b"]), ("resources", {}), ("resources.homepage", "our page"),
          ("resources.bugtracker.mailto", "nobody"), ("resources.repository", {"url": "https://example.org/x.git"}),
          ("no_index.directory", ["../test"]), ("keywords", ["events"])]


def changed(path, value):
    result = copy.deepcopy(META)
    *parents, name = path.split(".")
    part = result
    for parent in parents:
        part = part[parent]
    if value is GONE:
        del part[name]
    else:
        part[name] = value
    return result


def test_ours_has_no_fault():
    assert list(meta.faults(META)) == []


@pytest.mark.parametrize("path, value", FAULTS, ids=lambda part: "gone" if part is GONE else json.dumps(part))
def test_a_fault_is_found(path, value):
    assert list(meta.faults(changed(path, value)))


def test_members_of_our_own_begin_with_x():
    assert list(meta.faults(changed("x_ours", [1]))) == []
