"""doc/releasing.md: its commands exist, and what follows a release leaves a tree in which the versions agree."""
import json
import re
import shutil
import subprocess

import pytest

from rig import place

PAGE = (place.ROOT / "doc/releasing.md").read_text()
COMMANDS = re.findall(r"^ {7,}(\S.*)$", PAGE, re.MULTILINE)
META = json.loads((place.ROOT / "META.json").read_text())
NEXT = "9.9.9"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_exists(command):
    program, *words = command.split()
    if program == "make":
        folder, target = ("extension/", words[-1]) if words[0] == "-C" else ("", words[0])
        makefile = (place.ROOT / f"{folder}Makefile").read_text()
        assert re.search(rf"^[a-z -]*\b{target}\b[a-z -]*:", makefile, re.MULTILINE)
    else:
        assert shutil.which(program) or (place.ROOT / program).exists()


@pytest.fixture
def released(tmp_path):
    """A tree that is about to be released as this version."""
    subprocess.run([place.ROOT / "packaging/source", tmp_path / "tree"], check=True)
    return tmp_path / "tree"


def faults(tree):
    done = subprocess.run(["/usr/bin/python3", tree / "test/lint/meta.py"], capture_output=True, text=True)
    return done.stdout + done.stderr


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_what_follows_a_release(released):
    version = META["version"]
    [update] = (released / "sql/updates").iterdir()
    assert faults(released) == ""
    subprocess.run(place.make("-C", released / "extension", "freeze"), check=True, env=place.make_environment())
    assert faults(released) != ""
    replace(released / "META.json", f'"version": "{version}"', f'"version": "{NEXT}"')
    update.rename(update.with_name(f"{version}--{NEXT}.sql"))
    changes = released / "CHANGELOG.md"
    changes.write_text(f"## {NEXT} (not released yet)\n" + changes.read_text())
    assert faults(released) == ""
