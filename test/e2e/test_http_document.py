"""The OpenAPI document against the running server: its examples run, and what is answered is what it says.

Each answer is looked up in the document by path, method and status; its media type must be listed and its body must
follow the schema. The unit tests hold the document against the table of routes.
"""
import json
import pathlib
import re

import jsonschema
import pytest
import requests

from rig import place

from feeds import FEEDS, make_feed, tick
from http_client import EVENTS, event, get, post, problem

DOCUMENT = json.loads((place.ROOT / "http" / "openapi.json").read_text())
OPERATIONS = [(path, method) for path, item in DOCUMENT["paths"].items() for method in item]
PAGES = pathlib.Path(place.ROOT / "http" / "web" / "manifest").read_text()


@pytest.fixture
def service(http):
    return http()


def resolved(part):
    while "$ref" in part:
        at = DOCUMENT
        for step in part["$ref"][2:].split("/"):
            at = at[step]
        part = at
    return part


def follows(answer, path, method):
    """Asserts that the document allows the answer."""
    responses = DOCUMENT["paths"][path][method]["responses"]
    assert str(answer.status_code) in responses, (path, method, answer.status_code, answer.text)
    content = resolved(responses[str(answer.status_code)]).get("content")
    if content is None:
        assert answer.content == b""
        return
    schema = content[answer.headers["Content-Type"]]["schema"]
    root = {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": DOCUMENT["components"], **schema}
    jsonschema.Draft202012Validator(root).validate(answer.json())


def url_of(path, parameters, chosen=()):
    """The path and query that a request with the parameters' examples has."""
    for one in parameters:
        if one["in"] == "path":
            path = path.replace("{" + one["name"] + "}", str(one["example"]))
    query = {one["name"]: json.dumps(one["example"]).strip('"') for one in chosen}
    return path, query


def filled(database, service):
    post(service, [event(n, eventType="order.placed", tenantId="acme") for n in range(3)])
    database.sql("SELECT analytics_ingest(%s::bytea[])", ([b"{", b"\xff", b'{"a":1}'],))


@pytest.mark.parametrize("path, method", OPERATIONS)
def test_examples_run(service, database, path, method):
    """Without parameters but the path's, with each alone, and with all that have an example."""
    filled(database, service)
    what = DOCUMENT["paths"][path][method]
    parameters = [resolved(one) for one in what.get("parameters", [])]
    queried = [one for one in parameters if one["in"] == "query" and "example" in one]
    for chosen in [[], *([one] for one in queried), queried]:
        where, query = url_of(path, parameters, chosen)
        bodies = what.get("requestBody", {"content": {None: {"examples": {"none": {}}}}})["content"]
        for kind, content in bodies.items():
            for example in content["examples"].values():
                body = example.get("value", b"")
                body = json.dumps(body) if isinstance(body, (dict, list)) else body
                answer = requests.request(method, service.url + where, params=query, data=body, timeout=30,
                                          headers={"Content-Type": kind} if kind else {})
                follows(answer, path, method)
                assert answer.status_code in (200, 201) or "{" in path, answer.text


@pytest.mark.parametrize("path, method", OPERATIONS)
def test_a_bad_parameter_is_what_the_document_says(service, path, method):
    where, _ = url_of(path, [resolved(one) for one in DOCUMENT["paths"][path][method].get("parameters", [])])
    answer = requests.request(method, service.url + where, params={"nosuch": 1}, data=b"", timeout=30)
    follows(answer, path, method)
    assert answer.status_code == 422


def test_named_things_follow_the_document(service, database):
    filled(database, service)
    kept = post(service, event(9))
    follows(kept, EVENTS, "post")
    follows(get(service, kept.headers["Location"]), EVENTS + "/{occurredAt}/{id}", "get")
    letters = get(service, "/v1/analytics/dead-letters").json()["items"]
    assert letters
    for letter in letters:
        answer = get(service, f"/v1/analytics/dead-letters/{letter['id']}")
        assert answer.status_code == 200
        follows(answer, "/v1/analytics/dead-letters/{id}", "get")
        assert answer.json()["explanation"]["outcome"] == "refused"
    database.sql("""CALL analytics_create_projection(
        'baskets', dimensions => '{"n": {"path": ["n"], "type": "bigint"}}', measures => '{"m": ["n"]}')""")
    database.sql("SELECT _analytics_register_projection('late', NULL, '{}', '{}', '1 month', 10, 'public')")
    for path, status in (("baskets", 200), ("late", 409), ("nosuch", 404)):
        answer = get(service, "/v1/analytics/projections/" + path)
        assert answer.status_code == status
        follows(answer, "/v1/analytics/projections/{name}", "get")
    make_feed(database, "orders")
    database.sql("SELECT _analytics_register_feed('late', 'events', NULL, NULL, NULL, 'id', 'event', 'now', "
                 "'1 day', '1 second')")
    database.sql("UPDATE analytics_events SET payload = '{}' WHERE event_type = 'order.placed'")
    database.sql("SELECT _analytics_feed_drop('2026-01-01Z', '2026-02-01Z')")
    start = get(service, FEEDS).json()["items"][1]["last"]
    tick(database)
    for path, after, status in (("orders", "beginning", 200), ("orders", start, 200), ("late", None, 409),
                                ("nosuch", None, 404), ("orders", start, 410)):
        if status == 410:
            database.sql("DELETE FROM analytics_ticks WHERE tick = %s", (start,))
        answer = get(service, f"{FEEDS}/{path}", after=after)
        assert answer.status_code == status
        follows(answer, FEEDS + "/{name}", "get")
    follows(get(service, FEEDS), FEEDS, "get")
    answer = get(service, "/v1/analytics/projections")
    assert answer.json()["count"] == 2
    follows(answer, "/v1/analytics/projections", "get")


@pytest.mark.parametrize("body, outcome, shape", [
    (b'{"eventType":"t","source":"s","payload":{}}', "event", "canonical"),
    (b'{"eventType":"t","payload":{}}', "refused", "canonical"), (b'{"order_id":1}', "refused", None),
    (b"[1]", "refused", None), (b'"text"', "refused", None), (b'{"', "refused", None), (b"\xff", "refused", None)])
def test_an_explanation_follows_the_document(service, database, body, outcome, shape):
    answer = requests.post(service.url + "/v1/analytics/explain", data=body, timeout=30,
                           headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    follows(answer, "/v1/analytics/explain", "post")
    assert (answer.json()["outcome"], answer.json().get("shape")) == (outcome, shape)
    assert answer.json() == database.sql("SELECT analytics_explain(%s::bytea)", (body,))
    assert database.sql("SELECT count(*) FROM analytics_events") == 0


@pytest.mark.parametrize("kind, payload, finding, would_be", [
    ("o.p.v2", {"total": "s3cret"}, ("enforce", "/total", "type"), "would be `o.p` v2 if `total` were a number"),
    ("o.p", {}, ("refuse", "", "version"), "would be `o.p` if it had a version other than 1"),
    ("o.p.v3", {"total": "s3cret"}, ("observe", "/total", "type"), None)])
def test_what_a_contract_finds_follows_the_document(service, database, kind, payload, finding, would_be):
    database.sql("""INSERT INTO analytics_contracts (event_type, version, mode, schema)
                    SELECT 'o.p', version, mode, '{"properties":{"total":{"type":"number"}}}'
                    FROM (VALUES (1, 'refuse'), (2, 'enforce'), (3, 'observe')) AS v (version, mode)""")
    answer = requests.post(service.url + "/v1/analytics/explain", timeout=30,
                           json={"eventType": kind, "source": "s", "payload": payload})
    follows(answer, "/v1/analytics/explain", "post")
    [found] = answer.json()["findings"]
    assert (found["mode"], found["pointer"], found["keyword"]) == finding
    assert answer.json().get("wouldBe") == would_be
    assert "s3cret" not in answer.text


def test_the_document_is_served_as_it_is(service):
    answer = get(service, "/v1/openapi.json")
    assert answer.json() == DOCUMENT
    again = requests.get(answer.url, headers={"If-None-Match": answer.headers["ETag"]}, timeout=30)
    assert again.status_code == 304


# the viewer

def test_the_viewer_needs_nothing_from_elsewhere(service):
    """What the page loads is ours and kept for ever; the policy forbids the rest."""
    page = get(service, "/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "http" not in policy and "*" not in policy
    assert "unsafe" not in re.search("script-src[^;]*", policy).group()
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(loaded) >= 2
    for path in loaded:
        assert path.startswith("/")
        part = get(service, path)
        assert part.status_code == 200
        if path.startswith("/assets/"):
            assert "immutable" in part.headers["Cache-Control"]
            kind = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
                    "svg": "image/svg+xml"}[path.rsplit(".", 1)[1]]
            assert part.headers["Content-Type"] == kind


def test_assets_come_compressed_and_whole(service):
    for path in re.findall(r'"(/assets/[^"]*)"', get(service, "/docs").text):
        plain = requests.get(service.url + path, headers={"Accept-Encoding": "identity"}, timeout=30)
        packed = requests.get(service.url + path, headers={"Accept-Encoding": "gzip"}, timeout=30)
        assert packed.headers["Content-Encoding"] == "gzip" and "Content-Encoding" not in plain.headers
        assert packed.content == plain.content  # requests decompresses


def test_other_assets_are_404(service):
    for name in ("x.js", "..%2Fopenapi.json", "swagger-ui.js"):
        problem(get(service, "/assets/" + name), 404)
