"""analytics-http when something is away, slow, forbidden or ending; and how it starts."""
import signal
import socket
import subprocess
import threading
import time

import pytest
import requests

from rig import daemon, place

from http_client import EVENTS, RECENT, SUMMARY, Raw, event, get, post, problem


@pytest.fixture
def service(http):
    return http()


class Held:
    """The table locked, so that every statement on it waits."""

    def __init__(self, database):
        self.connection = database.connect(autocommit=False)
        self.connection.cursor().execute("LOCK TABLE analytics_events IN ACCESS EXCLUSIVE MODE")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()

    def release(self):
        self.connection.close()


def in_background(function, *arguments, **options):
    """Runs it in a thread; returns a function that awaits its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments, **options)))
    thread.start()

    def result():
        thread.join(30)
        return results[0]

    return result


def waits_for_a_lock(database, count=1):
    place.eventually(lambda: database.sql("SELECT count(*) >= %s FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                          "AND application_name = 'analytics-http'", (count,)),
                     10, what="a waiting statement")


def is_up(service):
    answer = get(service, "/health")
    assert (answer.status_code, answer.json()) in ((200, {"status": "UP"}), (503, {"status": "DOWN"}))
    return answer.status_code == 200


# a database that comes and goes

def test_a_server_that_is_away_is_503_and_down(server, service):
    server.stop()
    try:
        for answer in (get(service, RECENT), get(service, SUMMARY), post(service, event())):
            details = problem(answer, 503)
            assert int(answer.headers["Retry-After"]) >= 1
            assert details["code"][:2] in ("08", "57")
            assert "socket" not in answer.text and "server" not in answer.text
        assert not is_up(service)
        assert requests.get(service.admin_url + "/readyz", timeout=30).status_code == 503
        assert requests.get(service.admin_url + "/livez", timeout=30).status_code == 200
    finally:
        server.start()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_after_a_restart_no_request_meets_a_stale_connection(server, service, how):
    """Eight connections are warm; the restart makes all of them stale; every request that follows succeeds."""
    sessions = [in_background(get, service, SUMMARY) for _ in range(8)]
    assert {result().status_code for result in sessions} == {200}
    server.restart(how)
    assert post(service, event()).status_code == 201
    assert [get(service, RECENT).status_code for _ in range(20)] == [200] * 20
    assert is_up(service)


def test_connections_that_the_server_ends_are_replaced(service, database):
    assert get(service, RECENT).status_code == 200
    database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'analytics-http'")
    place.eventually(lambda: database.sql("SELECT count(*) = 0 FROM pg_stat_activity "
                                          "WHERE application_name = 'analytics-http'"),
                     10, what="the backends' end")
    assert post(service, event()).status_code == 201


def test_a_read_whose_backend_dies_is_read_again(service, database):
    with Held(database) as held:
        answer = in_background(get, service, RECENT)
        waits_for_a_lock(database)
        database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        waits_for_a_lock(database)
        held.release()
        assert answer().status_code == 200


def test_a_write_whose_backend_dies_is_not_repeated(service, database):
    with Held(database):
        answer = in_background(post, service, event())
        waits_for_a_lock(database)
        database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        assert problem(answer(), 503)["code"] in ("57P01", "08006")


def test_without_the_extension_it_is_down_and_up_again_with_it(service, database):
    assert get(service, RECENT).status_code == 200
    database.sql("DROP EXTENSION analytics_events CASCADE")
    assert not is_up(service)
    assert "extension" in problem(get(service, RECENT), 503)["detail"]
    database.sql("CREATE SCHEMA elsewhere")
    database.sql("CREATE EXTENSION analytics_events SCHEMA elsewhere")
    assert is_up(service)
    assert post(service, event()).status_code == 201
    assert get(service, RECENT).json()["count"] == 1


# a database that is slow or says no

def test_a_statement_that_takes_too_long_is_504(http, database):
    service = http(ANALYTICS_HTTP_TIMEOUT_MS=1000)
    with Held(database):
        for answer in (get(service, RECENT), get(service, SUMMARY), post(service, event())):
            assert problem(answer, 504)["code"] == "57014"
    assert get(service, RECENT).status_code == 200


def test_a_frozen_backend_is_given_up(http, database):
    """SIGSTOP: the connection stays, nothing answers, and no statement_timeout runs."""
    service = http(ANALYTICS_HTTP_TIMEOUT_MS=1000)
    assert get(service, RECENT).status_code == 200
    frozen = [str(row[0]) for row in database.rows("SELECT pid FROM pg_stat_activity "
                                                   "WHERE application_name = 'analytics-http'")]
    subprocess.run(["kill", "-STOP", *frozen], check=True)
    try:
        begin = time.monotonic()
        assert problem(post(service, event()), 503)["code"] == "08006"
        assert get(service, RECENT).status_code == 200
        assert time.monotonic() - begin < 10
        place.eventually(lambda: is_up(service), 10, what="health on another connection")
    finally:
        subprocess.run(["kill", "-CONT", *frozen], check=True)


def test_a_pool_in_use_is_503_and_the_service_still_up(http, database):
    service = http(ANALYTICS_HTTP_POOL_SIZE=1)
    with Held(database) as held:
        first = in_background(get, service, RECENT)
        waits_for_a_lock(database)
        answer = get(service, SUMMARY)
        assert problem(answer, 503)["code"] == "53300"
        assert int(answer.headers["Retry-After"]) >= 1
        assert is_up(service)
        held.release()
        assert first().status_code == 200


def test_a_role_that_may_only_read_is_403_when_it_writes(server, http, database):
    server.sql("DROP ROLE IF EXISTS http_reader")
    server.sql("CREATE ROLE http_reader LOGIN")
    for table in ("analytics_events", "analytics_kafka_offsets", "analytics_dead_letters"):
        database.sql(f"GRANT SELECT ON {table} TO http_reader")
    with daemon.Http(server.url(database.name, "http_reader")) as service:
        assert get(service, RECENT).status_code == 200
        assert get(service, SUMMARY).status_code == 200
        assert problem(post(service, event()), 403)["code"] == "42501"
    database.sql("DROP OWNED BY http_reader")
    server.sql("DROP ROLE http_reader")


def test_the_documented_grants_are_enough_to_write(server, http, database):
    server.sql("DROP ROLE IF EXISTS http_writer")
    server.sql("CREATE ROLE http_writer LOGIN")
    for grant in ("SELECT, INSERT ON analytics_events, analytics_dead_letters, analytics_untimed_keys",
                  "SELECT, INSERT, UPDATE ON analytics_kafka_offsets",
                  "EXECUTE ON FUNCTION analytics_record_each(bytea[]), analytics_create_partition(timestamptz)"):
        database.sql(f"GRANT {grant} TO http_writer")
    with daemon.Http(server.url(database.name, "http_writer")) as service:
        assert post(service, event()).status_code == 201
        assert get(service, RECENT).json()["count"] == 1
    database.sql("DROP OWNED BY http_writer")
    server.sql("DROP ROLE http_writer")


# the end

def test_sigterm_finishes_the_request_in_hand(service, database):
    with Held(database) as held:
        answer = in_background(post, service, event())
        waits_for_a_lock(database)
        service.signal(signal.SIGTERM)
        service.await_log(event="stopping")
        place.eventually(lambda: refuses_connections(service.port), 10, what="a closed port")
        assert requests.get(service.admin_url + "/readyz", timeout=30).status_code == 503
        assert requests.get(service.admin_url + "/livez", timeout=30).status_code == 200
        held.release()
        assert answer().status_code == 201
    assert answer().headers["Connection"] == "close"
    assert service.wait() == 0
    assert service.logs(event="stopped")


def refuses_connections(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_sigterm_does_not_wait_for_idle_connections(service):
    with Raw(service.port) as idle, Raw(service.port) as used:
        used.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert used.answer()[0] == 200
        begin = time.monotonic()
        assert service.terminate() == 0
        assert time.monotonic() - begin < 5
        assert idle.ended() and used.ended()


def test_a_second_sigterm_leaves_at_once(service, database):
    with Held(database):
        answer = in_background(lambda: pytest.raises(requests.RequestException, post, service, event()))
        waits_for_a_lock(database)
        service.signal(signal.SIGTERM)
        service.await_log(event="stopping")
        service.signal(signal.SIGTERM)
        assert service.wait(5) == 1
        answer()


# the start

def ended(*arguments, **settings):
    """The exit code and log of a start that ends by itself."""
    started = daemon.Daemon(daemon.HTTP, settings, arguments)
    started.start()
    return started.wait(), started


def test_check_says_that_all_is_there(database):
    code, run = ended("--check", ANALYTICS_DATABASE_URL=database.url)
    assert code == 0
    assert run.logs(event="check_passed")[0]["extension"]


def test_check_of_a_server_that_is_away_is_69(database):
    code, run = ended("--check", ANALYTICS_DATABASE_URL="postgresql://u:hushhush@127.0.0.1:1/x")
    assert code == 69
    assert run.logs(event="dependency_unreachable")
    assert "hushhush" not in run.output()


def test_check_without_the_extension_is_69(database):
    database.sql("DROP EXTENSION analytics_events CASCADE")
    code, run = ended("--check", ANALYTICS_DATABASE_URL=database.url)
    assert code == 69
    assert "extension" in run.logs(event="dependency_unreachable")[0]["message"]


@pytest.mark.parametrize("change, advice", [
    ("UPDATE pg_extension SET extversion = '0.0.9' WHERE extname = 'analytics_events'",
     "ALTER EXTENSION analytics_events UPDATE;"),
    ("UPDATE pg_extension SET extversion = '9.8.7' WHERE extname = 'analytics_events'",
     "install analytics-http of version 9.8.7"),
    ("DROP TABLE analytics_table_changes", "SELECT public.analytics_create_tables();")])
def test_versions_that_do_not_go_together_are_told_by_check_and_by_the_service(database, change, advice):
    database.sql(change)
    code, run = ended("--check", ANALYTICS_DATABASE_URL=database.url)
    assert code == 69
    assert run.logs(event="dependency_unreachable")[0]["hint"] == advice
    service = daemon.Http(database.url)
    service.start()
    try:
        service.await_log(event="listening")
        assert get(service, RECENT).status_code == 503
        assert service.logs(event="database_unavailable")[0]["hint"] == advice
    finally:
        service.terminate()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "nosuch.invalid"])
def test_anything_but_loopback_is_refused_without_keys(database, host):
    code, run = ended(ANALYTICS_DATABASE_URL=database.url, ANALYTICS_SERVICE_HOST=host)
    assert code == 78
    assert run.logs(event="setting_refused")[0]["setting"] == "ANALYTICS_SERVICE_HOST"


def test_a_port_in_use_is_a_fault(service, database):
    code, run = ended(ANALYTICS_DATABASE_URL=database.url, ANALYTICS_SERVICE_PORT=service.port)
    assert code == 1
    assert str(service.port) in run.logs(event="fault")[0]["message"]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2"])
def test_other_loopback_addresses_are_served(database, host):
    with daemon.Http(database.url, ANALYTICS_SERVICE_HOST="127.0.0.1") as service:
        assert service.running
    ports = place.free_ports(2)
    run = daemon.Daemon(daemon.HTTP, {"ANALYTICS_DATABASE_URL": database.url, "ANALYTICS_SERVICE_HOST": host,
                                      "ANALYTICS_SERVICE_PORT": ports[0], "ANALYTICS_HTTP_ADMIN_PORT": ports[1]})
    with run:
        run.await_log(event="started")
        assert requests.get(f"http://{host}:{ports[0]}/health", timeout=30).status_code == 200


# the log

def test_a_request_is_one_line_without_its_content(http):
    service = http(ANALYTICS_LOG_LEVEL="debug")
    post(service, event(payload={"password": "hushhush"}))
    get(service, RECENT, tenantId="hushhush")
    requests.get(service.url + "/hushhush", timeout=30)
    line = service.await_log(event="request_served", route=EVENTS)
    assert (line["method"], line["status"]) == ("POST", 201)
    assert line["milliseconds"] > 0 and line["bytes"] > 0
    assert service.await_log(event="request_served", route=RECENT)["status"] == 200
    assert service.await_log(event="request_served", status=404)["route"] == "-"
    assert len(service.logs(event="request_served", route=EVENTS)) == 1
    assert "hushhush" not in service.output()


def test_an_internal_error_is_told_to_the_log_alone(service, database):
    database.sql("""
        CREATE OR REPLACE FUNCTION analytics_recent(
            max_rows int DEFAULT 50, before_occurred_at timestamptz DEFAULT NULL, before_id uuid DEFAULT NULL,
            tenant_id text DEFAULT NULL, event_type text DEFAULT NULL) RETURNS SETOF analytics_event LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'inner matters' USING ERRCODE = 'XX000', DETAIL = 'more of it'; END $$""")
    details = problem(get(service, RECENT), 500)
    assert details["detail"] == "internal error" and details["code"] == "XX000"
    line = service.await_log(event="request_failed")
    assert (line["message"], line["sqlstate"], line["route"]) == ("inner matters", "XX000", RECENT)
