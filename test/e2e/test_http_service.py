"""analytics-http as a service of systemd: what it tells the manager, and the unit that is installed."""
import contextlib
import os
import re
import shutil
import signal
import subprocess

import pytest

from rig import place
from test_ingestor_service import MOST_EXPOSURE, Manager, installed  # noqa: F401 - installed is a fixture

UNIT = place.ROOT / "http" / "analytics-http.service"


@pytest.fixture
def manager():
    with contextlib.closing(Manager()) as made:
        yield made


def test_it_is_ready_when_its_ports_are_open(http, manager):
    http(**manager.environment)
    manager.await_word("^READY=1$")
    manager.await_word("^STATUS=answering requests$")
    manager.await_signs()


def test_it_is_ready_though_the_database_is_away(server, database, http, manager):
    service = http(**manager.environment)
    server.stop()
    try:
        manager.await_word("^READY=1$")
        manager.await_signs()
        assert service.running
    finally:
        server.start()


def test_a_stop_is_announced(http, manager):
    service = http(**manager.environment)
    service.signal(signal.SIGTERM)
    manager.await_word("^STOPPING=1$")
    assert service.wait() == 0


def test_the_unit_is_hardened():
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=true", UNIT], capture_output=True,
                          text=True)
    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure[1]) <= MOST_EXPOSURE


def test_what_the_unit_names_is_installed(installed):  # noqa: F811
    unit = (installed / "opt/analytics/lib/systemd/system/analytics-http.service").read_text()
    [program] = re.findall(r"^ExecStart=(\S+)", unit, re.MULTILINE)
    assert os.access(f"{installed}{program}", os.X_OK)
    [page] = re.findall(r"^Documentation=file:(\S+)", unit, re.MULTILINE)
    assert os.path.exists(f"{installed}{page}")
    assert (installed / "opt/analytics/share/doc/analytics-events/roles.sql").exists()


def test_the_installed_sample_has_settings_that_are_known(installed):  # noqa: F811
    text = (installed / "opt/analytics/share/doc/analytics-events/http.env").read_text()
    settings = dict(re.findall(r"^#?(ANALYTICS_[A-Z_]+)=(\S+)$", text, re.MULTILINE))
    done = subprocess.run([installed / "opt/analytics/bin/analytics-http", "--print-config"], capture_output=True,
                          text=True, env=settings)
    assert (len(settings) > 5, done.returncode) == (True, 0), done.stderr
