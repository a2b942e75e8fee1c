"""analytics-http under crowds: thousands of idle connections, slow clients by the hundred, and what all of it costs.

Slowness is slowhttptest's, run as its users run it; a normal request is answered within a second all the while.
Memory is measured as the kernel counts it, over all that the file does to one service.
"""
import contextlib
import json
import re
import resource
import shutil
import subprocess
import time

import pytest
import requests

from rig import daemon, place

from http_client import EVENTS, RECENT, Raw, event
from test_http_faults import Held, in_background, waits_for_a_lock

HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"
UP = b'{"status":"UP"}'
WITHIN = 1.0
MOST_GROWTH = 32 << 20


def memory(service):
    """Bytes of the service that are in memory, at most so far."""
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{service.process.pid}/status").read())[1])


def is_served(service):
    begin = time.monotonic()
    answer = requests.get(service.url + RECENT, timeout=10)
    took = time.monotonic() - begin
    assert answer.status_code == 200, answer.text
    return took < WITHIN


@pytest.fixture(scope="module")
def service(server):
    server.sql("CREATE DATABASE crowds")
    server.sql("CREATE EXTENSION analytics_events", "crowds")
    with daemon.Http(server.url("crowds")) as running:
        for _ in range(20):
            is_served(running)
        before = memory(running)
        yield running
        assert memory(running) - before < MOST_GROWTH
    server.sql("DROP DATABASE crowds WITH (FORCE)")


@pytest.fixture(autouse=True)
def still_served(service):
    yield
    assert is_served(service)


@contextlib.contextmanager
def crowd(port, count, said=b""):
    """So many connections, each having said something."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Raw(port)) for _ in range(count)]
        for client in clients:
            client.send(said)
            if said == HEALTH and count > 1000:  # kept, one after the other: a flood of requests is another matter
                assert client.answer()[2] == UP
        yield clients


@pytest.mark.parametrize("said", [b"", HEALTH, b"GET /health HTTP/1.1\r\nHost: x\r\nA:", b"\r\n",
                                  b"POST /v1/analytics/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                                  b"Content-Length: 1000\r\n\r\n{"],
                         ids=["silent", "kept after an answer", "within a head", "before a head", "within a body"])
def test_two_thousand_connections_keep_nobody_out(service, said):
    with crowd(service.port, 2000, said):
        assert all([is_served(service) for _ in range(5)])


def test_whoever_is_beyond_the_bound_takes_the_place_of_an_idle_one(service):
    """More than 4096: the oldest are let go, the newest are served."""
    with crowd(service.port, 4200) as clients:
        clients[-1].send(HEALTH)
        assert clients[-1].answer()[2] == UP
        assert clients[0].ended()


def test_requests_beyond_the_queue_are_503_at_once(http, database):
    """One thread, held by a locked table; 64 wait; the rest is told so."""
    crowded = http(ANALYTICS_HTTP_THREADS=1)
    with Held(database) as held:
        first = in_background(requests.get, crowded.url + RECENT, timeout=30)
        waits_for_a_lock(database)
        with crowd(crowded.port, 80, HEALTH) as clients:
            place.eventually(lambda: crowded.logs(event="overloaded"), 10, what="the overload's log line")
            refused = [client.answer() for client in clients[64:]]
            for answer in refused:
                assert answer[0] == 503 and int(answer[1]["retry-after"]) >= 1
                assert json.loads(answer[2])["status"] == 503
            held.release()
            assert first().status_code == 200
            assert [client.answer()[2] for client in clients[:64]] == [UP] * 64
    assert len(crowded.logs(event="overloaded")) == 1


def test_large_bodies_that_do_not_come_whole_are_bounded(http):
    """Twenty times 7 MiB of a body of 8: more than is held for all of them is refused, and nobody else is."""
    crowded = http()
    before = memory(crowded)
    head = (f"POST {EVENTS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {8 << 20}\r\n\r\n").encode()
    with crowd(crowded.port, 20, head) as clients:
        for client in clients:
            client.send(b" " * (7 << 20))
        assert requests.get(crowded.url + "/health", timeout=10).status_code == 200
        assert crowded.await_log(event="overloaded")["message"] == "too much is being received"
        assert memory(crowded) - before < 160 << 20  # each of those held may have a chunk's room to grow into


def test_answers_that_nobody_takes_hold_no_thread(http, database):
    """Clients that never read, as many as there are threads and more; the others are answered."""
    crowded = http(ANALYTICS_HTTP_THREADS=2)
    rows = [event(n, payload={"fill": "x" * 20_000}) for n in range(400)]
    database.sql("SELECT count(*) FROM analytics_ingest(%s::bytea[])", ([json.dumps(row).encode() for row in rows],))
    with crowd(crowded.port, 6, f"GET {RECENT}?limit=400 HTTP/1.1\r\nHost: x\r\n\r\n".encode()):
        place.eventually(lambda: is_quick(crowded), 20, what="an answer within a second")


def is_quick(service):
    begin = time.monotonic()
    return (requests.get(service.url + "/health", timeout=10).status_code == 200) and time.monotonic() - begin < WITHIN


@pytest.mark.parametrize("mode", [["-H"], ["-B", "-t", "POST"], ["-R"], ["-X", "-k", "3"]],
                         ids=["slowloris", "slow body", "range", "slow read"])
def test_slowhttptest_is_survived(service, mode):
    if shutil.which("slowhttptest") is None:
        pytest.skip("slowhttptest is not installed")
    url = service.url + (EVENTS if "-B" in mode else RECENT)
    attack = subprocess.Popen(["slowhttptest", *mode, "-c", "1000", "-r", "400", "-i", "2", "-l", "10", "-p", "3",
                               "-u", url], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        served = []
        while attack.poll() is None:
            served.append(is_served(service))
            time.sleep(0.2)
        output = attack.communicate()[0]
    finally:
        attack.kill()
    assert len(served) > 10, output
    assert all(served)
