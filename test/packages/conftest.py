"""Fixtures of the packages' tests, for each Debian release of ANALYTICS_SUITES (Debian 12, and each that has a tree).

source   the folder with the source package's tree and archive, of this checkout
builds   two builds of it in a root of that release, in different folders and circumstances
debs     the packages of the first; those of the folder ANALYTICS_DEBS, if it is set, for work on the tests themselves
"""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from packages import builds as packages  # noqa: E402
from packages import root  # noqa: E402
from rig import tree  # noqa: E402

EVERY_SUITE = ("bookworm", "trixie", "sid")


def suites():
    if "ANALYTICS_SUITES" in os.environ:
        return os.environ["ANALYTICS_SUITES"].split()
    return [name for name in EVERY_SUITE if name == EVERY_SUITE[0] or tree.Tree(name).is_complete()]


@pytest.fixture(scope="session", autouse=True)
def private_mounts():
    if os.getuid() != 0:
        pytest.skip("only root can make a root")
    root.keep_mounts_private()


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    return packages.make_source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session", params=suites())
def suite(request):
    return request.param


@pytest.fixture(scope="session")
def builds(suite, source):
    """The folders of both, whose files are this machine's to read."""
    with root.Root(suite) as builder:
        yield packages.build_twice(builder, source)


@pytest.fixture(scope="session")
def debs(request):
    folder = os.environ.get("ANALYTICS_DEBS") or request.getfixturevalue("builds").first
    return sorted(pathlib.Path(folder).glob("*.deb"))
