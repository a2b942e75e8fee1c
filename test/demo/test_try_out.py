"""The server that README gives to a newcomer: it answers as README shows, and has PostgreSQL's own settings."""
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rig import cluster, place  # noqa: E402

README = (place.ROOT / "README.md").read_text()
STATEMENT = re.compile(r"^=# (.*?;)\n(.*?)(?=^=# |^```)", re.MULTILINE | re.DOTALL)


def given(*servers):
    """The words for psql on such a server, as README has them."""
    return [place.ROOT / "test/rig/with_servers", *servers, "--", "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"]


def psql(words, text):
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def cells(answer):
    """What a psql's answer says, without how its columns are set."""
    shown = re.sub(r"^-\[ RECORD .*$", "", answer, flags=re.MULTILINE)  # of the expanded display
    return re.findall(r"[^\s|+-][^\s|]*", shown)


def test_readme_names_this_server():
    assert "test/rig/with_servers cluster -- psql" in README


def session(text, *held):
    """A session's statements on such a server come to the cells that it shows, these among them."""
    found = STATEMENT.findall(text)
    assert len(found) > 5
    shown = "".join(answer for _, answer in found)
    for one in held:
        assert one in shown, "the page shows it"
    statements = "\n".join(statement for statement, _ in found)
    answer = psql(given("cluster"), f"SET TimeZone = 'UTC';\n{statements}\n")
    missing = [cell for cell in cells(shown) if cell not in answer]
    assert not missing, answer


def test_the_first_session_answers_as_readme_shows():
    section = README.split("## From psql")[1].split("And the answers:")[0]
    session(section, "2025-11-16 18:14:00.123456+00", "paint.colour-chosen", '{"colour":"red"}')


def test_the_analysts_session_answers_as_the_reference_shows():
    page = (place.ROOT / "doc/analytics_events.md").read_text()
    section = page.split("An analyst's session\n---")[1].split("\nRecords and events\n")[0]
    session("=# CREATE EXTENSION analytics_events;\n```\n" + section, "1511", "2026-10-24 09:17:04+02", "23387.5")


@pytest.mark.parametrize("setting", [*cluster.UNUSUAL])
def test_it_has_the_settings_of_a_server_that_nobody_touched(setting):
    ask = ("SELECT setting IS NOT DISTINCT FROM boot_val OR sourcefile NOT LIKE '%auto.conf' FROM pg_settings "
           f"WHERE lower(name) = '{setting}';")
    assert psql([*given("cluster"), "-At"], ask).strip() == "t"


def test_the_tests_have_another():
    assert psql([*given("test-cluster"), "-At"], "SHOW DateStyle;").strip() == "SQL, DMY"
