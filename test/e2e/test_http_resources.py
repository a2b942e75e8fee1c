"""analytics-http as a resource server: one event by its name, entity tags, gzip, OPTIONS, and other sites' pages."""
import gzip
import json
import urllib.parse

import pytest
import requests

from rig import daemon

from http_client import EVENTS, RECENT, SUMMARY, Raw, event, exchange, get, post, problem


@pytest.fixture
def service(http):
    return http()


# one event

def test_location_leads_to_the_event(service):
    for answer in (post(service, event(1)), post(service, event(1))):
        found = get(service, answer.headers["Location"])
        assert (found.status_code, found.json()) == (200, answer.json())


def test_only_one_event_has_a_location(service):
    assert "Location" not in post(service, [event(1)]).headers
    assert "Location" not in post(service, {}).headers


@pytest.mark.usefixtures("any_time")
@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-01-01T00:00:00.000001Z"])
def test_every_item_of_a_list_can_be_named(service, time):
    post(service, [event(n, occurredAt=time) for n in range(3)])
    for item in get(service, RECENT).json()["items"]:
        for name in (item["occurredAt"], urllib.parse.quote(item["occurredAt"], safe="")):
            assert get(service, f"{EVENTS}/{name}/{item['id']}").json() == item
    assert get(service, f"{EVENTS}/{time}/{item['id'].upper()}").json() == item


def test_an_event_that_is_not_there_is_404(service):
    item = post(service, event()).json()
    problem(get(service, f"{EVENTS}/2020-01-01T00:00:00Z/{item['id']}"), 404)
    problem(get(service, f"{EVENTS}/{item['occurredAt']}/00000000-0000-0000-0000-000000000000"), 404)


@pytest.mark.parametrize("path, fields", [
    ("/now/x", ["occurredAt", "id"]), ("/2026-03-04T05:06:07Z/x", ["id"]), ("/%FF/%00", ["occurredAt", "id"]),
    ("/2026-03-04/8ba02af1-c98f-8b9a-bc17-675d036f64fa", ["occurredAt"]),
    ("/2026-03-04T05:06:07Z/8ba02af1-c98f-8b9a-bc17-675d036f64fa?limit=1", ["limit"])])
def test_a_name_that_is_none_is_422(service, path, fields):
    details = problem(requests.get(service.url + EVENTS + path, timeout=30), 422)
    assert [fault["field"] for fault in details["errors"]] == fields


# polling

READ = [RECENT, SUMMARY, RECENT + "?eventType=test.happened", SUMMARY + "?reference=2026-03-04T05:10:00Z"]


