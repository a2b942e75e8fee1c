"""analytics-http over a real database: what its routes answer, by the reference's section on HTTP. What
it stores is in test_http_store."""
import contextlib

import pytest
import requests

from http_client import EVENTS, INSTANT, MEMBERS, RECENT, SUMMARY, event, get, pages, post, problem


@pytest.fixture
def service(http):
    return http()


# recent

def test_recent_of_nothing_is_an_empty_page(service):
    answer = get(service, RECENT)
    assert (answer.status_code, answer.json()) == (200, {"items": [], "count": 0})
    assert "Link" not in answer.headers
    assert answer.headers["Content-Type"] == "application/json"


def test_an_item_has_the_rows_values(service, database):
    post(service, event(7, tenantId="t", occurredAt="2026-03-04T06:06:07.5+01:00"))
    item, = get(service, RECENT).json()["items"]
    assert list(item) == MEMBERS
    assert item["occurredAt"] == "2026-03-04T05:06:07.500000Z"
    assert INSTANT.fullmatch(item["ingestedAt"])
    assert item["payload"] == {"n": 7}
    row = database.sql("SELECT id::text, event_type, source, tenant_id FROM analytics_events")
    assert row == (item["id"], item["eventType"], item["source"], item["tenantId"])


def test_an_absent_tenant_is_null(service):
    post(service, event())
    assert get(service, RECENT).json()["items"][0]["tenantId"] is None


def test_fifty_are_the_default(service):
    post(service, [event(n) for n in range(60)])
    assert get(service, RECENT).json()["count"] == 50


def test_five_hundred_are_the_most(service):
    post(service, [event(n) for n in range(501)])
    answer = get(service, RECENT, limit=500)
    assert answer.json()["count"] == len(answer.json()["items"]) == 500
    assert "next" in answer.links


