"""What make install puts where: the units are hardened and name what is there, the samples' settings are known."""
import os
import re
import shutil
import subprocess

import pytest

from rig import place

MOST_EXPOSURE = 2.5
SHARE = "opt/analytics/share/doc/analytics-events"


@pytest.fixture(params=["ingestor", "http"])
def daemon(request):
    return request.param


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(["make", "-s", "install", f"DESTDIR={folder}", "PREFIX=/opt/analytics"], cwd=place.ROOT, check=True,
                   env=place.make_environment())
    return folder


@pytest.fixture
def unit(installed, daemon):
    return (installed / f"opt/analytics/lib/systemd/system/analytics-{daemon}.service").read_text()


def test_the_unit_is_hardened(daemon):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    file = place.ROOT / daemon / f"analytics-{daemon}.service"
    done = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=true", file], capture_output=True,
                          text=True)
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure[1]) <= MOST_EXPOSURE


def test_the_unit_starts_the_installed_program(installed, unit):
    [program] = re.findall(r"^ExecStart=(\S+)", unit, re.MULTILINE)
    assert os.access(f"{installed}{program}", os.X_OK)


def test_the_unit_s_documentation_is_installed(installed, unit):
    [page] = re.findall(r"^Documentation=file:(\S+)", unit, re.MULTILINE)
    assert os.path.exists(f"{installed}{page}")


def test_the_sample_has_settings_that_are_known(installed, daemon):
    """But for files, which are not on this machine. The password is a credential."""
    text = (installed / SHARE / f"{daemon}.env").read_text()
    settings = dict(re.findall(r"^#?(ANALYTICS_[A-Z_]+)=(\S+)$", text, re.MULTILINE))
    settings = {name: value for name, value in settings.items() if not value.startswith("/")}
    if daemon == "ingestor":
        settings["ANALYTICS_KAFKA_SASL_PASSWORD"] = "secret"
    done = subprocess.run([installed / f"opt/analytics/bin/analytics-{daemon}", "--print-config"], capture_output=True,
                          text=True, env=settings)
    assert (len(settings) > 5, done.returncode) == (True, 0), done.stderr


def test_maintenance_has_a_timer_and_a_hardened_service(installed):
    units = installed / "opt/analytics/lib/systemd/system"
    timer, service = ((units / f"analytics-maintain.{kind}").read_text() for kind in ("timer", "service"))
    assert "Persistent=true" in timer and "WantedBy=timers.target" in timer
    [page] = re.findall(r"^Documentation=file:(\S+)", service, re.MULTILINE)
    assert os.path.exists(f"{installed}{page}")
    assert (installed / SHARE / "maintain.env").exists()
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=true",
                           place.ROOT / "sql/analytics-maintain.service"], capture_output=True, text=True)
    assert float(re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)[1]) <= MOST_EXPOSURE


def test_systemd_has_nothing_to_say_on_the_units(tmp_path):
    """Where the programs are where the units have them."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    subprocess.run(["make", "-s", "ingestor", "http", "install", f"PREFIX={tmp_path}"], cwd=place.ROOT, check=True,
                   env=place.make_environment())
    units = [*tmp_path.glob("lib/systemd/system/*"), *(place.ROOT / "sql").glob("*.service"),
             *(place.ROOT / "sql").glob("*.timer")]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
    assert (len(units), done.returncode, done.stdout + done.stderr) == (4, 0, "")


def test_the_roles_are_installed(installed):
    assert (installed / SHARE / "roles.sql").exists()
