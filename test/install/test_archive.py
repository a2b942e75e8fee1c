"""make dist: the PGXN archive has what a build needs and nothing else, and is the same bytes wherever it is made."""
import json
import pathlib
import subprocess
import zipfile

import pytest

from rig import place

META = json.loads((place.ROOT / "META.json").read_text())
FOLDER = f"{META['name']}-{META['version']}/"


def archived(out, **options):
    done = subprocess.run([place.ROOT / "packaging/pgxn/archive", out], check=True, capture_output=True, text=True,
                          **options)
    assert done.stdout == f"{out}/{FOLDER[:-1]}.zip\n"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The archive's path."""
    if not (place.ROOT / "http/web/viewer").exists():
        pytest.skip("http/web/fetch could not bring the viewer, without which there is no archive")
    return archived(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def archive(made):
    """Its entries by their names below its one folder."""
    with zipfile.ZipFile(made) as found:
        assert all(entry.filename.startswith(FOLDER) for entry in found.infolist())
        return {entry.filename.removeprefix(FOLDER): entry for entry in found.infolist()}


def test_it_has_what_git_tracks_and_the_viewer(archive):
    tracked = subprocess.run(["git", "ls-files"], cwd=place.ROOT, check=True, capture_output=True, text=True).stdout
    viewer = {str(path.relative_to(place.ROOT)) for path in (place.ROOT / "http/web/viewer").iterdir()}
    assert {"http/web/viewer/LICENSE", "http/web/viewer/swagger-ui-bundle.js.LICENSE.txt"} < viewer
    assert set(archive) == {*tracked.splitlines(), *viewer, "GNUmakefile"}


def test_programs_and_only_they_may_be_run(archive):
    modes = {name: entry.external_attr >> 16 & 0o777 for name, entry in archive.items()}
    assert set(modes.values()) == {0o644, 0o755}
    assert modes["packaging/source"] == 0o755 and modes["META.json"] == 0o644


def test_it_is_the_same_bytes_elsewhere(made, tmp_path):
    again = archived(tmp_path, cwd="/", umask=0o077, env={"TZ": "Asia/Tokyo", "PATH": "/usr/bin:/bin"})
    assert pathlib.Path(made).read_bytes() == pathlib.Path(again).read_bytes()
