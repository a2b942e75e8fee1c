"""packaging/oci: the images as buildah makes them from a release's source tree, without a registry.

A Debian 12 that debootstrap makes takes the place of the base images. It is kept in .local/oci with buildah's storage,
so the packages that a build installs come over the network once. Without root, buildah or debootstrap these tests are
skipped.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from rig import cluster, place

STORE = place.LOCAL / "oci"
BUILDAH = ["buildah", "--root", str(STORE / "root"), "--runroot", str(STORE / "run")]
BASE = "localhost/debian:12"
MIRROR = "http://deb.debian.org/debian"
COMPILERS = ("g++", "gcc", "c++", "cc", "make", "ld")
NOBODY = "65532"


def buildah(*words):
    return subprocess.run([*BUILDAH, *words], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def base():
    missing = [program for program in ("buildah", "debootstrap") if not shutil.which(program)]
    if os.getuid() != 0 or missing:
        pytest.skip(f"needs root and {' and '.join(missing) or 'nothing else'}")
    STORE.mkdir(parents=True, exist_ok=True)
    if subprocess.run([*BUILDAH, "inspect", "--type", "image", BASE], capture_output=True).returncode != 0:
        shutil.rmtree(STORE / "base", ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", STORE / "base", MIRROR], check=True)
        container = buildah("from", "scratch")
        buildah("add", container, STORE / "base", "/")
        buildah("commit", "--rm", container, BASE)
        shutil.rmtree(STORE / "base")
    return BASE


class Image:
    """A built image: its configuration, and its files at root."""

    def __init__(self, name, *options):
        done = subprocess.run([place.ROOT / "packaging/oci/build", name, "--isolation", "chroot", "--build-arg",
                               f"BASE={BASE}", *options], env={**os.environ, "BUILDAH": " ".join(BUILDAH)},
                              stdout=subprocess.PIPE, text=True)
        assert done.returncode == 0
        self.name = done.stdout.strip()
        self.config = json.loads(buildah("inspect", "--type", "image", self.name))["OCIv1"]["config"]

    def __enter__(self):
        self.container = buildah("from", self.name)
        self.root = pathlib.Path(buildah("mount", self.container))
        return self

    def __exit__(self, *_):
        buildah("rm", self.container)


@pytest.fixture(scope="module", params=["ingestor", "http"])
def daemon(request, base):
    with Image(f"analytics-{request.param}") as image:
        yield image


@pytest.fixture(scope="module")
def extension(base):
    with Image("analytics-events", "--build-arg", "PG_MAJOR=15") as image:
        yield image


def version():
    return json.loads((place.ROOT / "META.json").read_text())["version"]


def run(daemon, *words):
    """What the daemon says, as its image's user in its image's files."""
    return subprocess.run(["chroot", f"--userspec={daemon.config['User']}", daemon.root, *daemon.config["Entrypoint"],
                           *words], check=True, capture_output=True, text=True,
                          env={"PATH": "/usr/sbin:/usr/bin"}).stdout


def test_a_daemon_runs_as_nobody(daemon):
    assert daemon.config["User"] == f"{NOBODY}:{NOBODY}"
    assert version() in run(daemon, "--version")
    assert "ANALYTICS_LOG_LEVEL" in run(daemon, "--print-config")


def test_a_daemon_s_image_has_no_compiler_and_no_source(daemon):
    found = [name for name in COMPILERS if (daemon.root / "usr/bin" / name).exists()]
    assert (found, (daemon.root / "source").exists(), list((daemon.root / "usr/include").glob("*"))) == ([], False, [])


def test_the_images_say_what_they_are(daemon, extension):
    for image in (daemon, extension):
        labels = image.config["Labels"]
        title = labels["org.opencontainers.image.title"]
        assert labels["org.opencontainers.image.version"] == version()
        assert image.name == f"localhost/{title}:{version()}"


def test_the_extension_is_where_cloudnativepg_looks(extension):
    files = {str(path.relative_to(extension.root)) for path in extension.root.rglob("*") if path.is_file()}
    scripts = {name for name in files if re.fullmatch(r"share/extension/analytics_events--[\d.-]+\.sql", name)}
    assert f"share/extension/analytics_events--{version()}.sql" in scripts
    libraries = {name for name in files if re.fullmatch(r"lib/lib(re2|absl)[\w.]+", name)}
    licences = {name for name in files if re.fullmatch(r"licenses/lib(re2|absl)[\w.-]+/copyright", name)}
    assert libraries and licences
    assert files - scripts - libraries - licences == {
        "lib/analytics_events.so", "share/extension/analytics_events.control", "licenses/analytics_events/LICENSE"}


def test_the_extension_brings_its_libraries(extension):
    """The loader finds them beside the library, wherever the image is mounted."""
    said = subprocess.run(["ldd", extension.root / "lib/analytics_events.so"], check=True, capture_output=True,
                          text=True).stdout
    assert f"{extension.root}/lib/libre2.so" in said


def test_a_server_takes_the_extension(extension, private):
    """One that finds it in its own folders: before PostgreSQL 18 there is no other way."""
    shutil.copy(extension.root / "lib/analytics_events.so", private.moved("pkglibdir"))
    shutil.copytree(extension.root / "share/extension", private.moved("sharedir") / "extension", dirs_exist_ok=True)
    with cluster.Cluster(private) as server:
        server.sql("CREATE EXTENSION analytics_events")
        assert server.sql("SELECT count(*) FROM analytics_normalize('{}')") == "1"
