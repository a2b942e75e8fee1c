"""Pages in a browser on this machine, and what the service lets them do.

A page of another site can have its name resolve to 127.0.0.1 (DNS rebinding) and then asks us under that name; it can
also send a form to our address. Neither needs a key where there are none. So unknown names are answered 421, whatever
is asked and on each port, and what a foreign page sends changes nothing. Pages of origins that the operator lists see
refusals too, whichever part of the service made them.
"""
import json

import pytest
import requests

from rig import daemon

from http_client import EVENTS, RECENT, SUMMARY, Raw, event, exchange, post, problem

REPLAY = "/v1/analytics/dead-letters/replay"
LISTED = "https://a.example"
PATHS = ["/health", "/", "/docs", "/v1/openapi.json", RECENT, SUMMARY, "/v1/analytics/dead-letters", "/nosuch"]


@pytest.fixture
def service(http):
    return http()


def asked(port, host, path="/health", version="1.1", line=None):
    """The status of a request that names this host."""
    field = "" if host is None else f"Host: {host}\r\n"
    return exchange(port, f"{line or f'GET {path}'} HTTP/{version}\r\n{field}\r\n".encode("latin-1"))[0]


# whom a request names

@pytest.mark.parametrize("path", PATHS)
def test_another_host_s_page_is_not_answered(service, path):
    for method in ("GET", "OPTIONS", "POST"):
        answer = requests.request(method, service.url + path, headers={"Host": "evil.example"}, data=b"", timeout=30)
        if method == "GET":
            problem(answer, 421)
        assert answer.status_code in (421, 400), (method, answer.status_code)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "localhost.", "127.0.0.1", "127.9.8.7:1", "[::1]",
                                  "[::1]:8000", "[0:0::1]:8000"])
def test_loopback_s_names_are_ours(service, host):
    assert asked(service.port, host) == 200
    assert asked(service.admin_port, host, "/livez") == 200


@pytest.mark.parametrize("host", [
    "evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "127.1", "0x7f000001",
    "10.0.0.1", "0.0.0.0", "[::2]", "localhost..", "x"])
def test_other_names_are_misdirected(service, host):
    assert asked(service.port, host) == 421
    assert asked(service.admin_port, host, "/metrics") == 421


@pytest.mark.parametrize("host", ["", "a@localhost", "localhost@evil", "local host", "localhost,evil", "localhost:x",
                                  "localhost:99999", "[::1", "::1", "http://localhost", "localhost/", "%6cocalhost"])
def test_what_is_no_host_is_malformed(service, host):
    assert asked(service.port, host) == 400
    assert asked(service.admin_port, host, "/metrics") == 400


def test_the_target_says_whom_it_means_before_host_does(service):
    def status(target, host):
        return asked(service.port, host, line=f"GET {target}")

    assert status("http://evil.example/health", "localhost") == 421
    assert status("HTTP://evil.example/health", "localhost") == 421
    assert status("https://evil.example/health", "localhost") == 421
    assert status("http://localhost/health", "evil.example") == 200
    assert status("http://a@localhost/health", "localhost") == 400
    assert status("http:///health", "localhost") == 400


def test_two_hosts_are_none(service):
    data = b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"
    assert exchange(service.port, data)[0] == 400


def test_http_1_0_may_name_nobody_and_no_stranger(service):
    """No browser speaks it without a name; simple health checks do."""
    assert asked(service.port, None, version="1.0") == 200
    assert asked(service.port, "localhost", version="1.0") == 200
    assert asked(service.port, "evil.example", version="1.0") == 421


def test_the_operator_lists_further_names(http):
    service = http(ANALYTICS_ALLOWED_HOSTS="analytics.example, b.example:8443")
    for host, status in (("analytics.example", 200), ("Analytics.Example.:443", 200), ("b.example:8443", 200),
                         ("b.example", 421), ("x.analytics.example", 421), ("localhost", 200)):
        assert asked(service.port, host) == status, host
        assert asked(service.admin_port, host, "/livez") == status, host


def test_the_star_lists_them_all(http):
    assert asked(http(ANALYTICS_ALLOWED_HOSTS="*").port, "any.example") == 200


def test_beyond_loopback_an_address_is_no_page_s_name(http, tmp_path):
    """A probe asks by address; a name that is rebound is a name."""
    (tmp_path / "keys").write_text(f"all sha256:{'0' * 64} read\n")
    service = http(ANALYTICS_SERVICE_HOST="0.0.0.0", ANALYTICS_HTTP_API_KEYS_FILE=tmp_path / "keys")
    assert asked(service.port, "10.1.2.3:8000") == 200
    assert asked(service.port, "[fd00::1]") == 200
    assert asked(service.port, "evil.example") == 421


def test_the_ingestor_s_port_is_as_choosy(ingestor):
    started = ingestor(admin=True, ANALYTICS_ALLOWED_HOSTS="scraped.example")
    for host, status in (("localhost", 200), ("scraped.example:1", 200), ("evil.example", 421), ("a@localhost", 421)):
        assert asked(started.admin_port, host, "/metrics") == status, host


# what a foreign page sends