@pytest.mark.usefixtures("any_time")
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 500])
def test_pages_are_the_whole_in_order(service, database, limit):
    """Oracle: one ORDER BY. Seven events, of which three have one time, and the ends of the calendar."""
    times = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-01-01T00:00:00.000001Z",
             "2026-01-01T00:00:00.000002Z", *["2026-06-01T12:00:00Z"] * 3]
    answer = post(service, [event(n, occurredAt=time) for n, time in enumerate(times)])
    assert [item["outcome"] for item in answer.json()] == ["stored"] * 7
    newest_first = "SELECT id::text FROM analytics_events ORDER BY occurred_at DESC, id DESC"
    whole = [row[0] for row in database.rows(newest_first)]
    seen = list(pages(service, limit=limit))
    assert [item["id"] for page in seen for item in page["items"]] == whole
    assert [page["count"] for page in seen] == [len(page["items"]) for page in seen]
    assert len(seen) == -(-7 // limit)


def test_what_comes_meanwhile_neither_repeats_nor_hides(service):
    post(service, [event(n) for n in range(0, 40, 2)])
    walk = pages(service, limit=5)
    seen = [item["payload"]["n"] for item in next(walk)["items"]]
    post(service, [event(n) for n in range(41, 60)])
    seen += [item["payload"]["n"] for page in walk for item in page["items"]]
    assert seen == list(range(38, -2, -2))


def test_filters_go_with_the_link(service):
    tenant, kind = "a&b=c/ü +%", "x y"
    post(service, [event(n, tenantId=tenant, eventType=kind) for n in range(3)]
         + [event(n + 10, tenantId="other", eventType=kind) for n in range(3)]
         + [event(n + 20, tenantId=tenant) for n in range(3)])
    seen = [item for page in pages(service, limit=2, tenantId=tenant, eventType=kind) for item in page["items"]]
    assert [item["payload"]["n"] for item in seen] == [2, 1, 0]


def test_head_is_get_without_the_body(service):
    post(service, [event(n) for n in range(3)])
    got, asked = get(service, RECENT, limit=2), requests.head(service.url + RECENT, params={"limit": 2}, timeout=30)
    assert asked.status_code == 200 and asked.content == b""
    for name in ("Content-Length", "Content-Type", "Link"):
        assert asked.headers[name] == got.headers[name]


# summary

def test_summary_is_the_functions(service, database):
    post(service, [event(n, tenantId="t" if n % 2 else None) for n in range(60)])
    for parameters, arguments in [
            ({"reference": "2026-03-04T05:10:00Z"}, "60, '2026-03-04T05:10:00Z'"),
            ({"reference": "2026-03-04T05:06:30Z", "windowMinutes": 5}, "5, '2026-03-04T05:06:30Z'"),
            ({"reference": "2026-03-04T06:06:30+01:00", "windowMinutes": 10080}, "10080, '2026-03-04T05:06:30Z'"),
            ({"reference": "2026-03-04T05:06:29.9999999Z"}, "60, '2026-03-04T05:06:29.999999Z'"),
            ({"reference": "2026-03-04T05:10:00Z", "tenantId": "t"}, "60, '2026-03-04T05:10:00Z', 't'")]:
        answer = get(service, SUMMARY, **parameters)
        assert answer.status_code == 200, answer.text
        assert answer.json() == database.sql(f"SELECT analytics_summary({arguments})")


def test_summary_counts_its_window(service):
    post(service, [event(n) for n in range(60)])
    found = get(service, SUMMARY, reference="2026-03-04T05:06:29Z", windowMinutes=5).json()
    assert found["totalEvents"] == 30
    assert found["eventsPerType"] == {"test.happened": 30}


def test_the_default_window_is_the_setting(http):
    assert get(http(), SUMMARY).json()["windowMinutes"] == 60
    assert get(http(ANALYTICS_METRICS_WINDOW_MINUTES=90), SUMMARY).json()["windowMinutes"] == 90


# parameters

@pytest.mark.parametrize("path, query, field", [
    (RECENT, "limit=0", "limit"), (RECENT, "limit=501", "limit"), (RECENT, "limit=x", "limit"),
    (RECENT, "limit=1&limit=2", "limit"), (RECENT, "cursor=x", "cursor"), (RECENT, "cursor=", "cursor"),
    (RECENT, "tenantId=", "tenantId"), (RECENT, "tenantId=" + "x" * 65, "tenantId"),
    (RECENT, "eventType=", "eventType"),
    (RECENT, "eventType=" + "x" * 121, "eventType"), (RECENT, "tenantId=%00", "tenantId"),
    (RECENT, "tenantId=%FF", "tenantId"), (RECENT, "offset=1", "offset"), (RECENT, "windowMinutes=60", "windowMinutes"),
    (SUMMARY, "windowMinutes=4", "windowMinutes"), (SUMMARY, "windowMinutes=10081", "windowMinutes"),
    (SUMMARY, "reference=yesterday", "reference"), (SUMMARY, "reference=2026-03-04T05:06:07", "reference"),
    (SUMMARY, "tenantId=" + "x" * 65, "tenantId"), (SUMMARY, "eventType=x", "eventType"), ("/health", "x=1", "x")])
def test_a_bad_parameter_is_422_and_named(service, path, query, field):
    details = problem(requests.get(f"{service.url}{path}?{query}", timeout=30), 422)
    assert details["code"] == "22023"
    assert [fault["field"] for fault in details["errors"]] == [field]
    assert field in details["detail"]


def test_all_bad_parameters_are_named_at_once(service):
    details = problem(get(service, RECENT, limit=0, cursor="x", nosuch=1), 422)
    assert sorted(fault["field"] for fault in details["errors"]) == ["cursor", "limit", "nosuch"]


# the rest of HTTP

@pytest.mark.parametrize("path", ["/v1", "/v1/analytics/events/", "/health/", "/livez", "/docs/",
                                  "/%2e%2e/etc/passwd"])
def test_unknown_routes_are_404(service, path):
    problem(requests.get(service.url + path, timeout=30), 404)


@pytest.mark.parametrize("method, path, allow", [
    ("POST", RECENT, "GET, HEAD, OPTIONS"), ("DELETE", SUMMARY, "GET, HEAD, OPTIONS"), ("GET", EVENTS, "POST, OPTIONS"),
    ("PUT", EVENTS, "POST, OPTIONS"), ("PATCH", "/health", "GET, HEAD, OPTIONS"),
    ("BREW", "/health", "GET, HEAD, OPTIONS")])
def test_other_methods_are_405_with_allow(service, method, path, allow):
    answer = requests.request(method, service.url + path, timeout=30)
    problem(answer, 405)
    assert answer.headers["Allow"] == allow


def test_the_admin_port_has_its_own_routes(service):
    for path in ("/livez", "/readyz"):
        answer = requests.get(service.admin_url + path, timeout=30)
        assert (answer.status_code, answer.json()) == (200, {"status": "UP"})
    problem(requests.get(service.admin_url + RECENT, timeout=30), 404)


def test_the_extension_may_live_in_any_schema(server, http, database):
    database.sql("DROP EXTENSION analytics_events CASCADE")
    database.sql('CREATE SCHEMA "Odd one"')
    database.sql('CREATE EXTENSION analytics_events SCHEMA "Odd one"')
    service = http()
    assert post(service, event()).status_code == 201
    assert get(service, RECENT).json()["count"] == 1
    assert get(service, SUMMARY).status_code == 200


def test_connections_are_kept(service):
    with requests.Session() as session, contextlib.closing(session.get(service.url + "/health", timeout=30)) as first:
        assert "Connection" not in first.headers
        for _ in range(50):
            assert session.get(service.url + RECENT, timeout=30).status_code == 200
