"""Projections over HTTP against the views that they are."""
import json

import pytest
import requests

from http_client import event, get, post, problem

PROJECTIONS = "/v1/analytics/projections"
CREATE = """CALL analytics_create_projection('baskets', event_types => '{order.placed}', bucket => '1 day',
    dimensions => '{"currency": ["currency"]}', measures => '{"total": ["total"]}')"""
VIEW = """SELECT to_jsonb(v) || jsonb_build_object('bucket_start', _analytics_iso8601(v.bucket_start))
    FROM baskets AS v WHERE {}"""


@pytest.fixture
def service(http):
    return http()


@pytest.fixture
def baskets(service, database):
    """A service with a projection of ten days, three tenants and two currencies; totals have a fraction."""
    post(service, [event(n, eventType=("order.placed", "order.paid")[n % 7 == 0], tenantId="abc"[n % 3],
                         occurredAt=f"2026-03-{1 + n % 10:02}T{n % 24:02}:00:00Z",
                         payload={"currency": ("EUR", "CHF")[n % 2], "total": n * 10 + 0.25}) for n in range(300)])
    database.sql(CREATE)
    return service


def same(items):
    """Rows in whatever order, numbers as they are written."""
    return sorted(json.dumps(item, sort_keys=True) for item in items)


def rows(database, condition="true"):
    return same(row[0] for row in database.rows(VIEW.format(condition)))


def pages(service, **parameters):
    answer = get(service, PROJECTIONS + "/baskets", **parameters)
    while True:
        assert answer.status_code == 200, answer.text
        assert answer.json()["count"] == len(answer.json()["items"])
        yield answer.json()["items"]
        if "next" not in answer.links:
            return
        answer = requests.get(service.url + answer.links["next"]["url"], timeout=30)


@pytest.mark.parametrize("query, condition", [
    ({}, "true"), ({"from": "2026-03-03T00:00:00Z"}, "bucket_start >= '2026-03-03 00:00+00'"),
    ({"to": "2026-03-03T00:00:00Z"}, "bucket_start < '2026-03-03 00:00+00'"), ({"tenantId": "a"}, "tenant_id = 'a'"),
    ({"from": "2026-03-02T23:59:59Z", "to": "2026-03-05T00:00:01+01:00", "tenantId": "b"},
     "bucket_start IN ('2026-03-03 00:00+00', '2026-03-04 00:00+00') AND tenant_id = 'b'"),
    ({"tenantId": "nobody"}, "false")])
@pytest.mark.parametrize("limit", [2, 7, 500])
def test_pages_are_the_view(baskets, database, query, condition, limit):
    found = list(pages(baskets, limit=limit, **query))
    assert all(len(page) == limit for page in found[:-1])
    assert same(row for page in found for row in page) == rows(database, condition)


def test_the_latest_bucket_comes_first(baskets):
    starts = [row["bucket_start"] for page in pages(baskets) for row in page]
    assert starts == sorted(starts, reverse=True) and len(set(starts)) == 10


def test_numbers_keep_their_digits(baskets):
    """A double would not hold them."""
    post(baskets, b'{"eventType":"order.placed","source":"s","tenantId":"z","occurredAt":"2026-11-01T00:00:00Z",'
                  b'"payload":{"currency":"EUR","total":12345678901234567890.000000000000000001}}')
    assert '"total_sum":12345678901234567890.000000000000000001' in get(baskets, PROJECTIONS + "/baskets", limit=1).text


def test_an_event_counts_at_once(baskets, database):
    before = get(baskets, PROJECTIONS + "/baskets")
    assert requests.get(before.url, headers={"If-None-Match": before.headers["ETag"]}, timeout=30).status_code == 304
    post(baskets, event(999, eventType="order.placed", occurredAt="2026-03-10T00:00:00Z", payload={"currency": "JPY"}))
    after = requests.get(before.url, headers={"If-None-Match": before.headers["ETag"]}, timeout=30)
    assert after.status_code == 200
    assert [row["count"] for row in after.json()["items"] if row["currency"] == "JPY"] == [1]


