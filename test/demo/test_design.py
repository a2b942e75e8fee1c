"""The worked examples of doc/design: each page's SQL in a database of its own, and the answers that it shows."""
import pathlib
import re
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rig import cluster, installation, pages, place  # noqa: E402
import answers  # noqa: E402

DESIGN = place.ROOT / "doc" / "design"
NARRATIVE = {"README", "daemons", "verdict"}  # what happens there is no SQL


@pytest.fixture(scope="module")
def server():
    with cluster.Cluster(installation.with_extension()) as running:
        yield running


def psql(server, database, text):
    words = [server.installation.program("psql"), "-X", "-q", "-P", "footer=off", "-v", "ON_ERROR_STOP=1",
             server.url(database)]
    return subprocess.run(words, input="SET TimeZone = 'UTC';\n" + text, capture_output=True, text=True)


@pytest.mark.parametrize("page", sorted(DESIGN.glob("*.md")), ids=lambda page: page.stem)
def test_the_example_comes_to_what_the_page_shows(server, page):
    blocks = [block for block in pages.blocks(page.read_text()) if block.language == "sql"]
    assert bool(blocks) == (page.stem not in NARRATIVE)
    if not blocks:
        return
    server.sql(f"CREATE DATABASE {page.stem}")
    server.sql("CREATE EXTENSION analytics_events", page.stem)
    for block in blocks:
        done = psql(server, page.stem, block.text)
        if block.word == "error":
            assert done.returncode != 0
            assert answers.agree(block.answer, re.search("ERROR:.*", done.stderr)[0]), done.stderr
        else:
            assert done.returncode == 0, done.stderr
            assert answers.agree(block.answer, done.stdout), f"{block.text}\n{done.stdout}"
