"""Fixtures of the tests of what is installed: no server, a copy of the tree with all that is built in it.

tree   a copy that belongs to the user that may run PostgreSQL, so installing from it takes no root
make   make(word, …, NAME=value): runs make in the copy, as that user, whose umask hides files from all others
"""
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rig import place  # noqa: E402

ROOMS = ("META.json", "Makefile", "extension", "runtime", "ingestor", "http", "sql", "doc")


@pytest.fixture(scope="session")
def tree():
    subprocess.run(place.make(*place.PARTS), cwd=place.ROOT, env=place.make_environment(), check=True)
    folder = place.server_folder("install")
    subprocess.run(["cp", "-a", *(place.ROOT / room for room in ROOMS), folder], check=True)  # with its times
    identity = place.server_identity()
    if identity:
        subprocess.run(["chown", "-R", f"{identity['user']}:{identity['group']}", folder], check=True)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def make(tree):
    def run(*words, environment=None, **variables):
        command = [*place.make(*words), *(f"{name}={value}" for name, value in variables.items())]
        done = subprocess.run(command, cwd=tree, env={**place.make_environment(), **(environment or {})}, umask=0o077,
                              capture_output=True, text=True, **place.server_identity())
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