def test_the_list_tells_what_there_is(baskets, database):
    database.sql("SELECT _analytics_register_projection('late', NULL, '{}', '{}', '1 month', 10, 'public')")
    found = get(baskets, PROJECTIONS).json()
    assert found["count"] == 2
    assert [(item["name"], item["state"], item["bucket"]) for item in found["items"]] == [
        ("baskets", "ready", "P1D"), ("late", "building", "P1M")]
    [row] = get(baskets, PROJECTIONS + "/baskets", limit=1).json()["items"]
    assert list(row) == [column["name"] for column in found["items"][0]["columns"]]


def test_one_that_is_being_built_is_409_and_then_ready(baskets, database):
    database.sql("SELECT _analytics_register_projection('late', NULL, '{}', '{}', '1 month', 10, 'public')")
    details = problem(get(baskets, PROJECTIONS + "/late"), 409)
    assert details["code"] == "55000" and "built" in details["detail"]
    database.sql("CALL analytics_build_projection('late')")
    assert get(baskets, PROJECTIONS + "/late").json()["items"][0]["count"] == 100


@pytest.mark.parametrize("name", ["nosuch", "BASKETS", "baskets%20", "analytics_events", "x" * 64, "%27%20OR%20true--"])
def test_none_of_this_name_is_404(baskets, name):
    problem(get(baskets, f"{PROJECTIONS}/{name}"), 404)


@pytest.mark.parametrize("query, field", [({"from": "today"}, "from"), ({"to": ""}, "to"), ({"limit": 0}, "limit"),
                                          ({"cursor": "x"}, "cursor"), ({"tenantId": ""}, "tenantId")])
def test_a_bad_parameter_is_422_and_named(baskets, query, field):
    assert [fault["field"] for fault in problem(get(baskets, PROJECTIONS + "/baskets", **query), 422)["errors"]] == [
        field]
    problem(get(baskets, f"{PROJECTIONS}/{'x' * 65}"), 422)


def test_a_name_that_wants_quotes(service, database):
    database.sql("""CALL analytics_create_projection('a/b "c" ü', dimensions => '{"d e": ["d"]}')""")
    post(service, event(1, payload={"d": "v"}))
    path = f"{PROJECTIONS}/a%2Fb%20%22c%22%20%C3%BC"
    assert [(row["d e"], row["count"]) for row in get(service, path).json()["items"]] == [("v", 1)]


def test_a_view_that_was_replaced_is_not_read(baskets, database):
    """What stands in its place would run with the service's rights."""
    before = rows(database)
    database.sql("DROP VIEW baskets")
    database.sql("CREATE FUNCTION trap() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE 'trapped'; END $$")
    database.sql("CREATE VIEW baskets AS SELECT trap() AS bucket_start")
    assert same(row for page in pages(baskets) for row in page) == before


def test_a_build_is_followed(service, database):
    """While it is built: 409, whenever one asks; then 200, and the truth."""
    database.sql("SELECT analytics_create_partition('2025-01-01 00:00+00'), "
                 "analytics_create_partition('2025-02-01 00:00+00')")
    database.sql("INSERT INTO analytics_events (event_type, source, occurred_at, payload) SELECT 't', 's', "
                 "timestamptz '2025-01-01 00:00:00+00' + i * interval '30 seconds', '{}' "
                 "FROM generate_series(1, 110000) AS i")
    database.sql("SELECT _analytics_register_projection('long', NULL, '{}', '{}', '1 day', 10, 'public')")
    told = []
    while database.sql("SELECT _analytics_build_projection_chunk('long')"):
        problem(get(service, PROJECTIONS + "/long"), 409)
        told.append(get(service, PROJECTIONS).json()["items"][0]["builtUntil"])
    assert len(told) > 1 and told[:-1] == sorted(told[:-1]) and None not in told[:-1]
    assert sum(row["count"] for row in get(service, PROJECTIONS + "/long").json()["items"]) == 110000
