"""analytics-http under crowds that it has to bound: each test has a service of its own, made small or filled for it."""
import json
import time

import pytest
import requests

from rig import place

from http_client import EVENTS, RECENT, Raw, event
from siege import ASKED, HEALTH, UP, WITHIN, crowd, memory, seconds_of
from test_http_faults import Held, in_background, waits_for_a_lock


def test_one_worker_serves_many_kept_connections(http):
    """A connection that only might send holds no worker."""
    crowded = http(ANALYTICS_HTTP_POOL_SIZE=1)
    with crowd(crowded.port, 5, HEALTH) as clients:
        assert [client.answer()[2] for client in clients] == [UP] * 5
    with crowd(crowded.port, 5, ASKED) as clients:
        assert [client.answer()[0] for client in clients] == [200] * 5


def test_requests_beyond_the_queue_are_503_at_once(http, database):
    """One worker, held by a locked table; 128 wait, each with a question of its own; the rest get 503."""
    crowded = http(ANALYTICS_HTTP_POOL_SIZE=1)
    with Held(database) as held:
        first = in_background(requests.get, crowded.url + RECENT, timeout=30)
        waits_for_a_lock(database)
        with crowd(crowded.port, 144) as clients:
            for number, client in enumerate(clients, 1):
                client.send(f"GET {RECENT}?limit={number} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            place.eventually(lambda: crowded.logs(event="overloaded"), 10, what="the overload's log line")
            refused = [client.answer() for client in clients[128:]]
            for answer in refused:
                assert answer[0] == 503 and int(answer[1]["retry-after"]) >= 1
                assert json.loads(answer[2])["status"] == 503
            held.release()
            assert first().status_code == 200
            assert [client.answer()[0] for client in clients[:128]] == [200] * 128
    assert len(crowded.logs(event="overloaded")) == 1


def test_a_crowd_that_asks_the_same_is_one_in_the_queue(http, database):
    crowded = http(ANALYTICS_HTTP_POOL_SIZE=1)
    with Held(database) as held:
        first = in_background(requests.get, crowded.url + RECENT, timeout=30)
        waits_for_a_lock(database)
        with crowd(crowded.port, 300, ASKED) as clients:
            held.release()
            assert [client.answer()[0] for client in clients] == [200] * 300
        assert first().status_code == 200
    assert crowded.logs(event="overloaded") == []


@pytest.mark.parametrize("path, status", [("/docs", 200), ("/none", 404), (RECENT + "?limit=0", 422), ("/health", 200)])
def test_what_needs_no_statement_does_not_wait_behind_statements(http, database, path, status):
    crowded = http(ANALYTICS_HTTP_POOL_SIZE=1)
    with Held(database), crowd(crowded.port, 20, ASKED):
        waits_for_a_lock(database)
        begin = time.monotonic()
        assert requests.get(crowded.url + path, timeout=10).status_code == status
        assert time.monotonic() - begin < WITHIN


def test_a_long_pipeline_of_refusals_keeps_nobody_waiting(http):
    """The loop answers them one after the other, and serves others in between."""
    crowded = http()
    count = 5_000
    with Raw(crowded.port) as client:
        sender = in_background(client.send, b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n" * count)
        assert seconds_of(crowded, "/health") < WITHIN
        assert [client.answer()[0] for _ in range(count)] == [404] * count
        sender()


def test_large_bodies_that_do_not_come_whole_are_bounded(http):
    """Twenty times 7 MiB of a body of 8: more than is held for all of them is refused, and nobody else is."""
    crowded = http()
    before = memory(crowded)
    head = (f"POST {EVENTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {8 << 20}\r\n\r\n").encode()
    with crowd(crowded.port, 20, head) as clients:
        for client in clients:
            client.send(b" " * (7 << 20))
        assert requests.get(crowded.url + "/health", timeout=10).status_code == 200
        assert crowded.await_log(event="overloaded")["message"] == "incomplete requests take too much memory"
        assert memory(crowded) - before < 160 << 20  # each of those held may have a chunk's room to grow into


def test_answers_that_nobody_takes_hold_no_worker(http, database):
    """Clients that never read, as many as there are workers and more; the others are answered."""
    crowded = http(ANALYTICS_HTTP_POOL_SIZE=2)
    rows = [event(n, payload={"fill": "x" * 20_000}) for n in range(400)]
    database.sql("SELECT count(*) FROM analytics_ingest(%s::bytea[])", ([json.dumps(row).encode() for row in rows],))
    with crowd(crowded.port, 6, f"GET {RECENT}?limit=400 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()):
        place.eventually(lambda: seconds_of(crowded, "/health") < WITHIN, 20, what="an answer within a second")
