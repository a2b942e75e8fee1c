"""Fixtures of make distcheck: what is made for others, used as they would. Minutes, so make check leaves it out.

archive   the path of the PGXN archive, made now
unpacked  the archive's folder in a place of its own
private   a private PostgreSQL without the extension, which only these tests know
offline   offline(word, …, cwd=…, NAME=value): runs a command with no network but loopback, and none of our variables
"""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from rig import installation, place  # noqa: E402

KEPT = ("PATH", "LANG", "HOME", "CCACHE_DIR", "CCACHE_BASEDIR", "TAP_RESULTS")


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([place.ROOT / "packaging/pgxn/archive", out], check=True)
    [made] = out.iterdir()
    return made


@pytest.fixture
def unpacked(archive):
    folder = place.server_folder("unpacked")
    subprocess.run(["unzip", "-q", archive, "-d", folder], check=True)
    [top] = folder.iterdir()
    yield top
    shutil.rmtree(folder)


@pytest.fixture
def private(monkeypatch):
    folder = place.server_folder("private")
    monkeypatch.setattr(place, "server_home", lambda: folder)
    found = installation.prepare(os.environ.get("PG_CONFIG", "pg_config"))
    yield found
    shutil.rmtree(folder)


def alone(command):
    """The command line of one that has no network but loopback."""
    try:
        subprocess.run(["unshare", "-n", "true"], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        pytest.skip("no network namespace may be made here: needs root")
    return ["unshare", "-n", *command]


@pytest.fixture
def offline():
    def run(*words, cwd=None, **variables):
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        done = subprocess.run(alone([str(word) for word in words]), cwd=cwd, capture_output=True, text=True,
                              env={**environment, "MAKEFLAGS": f"-j{os.cpu_count()}", **variables})
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    return run
