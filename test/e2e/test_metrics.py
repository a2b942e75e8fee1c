"""What both daemons tell Prometheus, seen as it does: over HTTP, and checked by its own tools."""
import re
import socket
import time

import pytest
import requests
from rig import place, prometheus

from http_client import RECENT, SUMMARY, get, is_open
from stream import event

SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def samples(daemon):
    """{(name, labels as a frozenset of pairs): value}"""
    answer = requests.get(daemon.admin_url + "/metrics", timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = [SAMPLE.match(line) for line in answer.text.splitlines() if not line.startswith("#")]
    return {(match[1], frozenset(LABEL.findall(match[2] or ""))): float(match[3]) for match in found}


def value(daemon, name, **labels):
    return samples(daemon).get((name, frozenset(labels.items())))


def await_value(daemon, wanted, name, **labels):
    place.eventually(lambda: value(daemon, name, **labels) == wanted, 30, what=f"{name}{labels} {wanted}")


@pytest.fixture
def reading(ingestor, produce, topic):
    """An ingestor that has stored 3 events, met one again, and refused one of two reasons each."""
    started = ingestor(admin=True)
    produce(topic, [event(1), event(2), event(3), event(1), b"{", b"{}"], partition=0)
    await_value(started, 3, "analytics_ingestor_records_total", outcome="stored")
    await_value(started, 1, "analytics_ingestor_records_total", outcome="skipped")
    return started


def test_promtool_finds_nothing_to_say(reading, http):
    service = http()
    for path in (RECENT, SUMMARY, "/none"):
        get(service, path)
    for daemon in (reading, service):
        text = requests.get(daemon.admin_url + "/metrics", timeout=10).text
        assert prometheus.promtool("check", "metrics", text=text) == (0, "")


def test_records_are_counted_by_outcome_and_reason(reading):
    found = {outcome: value(reading, "analytics_ingestor_records_total", outcome=outcome)
             for outcome in ("stored", "duplicate", "dead_lettered", "skipped")}
    assert found == {"stored": 3, "duplicate": 1, "dead_lettered": 1, "skipped": 1}
    assert value(reading, "analytics_ingestor_refused_records_total", reason="invalid_json") == 1
    assert value(reading, "analytics_ingestor_refused_records_total", reason="unknown_shape") == 1


def test_batches_are_measured(reading):
    assert value(reading, "analytics_ingestor_batch_records_sum") == 6
    assert value(reading, "analytics_ingestor_batch_bytes_sum") > 100
    batches = value(reading, "analytics_ingestor_batch_duration_seconds_count")
    assert 1 <= batches <= 6
    assert 0 < value(reading, "analytics_ingestor_batch_duration_seconds_sum") < 30


def test_lag_is_told_for_every_partition(reading, topic):
    for partition in "0123":
        await_value(reading, 0, "analytics_ingestor_lag_records", topic=topic, partition=partition)
        await_value(reading, 0, "analytics_ingestor_lag_seconds", topic=topic, partition=partition)


def test_a_reader_is_live_and_ready(reading):
    for path in ("/livez", "/readyz"):
        answer = requests.get(reading.admin_url + path, timeout=10)
        assert (answer.status_code, answer.json()) == (200, {"status": "UP"})


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/", 404), ("POST", "/metrics", 405), ("HEAD", "/metrics", 200), ("GET", "/metrics?x=1", 200)])
def test_the_admin_port_speaks_http(reading, method, path, status):
    answer = requests.request(method, reading.admin_url + path, timeout=10)
    assert answer.status_code == status
    assert (answer.text != "") == (method == "GET" and status == 200)


def test_who_dawdles_keeps_nobody_for_long(reading):
    with socket.create_connection(("127.0.0.1", reading.admin_port)) as idle:
        idle.sendall(b"GET /metr")
        assert requests.get(reading.admin_url + "/livez", timeout=20).status_code == 200


def test_without_a_port_none_is_opened(ingestor):
    started = ingestor()
    started.await_log(event="partitions_ready")
    assert not started.logs(event="listening")


@pytest.mark.parametrize("settings, is_reached", [({}, False), ({"ANALYTICS_INGESTOR_ADMIN_HOST": "0.0.0.0"}, True)])
def test_the_port_is_this_machine_s_until_it_is_said_otherwise(ingestor, settings, is_reached):
    """Told by another address of loopback, which nobody listens on who listens on 127.0.0.1."""
    started = ingestor(admin=True, **settings)
    assert requests.get(started.admin_url + "/livez", timeout=10).status_code == 200
    assert is_open("127.0.0.2", started.admin_port) == is_reached


def test_an_outage_shows(ingestor, server, produce, topic):
    started = ingestor(admin=True)
    started.await_log(event="partitions_ready")
    server.sql("ALTER SYSTEM SET default_transaction_read_only = on")
    server.sql("SELECT pg_reload_conf()")
    try:
        produce(topic, [event(1)], partition=0)
        await_value(started, 0, "analytics_ingestor_database_up")
        await_value(started, 1, "analytics_ingestor_paused")
        assert value(started, "analytics_ingestor_database_outages_total", sqlstate_class="25") == 1
        assert requests.get(started.admin_url + "/readyz", timeout=10).status_code == 503
        assert requests.get(started.admin_url + "/livez", timeout=10).status_code == 200
        assert value(started, "analytics_ingestor_lag_seconds", topic=topic, partition="0") > 0
    finally:
        server.sql("ALTER SYSTEM RESET default_transaction_read_only")
        server.sql("SELECT pg_reload_conf()")
    await_value(started, 1, "analytics_ingestor_database_up")
    await_value(started, 0, "analytics_ingestor_paused")
    await_value(started, 0, "analytics_ingestor_lag_records", topic=topic, partition="0")


def test_requests_are_counted_by_route_and_status(http):
    service = http()
    for path in (RECENT, RECENT, RECENT + "?limit=0", "/none"):
        get(service, path)
    requests.request("BREW", service.url + RECENT, timeout=10)
    count = {(labels["method"], labels["route"], labels["status"]): number
             for (name, pairs), number in samples(service).items() if name == "analytics_http_requests_total"
             for labels in [dict(pairs)] if labels["route"] != "/health"}
    assert count == {("GET", RECENT, "200"): 2, ("GET", RECENT, "422"): 1, ("GET", "-", "404"): 1,
                     ("other", RECENT, "405"): 1}
    assert value(service, "analytics_http_request_duration_seconds_count", route=RECENT) == 4


def test_the_pool_s_use_is_told(http):
    service = http(ANALYTICS_HTTP_POOL_SIZE=3)
    get(service, RECENT)
    assert value(service, "analytics_http_pool_max_connections", pool="service") == 3
    assert value(service, "analytics_http_pool_connections", pool="service", state="idle") == 1
    assert value(service, "analytics_http_pool_connections", pool="service", state="in_use") == 0


def test_the_state_of_the_database_is_told(http, database):
    service = http()
    assert value(service, "analytics_maintained_at") == 0
    database.sql("CALL analytics_maintain('2024-01-01Z')")
    assert abs(value(service, "analytics_maintained_at") - time.time()) < 600
    assert value(service, "analytics_maintenance_failed_parts") == 0
    for group in ("read", "gone", "old"):
        database.rows("SELECT * FROM analytics_claim_partition(%s, 't', 0, 'o', 0, 5)", (group,))
    database.rows("SELECT analytics_retire_group('gone')")
    database.sql("UPDATE analytics_kafka_offsets SET updated_at = now() - interval '8 days' "
                 "WHERE consumer_group = 'old'")
    for state in ("counted", "timed_out", "retired"):
        assert value(service, "analytics_consumer_groups", state=state) == 1
