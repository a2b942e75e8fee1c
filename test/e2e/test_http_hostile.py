"""analytics-http against clients that are broken, greedy, slow or cunning: bytes as they are, over sockets of ours.

Every refusal is a problem with its status, after which the connection ends: where a next request would begin is not
known. Nothing of what is sent may take the service down or be taken for a second request. All of it, thousands of idle
connections and slowhttptest (run as its users run it) included, is done to one service, of which a normal request and
its memory are seen to after every kind.
"""
import json
import os
import random
import shutil
import socket
import subprocess
import time

import pytest
import requests

from rig import daemon

from http_client import EVENTS, RECENT, Raw, event, exchange
from siege import HEALTH, MOST_GROWTH, UP, WITHIN, crowd, memory, seconds_of


@pytest.fixture(scope="module")
def service(server):
    """One for all: they must not hurt it. Its memory is measured from when it is warm."""
    server.sql("CREATE DATABASE hostile")
    server.sql("CREATE EXTENSION analytics_events", "hostile")
    with daemon.Http(server.url("hostile")) as running:
        for _ in range(20):
            seconds_of(running)
        running.warm = memory(running)
        yield running
    server.sql("DROP DATABASE hostile WITH (FORCE)")


@pytest.fixture(autouse=True)
def still_well(service):
    """After each: a normal request is answered in time, and all of them so far have cost so much memory at most."""
    yield
    assert service.running
    assert seconds_of(service) < WITHIN
    assert memory(service) - service.warm < MOST_GROWTH


def head(line, *fields):
    return "\r\n".join([line, "Host: localhost", *fields, "", ""]).encode("latin-1")


def post_head(*fields):
    return head(f"POST {EVENTS} HTTP/1.1", "Content-Type: application/json", *fields)


def is_problem(answer, status):
    assert answer is not None, "no answer"
    assert answer[0] == status, answer
    assert answer[1]["content-type"] == "application/problem+json"
    assert json.loads(answer[2])["status"] == status
    assert "exception_what" not in answer[1]
    return True


