"""The releases that sql/releases keeps, oldest first."""
import json
import re

from . import place

SCRIPT = re.compile(r"analytics_events--(\d+)\.(\d+)\.(\d+)\.sql")
CURRENT = json.loads((place.ROOT / "META.json").read_text())["version"]


def numbers(version):
    return tuple(int(number) for number in version.split("."))


def earlier():
    """All before the version of this checkout."""
    found = (SCRIPT.fullmatch(path.name) for path in (place.ROOT / "sql" / "releases").iterdir())
    versions = sorted(tuple(map(int, match.groups())) for match in found if match)
    return [".".join(map(str, version)) for version in versions if version < numbers(CURRENT)]
