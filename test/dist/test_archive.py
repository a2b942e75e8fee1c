"""From the PGXN archive, without a network: built, installed, tested, removed; by hand and by PGXN's own client."""
import os
import pathlib
import re
import shutil
import subprocess
import zipfile

import pytest

from rig import cluster

# What the daemons are made from. An empty folder takes the place of each, and pkg-config knows nothing.
DAEMONS = ("CLI", "fmt", "librdkafka", "prometheus", "spdlog", "systemd", "x86_64-linux-gnu/curl")
HIDING = "for name; do [ ! -d /usr/include/$name ] || mount -t tmpfs none /usr/include/$name || exit; done"


@pytest.fixture
def bare(offline):
    """offline, on a machine that has what the extension asks for, and nothing of what a daemon does."""
    def run(*words, **options):
        quoted = " ".join(f"'{word}'" for word in words)
        return offline("unshare", "-m", "sh", "-c", f"{HIDING}; exec {quoted}", "sh", *DAEMONS, PKG_CONFIG="false",
                       **options)

    return run


def passed(said):
    """How many tests prove counted, when all passed."""
    assert "Result: PASS" in said, said[-4000:]
    return int(re.search(r"Tests=(\d+)", said)[1])


def names(folder):
    return {str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*") if not path.is_dir()}


def test_the_extension_by_hand(unpacked, private, bare, tmp_path):
    before = names(private.tree)
    given = {"cwd": unpacked, "PG_CONFIG": str(private.pg_config), "PREFIX": str(tmp_path)}
    bare("make", "extension", **given)
    bare("make", "extension", "install", **given)
    assert names(private.tree) > before
    with cluster.Cluster(private, cluster.UNUSUAL) as server:
        assert passed(bare("make", "installcheck", **given, **server.environment())) > 1000
        assert server.faults_since() == []
    bare("make", "extension", "uninstall", **given)
    assert (names(private.tree), names(tmp_path)) == (before, set())


def test_pgxn_s_client(archive, private, bare, tmp_path):
    """pgxn install, check and uninstall, of a file."""
    if not shutil.which("pgxn"):
        pytest.skip("pgxnclient is not installed")
    before = names(private.tree)
    libdir = subprocess.run([private.pg_config, "--libdir"], check=True, capture_output=True, text=True).stdout.strip()
    os.makedirs(libdir, exist_ok=True)  # where pgxn tries whether it may write
    given = {"cwd": tmp_path, "HOME": str(tmp_path), "PREFIX": str(tmp_path / "prefix")}

    def pgxn(command):
        return bare("pgxn", command, "--pg_config", private.pg_config, archive, **given)

    pgxn("install")
    with cluster.Cluster(private) as server:
        server.sql("CREATE EXTENSION analytics_events")
        assert server.sql("SELECT count(*) FROM analytics_normalize('{}')") == "1"
    assert (tmp_path / "prefix/share/doc/analytics-events/roles.sql").exists()
    pgxn("uninstall")
    assert (names(private.tree), names(tmp_path / "prefix")) == (before, set())


def test_the_daemons_have_the_whole_viewer(unpacked, offline):
    offline("make", "ingestor", "http", cwd=unpacked)
    version = re.search(r'"version": "([^"]+)"', (unpacked / "META.json").read_text())[1]
    for name in ("ingestor", "http"):
        assert version in offline(unpacked / name / f"analytics-{name}", "--version")
    viewer = (unpacked / "http/web/viewer/swagger-ui-bundle.js").read_bytes()
    assert viewer in (unpacked / "http/analytics-http").read_bytes()


def test_the_archive_unpacks_into_one_folder(archive):
    with zipfile.ZipFile(archive) as found:
        assert {name.split("/")[0] for name in found.namelist()} == {archive.stem}