GET = "GET /health HTTP/1.1"
REFUSED = {
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", 400),
    "two hosts": (head(GET, "Host: y"), 400),
    "bare LF": (b"GET /health HTTP/1.1\nHost: localhost\n\n", 400),
    "one bare LF": (b"GET /health HTTP/1.1\r\nA: b\nHost: localhost\r\n\r\n", 400),
    "bare CR": (head(GET, "A: b\rc"), 400),
    "NUL": (head(GET, "A: b\0c"), 400),
    "folded": (head(GET, "A: b", " c"), 400),
    "blank before the colon": (head(GET, "Transfer-Encoding : chunked"), 400),
    "no colon": (head(GET, "Transfer-Encoding chunked"), 400),
    "no name": (head(GET, ": chunked"), 400),
    "no version": (b"GET /health\r\n\r\n", 400),
    "HTTP/2": (head("GET /health HTTP/2.0"), 505),
    "preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "two blanks": (head("GET  /health HTTP/1.1"), 400),
    "fragment": (head("GET /health#x HTTP/1.1"), 400),
    "raw UTF-8 target": ("GET /ä HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), 400),
    "long target": (head("GET /" + "a" * 9000 + " HTTP/1.1"), 414),
    "endless target": (b"GET /" + b"a" * 40000, 414),
    "65 fields": (head(GET, *[f"F{n}: v" for n in range(64)]), 431),
    "long field": (head(GET, "A: " + "b" * 40000), 431),
    "endless field": (b"GET /health HTTP/1.1\r\nA: " + b"b" * 40000, 431),
    "other expectation": (post_head("Content-Length: 2", "Expect: wonders") + b"{}", 417),
    "no length": (post_head(), 411),
    "empty length": (post_head("Content-Length:"), 400),
    "negative length": (post_head("Content-Length: -1"), 400),
    "signed length": (post_head("Content-Length: +2") + b"{}", 400),
    "hexadecimal length": (post_head("Content-Length: 0x2") + b"{}", 400),
    "listed length": (post_head("Content-Length: 2, 2") + b"{}", 400),
    "two lengths": (post_head("Content-Length: 2", "Content-Length: 2") + b"{}", 400),
    "two different lengths": (post_head("Content-Length: 2", "content-length: 40") + b"{}", 400),
    "huge length": (post_head("Content-Length: 99999999999999999999"), 413),
    "long body": (post_head("Content-Length: 100000000"), 413),
    "chunked": (post_head("Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n", 411),
    "chunked and length": (post_head("Content-Length: 2", "Transfer-Encoding: chunked") + b"{}", 400),
    "chunked, odd case": (post_head("TRANSFER-ENCODING: xchunked"), 411),
    "chunked GET": (head(GET, "Transfer-Encoding: chunked") + b"0\r\n\r\n", 411),
    "GET with a body": (head(GET, "Content-Length: 5") + b"hello", 400),
    "gzip": (post_head("Content-Length: 2", "Content-Encoding: gzip") + b"{}", 415),
    "brotli": (post_head("Content-Length: 2", "Content-Encoding: br") + b"{}", 415),
}


@pytest.mark.parametrize("data, status", REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_and_the_connection_ends(service, data, status):
    """A second request follows each: it must not be answered."""
    with Raw(service.port) as raw:
        raw.send(data + HEALTH)
        answer = raw.answer()
        assert is_problem(answer, status)
        assert answer[1]["connection"] == "close"
        assert raw.ended()


@pytest.mark.parametrize("field", [
    "Transfer-Encoding: chunked", "Transfer-Encoding:chunked", "transfer-encoding: CHUNKED",
    "Transfer-Encoding: \tchunked",
    "Transfer-Encoding: identity, chunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding:"])
def test_no_spelling_of_a_transfer_encoding_smuggles(service, field):
    inner = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with Raw(service.port) as raw:
        raw.send(post_head("Content-Length: 5", field) + b"0\r\n\r\n" + inner)
        assert raw.answer()[0] in (400, 411)
        assert raw.ended()


# what must not be refused

@pytest.mark.parametrize("data", [
    HEALTH, b"\r\n\r\n" + HEALTH, b"GET /health HTTP/1.0\r\n\r\n", head("GET http://127.0.0.1:1/health HTTP/1.1"),
    head(GET, "Content-Length: 0"), head(GET, *[f"F{n}: v" for n in range(63)]), head(GET, "A: ä", "B:", "C:\t d \t"),
    head(GET, "Connection: keep-alive, Upgrade", "Upgrade: h2c"), head(GET, "A: " + "b" * 30000)],
    ids=range(9))
def test_unusual_heads_are_served(service, data):
    answer = exchange(service.port, data)
    assert (answer[0], answer[2]) == (200, UP)


@pytest.mark.parametrize("field", [
    "Range: bytes=0-1", "Range: bytes=" + "0-1," * 2000 + "0-1", "Range: nonsense", "Accept-Encoding: gzip, br",
    "Accept-Encoding: br;q=0", "REMOTE_ADDR: 127.0.0.1", "If-None-Match: *", "X-HTTP-Method-Override: POST"],
    ids=lambda field: field[:24])
def test_fields_that_the_library_would_act_on_change_nothing(service, field):
    plain, with_field = exchange(service.port, HEALTH), exchange(service.port, head(GET, field))
    for answer in (plain, with_field):
        assert answer[1].pop("date")
    assert plain == with_field


def test_a_long_path_is_just_unknown(service):
    for path in ("/" + "a" * 7900, "/" * 7900, "/v1" + "/.." * 2600, "/%41" * 1900):
        assert is_problem(exchange(service.port, head(f"GET {path} HTTP/1.1")), 404)


@pytest.mark.parametrize("query", ["a=" + "b" * 7900, "a&" * 3900, "%" * 7900, "a=b&" * 1900, "limit=1&" * 900],
                         ids=lambda query: query[:4])
def test_a_long_query_is_just_wrong(service, query):
    assert is_problem(exchange(service.port, head(f"GET {RECENT}?{query} HTTP/1.1")), 422)


def test_pipelined_requests_are_answered_in_order(service):
    body = json.dumps(event(1)).encode()
    with Raw(service.port) as raw:
        raw.send(HEALTH + post_head(f"Content-Length: {len(body)}") + body
                 + head(f"GET {RECENT}?limit=1 HTTP/1.1") + head("GET /nosuch HTTP/1.1") + HEALTH)
        assert raw.answer()[2] == UP
        assert raw.answer()[0] in (200, 201)
        assert json.loads(raw.answer()[2])["count"] == 1
        assert is_problem(raw.answer(), 404)
        assert raw.answer()[2] == UP


def test_head_leaves_nothing_behind_in_the_stream(service):
    with Raw(service.port) as raw:
        raw.send(head("HEAD /health HTTP/1.1") + head("HEAD /nosuch HTTP/1.1") + HEALTH)
        assert raw.answer(has_body=False)[1]["content-length"] == str(len(UP))
        assert raw.answer(has_body=False)[0] == 404
        assert raw.answer()[2] == UP


def test_a_request_may_come_byte_by_byte(service):
    body = json.dumps(event(2)).encode()
    with Raw(service.port) as raw:
        for byte in post_head(f"Content-Length: {len(body)}") + body:
            raw.send(bytes([byte]))
        assert raw.answer()[0] in (200, 201)


def test_continue_is_said_when_it_is_waited_for(service):
    body = json.dumps(event(3)).encode()
    with Raw(service.port) as raw:
        raw.send(post_head(f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert raw.answer()[0] == 100
        raw.send(body)
        assert raw.answer()[0] in (200, 201)


def test_a_body_too_long_is_refused_before_it_is_sent(service):
    with Raw(service.port) as raw:
        raw.send(post_head("Content-Length: 100000000", "Expect: 100-continue"))
        assert is_problem(raw.answer(), 413)


def test_a_refusal_reaches_a_client_that_is_still_sending(service):
    with Raw(service.port) as raw:
        raw.send(post_head("Content-Length: 100000000") + b"x" * 4_000_000)
        assert is_problem(raw.answer(), 413)


def test_close_is_obeyed_whatever_its_case(service):
    for field in ("Connection: close", "connection: CLOSE", "Connection: keep-alive, close"):
        with Raw(service.port) as raw:
            raw.send(head(GET, field) + HEALTH)
            answer = raw.answer()
            assert (answer[0], answer[1]["connection"]) == (200, "close")
            assert raw.ended()


# bodies

@pytest.mark.parametrize("body, status", [
    (b"[" * 100_000, 400), (b'{"a":' * 100_000, 422), (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 422),
    (b"\x00" * 1000, 400),
    (b"\xff" * 1000, 400), (b"1.0000000000e-2147483639", 422), (b"[1.0000000000e-2147483639]", 200),
    (b'{"eventType":"t","source":"s","payload":{"n":1e-2147483639}}', 422)], ids=range(8))
def test_bodies_that_broke_other_readers(service, body, status):
    answer = exchange(service.port, post_head(f"Content-Length: {len(body)}") + body)
    assert answer[0] == status, answer


def test_a_client_that_leaves_in_its_body_stores_nothing(service, server):
    before = server.sql("SELECT count(*) FROM analytics_events", "hostile")
    body = json.dumps(event(999)).encode()
    with Raw(service.port) as raw:
        raw.send(post_head(f"Content-Length: {len(body) + 1}") + body)
    assert requests.get(service.url + "/health", timeout=30).status_code == 200
    assert server.sql("SELECT count(*) FROM analytics_events", "hostile") == before


# time

def test_a_client_that_trickles_is_told_408(service):
    """Each byte comes well within any timeout between bytes; the whole does not come within the request's."""
    with Raw(service.port) as raw:
        raw.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\nA: ")
        begin = time.monotonic()
        raw.socket.settimeout(0.25)
        while b"\r\n\r\n" not in raw.received and time.monotonic() - begin < 20:
            raw.send(b"b")
            try:
                raw._receive()
            except TimeoutError:
                pass
        raw.socket.settimeout(20)
        assert is_problem(raw.answer(), 408)
        assert time.monotonic() - begin < 15


def test_a_body_that_does_not_come_is_408(service):
    with Raw(service.port) as raw:
        raw.send(post_head("Content-Length: 10") + b"{")
        assert is_problem(raw.answer(), 408)


def test_empty_lines_win_no_time(service):
    """Neither the idle deadline nor the request's is put off by what some clients send behind a body."""
    with Raw(service.port) as raw:
        begin = time.monotonic()
        raw.socket.settimeout(1.5)
        ended = False
        while not ended and time.monotonic() - begin < 30:
            raw.send(b"\r\n")
            try:
                ended = not raw._receive()
            except TimeoutError:
                pass
        assert ended and raw.received == b""
        assert time.monotonic() - begin < 25


def cpu_seconds(service):
    """Of user and system time so far."""
    fields = open(f"/proc/{service.process.pid}/stat").read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_empty_lines_are_few(service):
    """A megabyte of them costs next to nothing, and ends."""
    before = cpu_seconds(service)
    with Raw(service.port) as raw:
        raw.send(b"\r\n" * (1 << 19))
        assert is_problem(raw.answer(), 400)
    assert cpu_seconds(service) - before < 0.03


def test_a_head_in_single_bytes_is_looked_through_once(service):
    """30 KiB of short fields, a byte a packet: what is there already is not searched again with each."""
    data = b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"A:" + b"b\r\nA:" * 5000
    before = cpu_seconds(service)
    with Raw(service.port) as raw:
        raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(data)):
            raw.send(data[at:at + 1])
        raw.send(b"\r\n\r\n")
        assert is_problem(raw.answer(), 431)
    assert cpu_seconds(service) - before < 1.5


# crowds

@pytest.mark.parametrize("said", [b"", HEALTH, b"GET /health HTTP/1.1\r\nHost: localhost\r\nA:", b"\r\n",
                                  b"POST /v1/analytics/events HTTP/1.1\r\nHost: localhost\r\n"
                                  b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"],
                         ids=["silent", "kept after an answer", "within a head", "before a head", "within a body"])
def test_two_thousand_connections_keep_nobody_out(service, said):
    with crowd(service.port, 2000, said):
        assert max([seconds_of(service) for _ in range(5)]) < WITHIN


def test_whoever_is_beyond_the_bound_takes_the_place_of_an_idle_one(service):
    """More than 4096: the oldest are let go, the newest are served."""
    with crowd(service.port, 4200) as clients:
        clients[-1].send(HEALTH)
        assert clients[-1].answer()[2] == UP
        assert clients[0].ended()


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
            served.append(seconds_of(service))
            time.sleep(0.2)
        output = attack.communicate()[0]
    finally:
        attack.kill()
    assert len(served) > 10, output
    assert max(served) < WITHIN


# anything

def test_mutated_requests_get_an_answer_or_an_end(service):
    """Whatever 400 mutations make of two good requests, what is answered is HTTP, and the service lives."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    body = json.dumps(event(4)).encode()
    good = [head(f"GET {RECENT}?limit=5&tenantId=x HTTP/1.1", "Accept: */*", "Connection: close"),
            post_head(f"Content-Length: {len(body)}", "Connection: close") + body]
    for _ in range(400):
        data = bytearray(rng.choice(good))
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data))
            kind = rng.randrange(4)
            if kind == 0:
                data[at] = rng.randrange(256)
            elif kind == 1:
                del data[at:at + rng.randint(1, 8)]
            elif kind == 2:
                data[at:at] = bytes(rng.choice([b"\r\n", b"\0", b" ", b":", b"\xff" * 3, b"Content-Length: 9\r\n"]))
            else:
                data[at:at] = data[:rng.randint(1, 40)]
        with Raw(service.port) as raw:
            raw.send(bytes(data))
            raw.socket.shutdown(1)
            answer = raw.answer()
            assert answer is None or 200 <= answer[0] < 500 or answer[0] == 505, (seed, bytes(data), answer)