FOREIGN = [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
           {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"},
           {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"}]


@pytest.mark.parametrize("fields", FOREIGN, ids=str)
def test_a_foreign_page_changes_nothing(service, database, fields):
    database.sql("SELECT analytics_ingest(%s::bytea[])", ([b"{"],))
    database.sql("UPDATE analytics_dead_letters SET value = %s", (json.dumps(event(1)).encode(),))
    for path, body in ((REPLAY, b""), (EVENTS, json.dumps(event(2)).encode())):
        answer = requests.post(service.url + path, data=body, timeout=30,
                               headers={"Content-Type": "application/json", **fields})
        assert problem(answer, 403)["code"] is None
    assert database.sql("SELECT count(*) FROM analytics_events") == 0
    assert database.sql("SELECT count(*) FROM analytics_dead_letters WHERE replayed_at IS NOT NULL") == 0


def test_our_own_page_and_who_is_no_page_may(service):
    own = {"Origin": service.url, "Sec-Fetch-Site": "same-origin"}
    for number, fields in enumerate([own, {}, {"Sec-Fetch-Site": "none"}, {"Origin": service.url}]):
        answer = requests.post(service.url + EVENTS, json=event(number), headers=fields, timeout=30)
        assert answer.status_code == 201, fields


def test_a_listed_page_may(http):
    service = http(ANALYTICS_HTTP_CORS_ORIGINS=LISTED)
    fields = {"Origin": LISTED, "Sec-Fetch-Site": "cross-site"}
    assert requests.post(service.url + EVENTS, json=event(1), headers=fields, timeout=30).status_code == 201
    other = requests.post(service.url + EVENTS, json=event(2), headers={"Origin": "https://b.example"}, timeout=30)
    problem(other, 403)


# one way out

def lines(line, *fields):
    return "\r\n".join([line, "Host: localhost", f"Origin: {LISTED}", *fields, "", ""]).encode("latin-1")


POST = f"POST {EVENTS} HTTP/1.1"
REFUSALS = {
    "400 field": (lines("GET /health HTTP/1.1", "A : b"), 400),
    "400 before origin": (b"GET /health HTTP/1.1\r\nA : b\r\nHost: localhost\r\nOrigin: " + LISTED.encode()
                          + b"\r\n\r\n", 400),
    "400 length": (lines(POST, "Content-Length: x"), 400),
    "404": (lines("GET /nosuch HTTP/1.1"), 404),
    "405": (lines("PUT /health HTTP/1.1"), 405),
    "408": (f"GET /health HTTP/1.1\r\nOrigin: {LISTED}\r\nA".encode(), 408),
    "411": (lines(POST), 411),
    "411 chunked": (lines(POST, "Transfer-Encoding: chunked"), 411),
    "413": (lines(POST, "Content-Length: 100000000"), 413),
    "414": (lines("GET /" + "a" * 9000 + " HTTP/1.1"), 414),
    "415 type": (lines(POST, "Content-Type: text/plain", "Content-Length: 2") + b"{}", 415),
    "415 coding": (lines(POST, "Content-Encoding: gzip", "Content-Length: 2") + b"{}", 415),
    "417": (lines(POST, "Expect: wonders", "Content-Length: 2") + b"{}", 417),
    "421": (b"GET /health HTTP/1.1\r\nHost: evil.example\r\nOrigin: " + LISTED.encode() + b"\r\n\r\n", 421),
    "422": (lines(f"GET {RECENT}?limit=0 HTTP/1.1"), 422),
    "431 fields": (lines("GET /health HTTP/1.1", *[f"F{n}: v" for n in range(70)]), 431),
    "431 long": (lines("GET /health HTTP/1.1", "A: " + "b" * 40000), 431),
    "505": (lines("GET /health HTTP/2.0"), 505),
}


@pytest.fixture(scope="module")
def listing(new_database):
    with new_database() as database, daemon.Http(database.url, ANALYTICS_HTTP_CORS_ORIGINS=LISTED) as running:
        yield running


@pytest.mark.parametrize("data, status", REFUSALS.values(), ids=REFUSALS.keys())
def test_every_refusal_leaves_by_the_one_way_out(listing, data, status):
    """With what a page of a listed origin needs to read it, and what every answer has."""
    answer = exchange(listing.port, data)
    assert answer[0] == status
    assert answer[1]["access-control-allow-origin"] == LISTED
    assert "Retry-After" in answer[1]["access-control-expose-headers"]
    assert "Origin" in answer[1]["vary"]
    assert answer[1]["x-content-type-options"] == "nosniff"
    assert answer[1]["cache-control"] == "no-store"
    assert "date" in answer[1]
    assert answer[1]["content-type"] == "application/problem+json"
    details = json.loads(answer[2])
    assert list(details) == ["type", "title", "status", "detail", "code", "errors"]
    assert details["status"] == status


def test_a_refusal_of_head_has_no_body(listing):
    with Raw(listing.port) as raw:
        raw.send(lines("HEAD /health HTTP/1.1", "Content-Length: 3"))
        answer = raw.answer(has_body=False)
        assert answer[0] == 400 and int(answer[1]["content-length"]) > 0
        assert raw.ended()


def test_the_log_has_every_refusal(http):
    service = http(ANALYTICS_LOG_LEVEL="debug")
    post(service, event(1))
    exchange(service.port, lines(POST))
    exchange(service.port, lines("HEAD /health HTTP/1.1", "A : b"), False)
    exchange(service.port, b"\x16\x03\x01\r\n\r\n")
    seen = [(entry["method"], entry["status"]) for entry in service.logs(event="request_served")]
    for told in (("POST", 201), ("POST", 411), ("HEAD", 400), ("-", 400)):
        assert told in seen