@pytest.mark.parametrize("path", READ)
def test_what_did_not_change_is_304(service, path):
    post(service, event(1))
    first = requests.get(service.url + path, timeout=30)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "Accept-Encoding" in first.headers["Vary"]
    for method in ("GET", "HEAD"):
        again = requests.request(method, service.url + path, timeout=30,
                                 headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        for name in ("ETag", "Cache-Control", "Vary"):
            assert again.headers[name] == first.headers[name]
        assert "Content-Length" not in again.headers and "Content-Type" not in again.headers


@pytest.mark.parametrize("path", READ)
def test_what_changed_is_told(service, path):
    post(service, event(1))
    tag = requests.get(service.url + path, timeout=30).headers["ETag"]
    post(service, event(2))
    again = requests.get(service.url + path, headers={"If-None-Match": f'"x", {tag}'}, timeout=30)
    assert again.status_code == 200 and again.headers["ETag"] != tag


def test_lists_in_two_lines_are_one_list(service):
    """RFC 9110, 5.3: whatever the order of the lines, and for each field that is a list."""
    post(service, [event(n) for n in range(50)])
    tag = get(service, RECENT).headers["ETag"]
    for lines in ([tag, '"x"'], ['"x"', tag], ['W/"y", "x"', f'"z", {tag}']):
        fields = "".join(f"If-None-Match: {line}\r\n" for line in lines)
        answer = exchange(service.port, f"GET {RECENT} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode(), False)
        assert answer[0] == 304, lines
    for lines, coding in ((["br", "gzip"], "gzip"), (["gzip", "br"], "gzip"), (["br", "gzip;q=0"], None),
                          (["*", "gzip;q=0"], None)):
        fields = "".join(f"Accept-Encoding: {line}\r\n" for line in lines)
        answer = exchange(service.port, f"GET {RECENT} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n".encode())
        assert answer[1].get("content-encoding") == coding, lines


def test_the_connection_goes_on_after_304(service):
    tag = get(service, RECENT).headers["ETag"]
    with Raw(service.port) as raw:
        for _ in range(3):
            raw.send(f"GET {RECENT} HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: {tag}\r\n\r\n".encode())
            assert raw.answer(has_body=False)[0] == 304
        raw.send(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert raw.answer()[0] == 200


def test_other_answers_are_not_kept(service):
    for answer in (post(service, event()), get(service, "/health"), get(service, RECENT, limit=0), get(service, "/x")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers


# gzip

def fetched(service, path, accept):
    answer = requests.get(service.url + path, headers={"Accept-Encoding": accept}, stream=True, timeout=30)
    return answer, answer.raw.read(decode_content=False)


def test_gzip_is_for_who_asks(service):
    post(service, [event(n) for n in range(50)])
    plain, body = fetched(service, RECENT, "identity")
    packed, bytes_of_it = fetched(service, RECENT, "br, gzip;q=0.8")
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(bytes_of_it) == body
    assert int(packed.headers["Content-Length"]) == len(bytes_of_it) < len(body) / 3
    assert packed.headers["ETag"] == plain.headers["ETag"]


def test_gzip_goes_for_what_is_posted_too(service):
    answer = post(service, [event(n) for n in range(50)])
    assert answer.headers["Content-Encoding"] == "gzip" and len(answer.json()) == 50


def test_small_answers_go_as_they_are(service):
    assert "Content-Encoding" not in fetched(service, "/health", "gzip")[0].headers


def test_head_of_gzip_is_gets(service):
    post(service, [event(n) for n in range(50)])
    got, _ = fetched(service, RECENT, "gzip")
    asked = requests.head(service.url + RECENT, headers={"Accept-Encoding": "gzip"}, timeout=30)
    for name in ("Content-Length", "Content-Encoding", "ETag", "Vary"):
        assert asked.headers[name] == got.headers[name]


# OPTIONS and other origins

@pytest.mark.parametrize("path, allow", [(RECENT, "GET, HEAD, OPTIONS"), (EVENTS, "POST, OPTIONS"),
                                         (EVENTS + "/a/b", "GET, HEAD, OPTIONS"), ("/health", "GET, HEAD, OPTIONS")])
def test_options_are_what_is_allowed(service, path, allow):
    answer = requests.options(service.url + path, timeout=30)
    assert (answer.status_code, answer.headers["Allow"], answer.content) == (204, allow, b"")
    assert "Content-Length" not in answer.headers


def test_options_of_all(service):
    with Raw(service.port) as raw:
        raw.send(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
        status, headers, _ = raw.answer(has_body=False)
    assert status == 204 and {"GET", "HEAD", "POST", "OPTIONS"} <= set(headers["allow"].split(", "))


def test_options_of_nothing_are_404(service):
    problem(requests.options(service.url + "/nosuch", timeout=30), 404)


def crossing(service, method, path, origin, **headers):
    return requests.request(method, service.url + path, headers={"Origin": origin, **headers}, timeout=30)


def test_no_other_site_may_read_by_default(service):
    for method in ("GET", "OPTIONS"):
        answer = crossing(service, method, RECENT, "https://a.example", **{"Access-Control-Request-Method": "GET"})
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_listed_sites_may_read_and_post(http):
    service = http(ANALYTICS_HTTP_CORS_ORIGINS="https://a.example, http://localhost:3000")
    for origin in ("https://a.example", "http://localhost:3000"):
        for path in (RECENT, "/nosuch"):  # errors too: the page is to see what went wrong
            answer = crossing(service, "GET", path, origin)
            assert answer.headers["Access-Control-Allow-Origin"] == origin
            assert "Origin" in answer.headers["Vary"]
        asked = crossing(service, "OPTIONS", EVENTS, origin, **{"Access-Control-Request-Method": "POST",
                                                                "Access-Control-Request-Headers": "content-type"})
        assert asked.status_code == 204
        assert asked.headers["Access-Control-Allow-Methods"] == "POST, OPTIONS"
        assert "content-type" in asked.headers["Access-Control-Allow-Headers"].lower()
    other = crossing(service, "GET", RECENT, "https://a.example.org")
    assert "Access-Control-Allow-Origin" not in other.headers and "Origin" in other.headers["Vary"]


@pytest.mark.parametrize("origins", ["a.example", "https://a.example/", "https://a.example/x", "HTTPS://A.example",
                                     "*,x"])
def test_what_is_no_origin_is_refused_at_the_start(database, origins):
    process = daemon.Daemon(daemon.HTTP, {"ANALYTICS_DATABASE_URL": database.url,
                                          "ANALYTICS_HTTP_CORS_ORIGINS": origins}, ["--check"])
    process.start()
    assert process.wait() == 78
    assert process.logs(setting="ANALYTICS_HTTP_CORS_ORIGINS")


def test_a_post_that_takes_no_body_refuses_one(service):
    """Of the routes that read, GET with a body is malformed already; json is only here to have one."""
    answer = requests.get(service.url + RECENT, data=json.dumps({"limit": 1}), timeout=30)
    problem(answer, 400)
