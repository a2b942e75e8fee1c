"""What packaging/deb says of the daemons, units and files is so. Packages themselves: make check-packages."""
import os
import re
import subprocess

import pytest

from rig import place

DEBIAN = place.ROOT / "packaging/deb/debian"
DAEMONS = ("ingestor", "http")
MADE_WHILE_BUILDING = ("debian/", "http/web/viewer/")


def lines(path):
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def section(group):
    return {words[1] for words in map(str.split, lines(place.ROOT / "test/rig/packages")) if words[0] == group}


@pytest.fixture(scope="module")
def manual(tree):
    """The manual page of a daemon that has been built."""
    (tree / "debian").mkdir(exist_ok=True)
    (tree / "debian/manual").write_bytes((DEBIAN / "manual").read_bytes())

    def write(daemon):
        return subprocess.run(["sh", tree / "debian/manual", daemon], check=True, capture_output=True, text=True,
                              env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}).stdout

    return write


def test_a_build_needs_what_make_needs():
    wanted = re.search(r"^Build-Depends:\n((?: .*\n)+)", (DEBIAN / "control.in").read_text(), re.MULTILINE)[1]
    wanted = {re.split(r"[ ,(]", line.strip())[0] for line in wanted.splitlines()}
    here = {name for name in section("build") if not name.startswith("postgresql")}
    assert wanted - {"debhelper-compat", "postgresql-server-dev-all"} == here - {"g++", "make", "npm"}


@pytest.mark.usefixtures("tree")  # so everything is built
def test_every_file_that_a_package_takes_exists():
    for path in (*DEBIAN.glob("*.install"), *DEBIAN.glob("*.docs")):
        for line in lines(path):
            pattern = line.split()[0]
            if not pattern.startswith(MADE_WHILE_BUILDING) and not os.access(place.ROOT / pattern, os.R_OK):
                assert list(place.ROOT.glob(pattern)), f"{path.name}: {pattern}"


def test_the_settings_are_where_the_units_look_for_them():
    shipped = {f"/{line.split()[1]}/{os.path.basename(line.split()[0])}"
               for path in DEBIAN.glob("*.install") for line in lines(path) if line.endswith("etc/analytics-events")}
    units = [*(place.ROOT / f"{daemon}/analytics-{daemon}.service" for daemon in DAEMONS),
             place.ROOT / "sql/analytics-maintain.service"]
    assert shipped == {re.search(r"^EnvironmentFile=(\S+)", unit.read_text(), re.MULTILINE)[1] for unit in units}


@pytest.mark.parametrize("daemon", DAEMONS)
def test_the_manual_page_has_every_setting_and_option_of_the_help(tree, manual, daemon):
    said = subprocess.run([tree / daemon / f"analytics-{daemon}", "--help"], check=True, capture_output=True,
                          text=True).stdout
    page = manual(daemon)
    for name in re.findall(r"^  ([A-Z_]+)$", said, re.MULTILINE):
        assert f"\n\\fB{name}\\fR\n" in page
    for option in re.findall(r"^  \S*(--[a-z-]+)", said, re.MULTILINE):
        assert option.replace("-", "\\-") in page


@pytest.mark.parametrize("daemon", DAEMONS)
def test_the_manual_page_begins_with_what_the_daemon_is(manual, daemon):
    page = manual(daemon).splitlines()
    assert page[0].startswith(f".TH ANALYTICS-{daemon.upper()} 8 2023-11-14")
    assert page[1:3] == [".SH NAME", page[2]] and page[2].startswith(f"analytics\\-{daemon} \\- ")


@pytest.mark.parametrize("daemon", DAEMONS)
def test_the_manual_page_has_all_of_the_help(manual, daemon):
    titles = re.findall(r"^\.SH (.+)$", manual(daemon), re.MULTILINE)
    assert titles == ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "ENVIRONMENT", "SIGNALS", "EXIT STATUS", "FILES",
                      "SEE ALSO"]
