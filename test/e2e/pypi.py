"""Tools of the tests that come from PyPI, in a virtual environment of .local; requirements.txt pins them."""
import pathlib
import subprocess

import pytest

from rig import place

WANTED = pathlib.Path(__file__).with_name("requirements.txt")
VENV = place.LOCAL / "venv"


def tool(name):
    """The tool's path; skips the test when PyPI can't be reached."""
    with place.lock("venv"):
        mark = VENV / "requirements.txt"
        if not mark.exists() or mark.read_text() != WANTED.read_text():
            for command in (["/usr/bin/python3", "-m", "venv", VENV],
                            [VENV / "bin/pip", "install", "-q", "--no-compile", "--retries", "1", "-r", WANTED]):
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode != 0:
                    pytest.skip(f"PyPI gives no {name}: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
            mark.write_text(WANTED.read_text())
    return VENV / "bin" / name
