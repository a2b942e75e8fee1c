"""doc/alerts.yml and doc/dashboard.json as an operator gets them: a real Prometheus scrapes both daemons, and fires."""
import json
import re

import pytest
import requests
from rig import place, prometheus

from stream import event
from test_metrics import await_value

DOC = place.ROOT / "doc"
RULES = (DOC / "alerts.yml").read_text()
METRIC = re.compile(r"\b(?:analytics|process)_[a-z_]+\b")


def impatient(rules):
    """The rules without their patience: five minutes of lag become two seconds."""
    rules = rules.replace("analytics_ingestor_lag_seconds) > 300", "analytics_ingestor_lag_seconds) > 2")
    return re.sub(r"for: \d+[md]", "for: 1s", rules)


def expressions():
    panels = json.loads((DOC / "dashboard.json").read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


@pytest.fixture
def watched(database, ingestor, http, tmp_path):
    """(ingestor, Prometheus), both daemons scraped, maintenance done."""
    database.sql("CALL analytics_maintain()")
    reading, service = ingestor(admin=True), http()
    jobs = {f"analytics-{name}": f"127.0.0.1:{daemon.admin_port}"
            for name, daemon in {"ingestor": reading, "http": service}.items()}
    with prometheus.Prometheus(tmp_path, jobs, impatient(RULES)) as server:
        place.eventually(lambda: len(server.query("up == 1") or []) == 2, 60, what="both targets up")
        yield reading, server


def test_promtool_takes_the_rules():
    code, said = prometheus.promtool("check", "rules", str(DOC / "alerts.yml"))
    assert code == 0, said


def test_lag_raises_the_alarm_and_is_over_when_read(watched, server, produce, topic):
    reading, watcher = watched
    assert watcher.alerts() == set()
    server.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    server.sql("SELECT pg_reload_conf()")
    try:
        produce(topic, [event(1)], partition=0)
        place.eventually(lambda: {"AnalyticsIngestorLag", "AnalyticsIngestorPaused"} <= watcher.alerts(), 60,
                         what="the alerts of lag and pause")
    finally:
        server.sql("ALTER SYSTEM RESET default_transaction_read_only")
        server.sql("SELECT pg_reload_conf()")
    place.eventually(lambda: watcher.alerts() == set(), 60, what="the end of the alerts")


def test_who_is_away_is_missed(watched):
    reading, watcher = watched
    reading.kill()
    place.eventually(lambda: "AnalyticsDown" in watcher.alerts(), 60, what="the alert of a daemon that is away")


def test_maintenance_that_is_late_or_fails_is_missed(watched, database):
    _, watcher = watched
    assert watcher.alerts() == set()
    database.sql("UPDATE analytics_maintenance SET succeeded_at = now() - interval '2 days', failure = 'XX000: why' "
                 "WHERE part = 'bags'")
    late = {"AnalyticsNotMaintained", "AnalyticsMaintenanceFailed"}
    place.eventually(lambda: watcher.alerts() == late, 60, what="the alerts of maintenance")
    database.sql("CALL analytics_maintain()")
    place.eventually(lambda: watcher.alerts() == set(), 60, what="the end of the alerts")
    database.sql("ALTER FUNCTION analytics_maintenance_state() RENAME TO away")
    place.eventually(lambda: "AnalyticsNotMaintained" in watcher.alerts(), 60, what="the alert of a missing number")


def test_rules_and_dashboard_name_what_there_is(watched, produce, topic):
    reading, watcher = watched
    produce(topic, [event(1), b"{"], partition=0)
    await_value(reading, 1, "analytics_ingestor_refused_records_total", reason="invalid_json")
    known = set()
    for url in [reading.admin_url] + [f"http://{row['instance']}" for row, _ in watcher.query("up")]:
        known |= set(re.findall(r"^# TYPE (\S+)", requests.get(url + "/metrics", timeout=10).text, re.M))
    prose = ("summary:", "description:", "name:", "#")
    rules = [line for line in RULES.splitlines() if not line.strip().removeprefix("- ").startswith(prose)]
    used = {re.sub(r"_(bucket|sum|count)$", "", name)
            for text in rules + expressions() for name in METRIC.findall(text)}
    assert used - known == set()


def test_every_panel_is_a_query_that_prometheus_takes(watched):
    _, watcher = watched
    for expression in expressions():
        expression = expression.replace("$__rate_interval", "1m").replace("$topic", ".*")
        assert watcher.query(expression) is not None, expression
