"""The histogram and the dead letters over HTTP, against the SQL functions they are made of."""
import base64

import pytest
import requests

from http_client import event, get, post, problem

HISTOGRAM = "/v1/analytics/metrics/histogram"
LETTERS = "/v1/analytics/dead-letters"


@pytest.fixture
def service(http):
    return http()


def told(answer):
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["totalEvents"] == sum(bucket["count"] for bucket in found["buckets"])
    return {(bucket["bucketStart"], kind): count for bucket in found["buckets"]
            for kind, count in bucket["eventsPerType"].items()}


@pytest.mark.parametrize("query, arguments", [
    ({}, "'1 hour', timezone => 'UTC'"), ({"bucket": "PT15M"}, "'15 minutes'"), ({"bucket": "P1D"}, "'1 day'"),
    ({"bucket": "P1D", "timezone": "Asia/Kolkata"}, "'1 day', timezone => 'Asia/Kolkata'"),
    ({"bucket": "P1M", "timezone": "Europe/Berlin"}, "'1 month', timezone => 'Europe/Berlin'"),
    ({"tenantId": "a"}, "'1 hour', tenant_id => 'a'"), ({"eventType": "x y"}, "'1 hour', event_type => 'x y'")])
def test_the_histogram_is_the_functions(service, database, query, arguments):
    post(service, [event(n, tenantId="ab"[n % 2], eventType=("x y", "z")[n % 3 == 0],
                         occurredAt=f"2026-03-{1 + n % 28:02}T{n % 24:02}:{n % 60:02}:00Z") for n in range(200)])
    found = told(get(service, HISTOGRAM, **{"from": "2026-03-02T00:30:00Z", "to": "2026-03-20T07:45:00Z"}, **query))
    due = database.rows("SELECT _analytics_iso8601(bucket_start), event_type, count FROM analytics_histogram("
                        f"'2026-03-02T00:30:00Z', '2026-03-20T07:45:00Z', {arguments}) WHERE count > 0")
    assert found == {(start, kind): count for start, kind, count in due}


def test_empty_buckets_are_there(service):
    found = get(service, HISTOGRAM, **{"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T03:00:00Z"}).json()
    assert found["buckets"] == [{"bucketStart": f"2026-03-02T0{hour}:00:00Z", "count": 0, "eventsPerType": {}}
                                for hour in range(3)]


def test_the_last_day_is_the_default(service):
    found = get(service, HISTOGRAM).json()
    assert len(found["buckets"]) == 25 and found["totalEvents"] == 0


@pytest.mark.parametrize("query, field", [
    ({"bucket": "1h"}, "bucket"), ({"bucket": "P0D"}, "bucket"), ({"bucket": "P1DT1H"}, "bucket"),
    ({"bucket": "PT1S"}, "bucket"),
    ({"from": "yesterday"}, "from"), ({"to": ""}, "to"), ({"timezone": ""}, "timezone")])
def test_a_bad_histogram_is_422_and_named(service, query, field):
    assert [fault["field"] for fault in problem(get(service, HISTOGRAM, **query), 422)["errors"]] == [field]


def test_a_zone_that_is_none_is_422(service):
    details = problem(get(service, HISTOGRAM, timezone="Nowhere/Land"), 422)
    assert [fault["field"] for fault in details["errors"]] == ["timezone"] and "Nowhere/Land" in details["detail"]


def test_more_buckets_than_are_told_are_422(service):
    problem(get(service, HISTOGRAM, **{"from": "2000-01-01T00:00:00Z", "bucket": "PT1M"}), 422)


# dead letters

BAD = [b"{", b"\xff\x00", b'{"a":1}', b"[]", b'{"eventType":"t","source":"","payload":{}}']


@pytest.fixture
def letters(database):
    database.sql("SELECT analytics_ingest(%s::bytea[])", (BAD,))
    return [row[0] for row in database.rows("SELECT id FROM analytics_dead_letters ORDER BY id DESC")]


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_of_letters_are_the_whole_in_order(service, letters, limit):
    answer, seen = get(service, LETTERS, limit=limit), []
    while True:
        assert answer.json()["count"] == len(answer.json()["items"])
        seen += [item["id"] for item in answer.json()["items"]]
        if "next" not in answer.links:
            break
        answer = requests.get(service.url + answer.links["next"]["url"], timeout=30)
    assert seen == letters


def test_letters_are_filtered(service, letters, database):
    for reason, count in database.rows("SELECT reason, count(*) FROM analytics_dead_letters GROUP BY 1"):
        assert get(service, LETTERS, reason=reason).json()["count"] == count
    assert get(service, LETTERS, replayed="false").json()["count"] == len(letters)
    assert get(service, LETTERS, replayed="true").json()["count"] == 0
    assert get(service, LETTERS, topic="elsewhere").json()["count"] == 0


def test_a_letter_has_its_bytes(service, letters):
    values = []
    for number in reversed(letters):
        letter = get(service, f"{LETTERS}/{number}").json()
        assert (letter["value"] is None) != (letter["valueBase64"] is None)
        text = letter["value"]
        values.append(text.encode() if text is not None else base64.b64decode(letter["valueBase64"]))
        assert letter["valueBytes"] == len(values[-1])
    assert sorted(values) == sorted(BAD)


def test_no_letter_is_404(service):
    problem(get(service, LETTERS + "/12345"), 404)
    problem(get(service, LETTERS + "/x"), 422)


def test_the_summary_of_letters_is_the_views(service, letters, database):
    found = get(service, LETTERS + "/summary").json()
    assert found["open"] == len(letters)
    due = database.rows("SELECT reason, open FROM analytics_dead_letter_summary")
    assert [(item["reason"], item["open"]) for item in found["items"]] == due


def test_replay_makes_events_of_what_fits_today(service, letters, database):
    database.sql("INSERT INTO analytics_shapes (name, event_type, source, required_members) "
                 "VALUES ('a', 't', 's', '{a}')")
    replay = requests.post(service.url + LETTERS + "/replay", params={"reason": "unknown_shape"}, data=b"", timeout=30)
    assert replay.status_code == 200, replay.text
    assert (replay.json()["replayed"], replay.json()["stillRefused"]) == (1, 0)
    assert database.sql("SELECT payload FROM analytics_events") == {"a": 1}
    again = requests.post(service.url + LETTERS + "/replay", params={"reason": "unknown_shape"}, data=b"", timeout=30)
    assert again.json() == {"replayed": 0, "stored": 0, "duplicates": 0, "stillRefused": 0, "lastId": None}


def test_replay_refuses_a_body_that_it_would_ignore(service, letters, database):
    answer = requests.post(service.url + LETTERS + "/replay", json={"reason": "invalid_json"}, timeout=30)
    problem(answer, 415)
    assert database.sql("SELECT count(*) FROM analytics_dead_letters WHERE replayed_at IS NOT NULL") == 0


def test_letters_are_read_by_get_alone(service):
    answer = requests.get(service.url + LETTERS + "/replay", timeout=30)
    assert answer.headers["Allow"] == "POST, OPTIONS" and answer.status_code == 405
