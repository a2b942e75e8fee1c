"""analytics-http stores events: one, or many at once, and what is refused, by the reference's section on HTTP."""
import json
import uuid

import psycopg2
import pytest
import requests

from http_client import EVENTS, MEMBERS, RECENT, event, get, post, problem, stored


@pytest.fixture
def service(http):
    return http()


# one event

def test_a_new_event_is_201_and_a_known_one_200(service, database):
    first = post(service, event(1))
    again = post(service, event(1, payload={"n": "changed"}))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json() == get(service, RECENT).json()["items"][0]
    assert stored(database) == 1


def test_a_shape_is_an_event(service):
    answer = post(service, {"execution_id": "e", "status": "done", "timestamp": 1700000000.5, "score": 1})
    assert answer.status_code == 201
    assert answer.json()["eventType"] == "execution.analytics"
    assert answer.json()["occurredAt"] == "2023-11-14T22:13:20.500000Z"


def test_digits_are_kept(service):
    body = b'{"eventType":"t","source":"s","payload":{"n":12345678901234567890.10,"m":1.0}}'
    for answer in (post(service, body), post(service, b"[%s]" % body), post(service, body, "application/x-ndjson")):
        assert '"n": 12345678901234567890.10' in answer.text and '"m": 1.0' in answer.text


def test_an_event_without_a_time_is_now(service, database):
    answer = post(service, {"eventType": "t", "source": "s", "payload": {}}).json()
    assert answer["occurredAt"] == answer["ingestedAt"]
    assert database.sql("SELECT now() - occurred_at < interval '1 minute' FROM analytics_events")


REFUSED = [
    (b"", 400, "invalid_json"), (b"{", 400, "invalid_json"), (b"nul", 400, "invalid_json"),
    (b'{"eventType":"t",}', 400, "invalid_json"), (b"\xef\xbb\xbf{}", 400, "invalid_json"),
    (b'{"a":"\xff"}', 400, "invalid_utf8"), (b"{}\x00", 400, "invalid_json"), (b"1", 422, "not_an_object"),
    (b"null", 422, "not_an_object"), (b'"[]"', 422, "not_an_object"), (b"{}", 422, "unknown_shape"),
    (b'{"a":' * 64 + b"1" + b"}" * 64, 422, "unknown_shape"), (b'{"a":' * 65 + b"1" + b"}" * 65, 422, "too_deep"),
    (b'{"eventType":"t","payload":{}}', 422, "missing_field"),
    (b'{"eventType":"","source":"s","payload":{}}', 422, "invalid_field"),
    (b'{"eventType":"t","source":"s","payload":[]}', 422, "invalid_field"),
    (b'{"eventType":"t","source":"s","payload":{},"occurredAt":"now"}', 422, "invalid_timestamp"),
    (b'{"eventType":"t","source":"s","payload":{},"occurredAt":"9999-01-01T00:00:00Z"}', 422, "implausible_time"),
    (b'{"eventType":"t","source":"s","payload":{"a":"\\u0000"}}', 422, "unstorable_text"),
    (b'{"eventType":"t","source":"s","payload":{"a":1e999999}}', 422, "unstorable_number"),
    (b'{"a":"' + b"x" * (1 << 20) + b'"}', 413, "too_large")]


@pytest.mark.parametrize("body, status, reason", REFUSED, ids=lambda value: str(value)[:30])
def test_a_refused_event_has_its_reason(service, database, body, status, reason):
    details = problem(post(service, body), status)
    fault, = details["errors"]
    assert fault["reason"] == reason
    assert details["detail"] == fault["detail"] != ""
    assert stored(database) == 0
    assert database.sql("SELECT count(*) FROM analytics_dead_letters") == 0


@pytest.mark.parametrize("body, status, reason", [case for case in REFUSED if case[1] == 422],
                         ids=lambda value: str(value)[:30])
def test_the_code_is_what_the_sql_function_raises(service, database, body, status, reason):
    code = post(service, body).json()["code"]
    if reason in ("unstorable_text", "unstorable_number"):
        assert code == {"unstorable_text": "22P05", "unstorable_number": "22003"}[reason]  # no jsonb holds it
        return
    with pytest.raises(psycopg2.Error) as raised:
        database.sql("SELECT analytics_record(%s::jsonb)", (body.decode(),))
    assert raised.value.pgcode == code


# many events

def outcomes(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    results = answer.json()
    assert [result["item"] for result in results] == list(range(1, len(results) + 1))
    return [result["outcome"] for result in results]


MIXED = [event(1), event(2), event(1), {"a": 1}, 5, event(3, occurredAt="?"), None, event(4)]
MIXED_OUTCOMES = ["stored", "stored", "duplicate", "refused", "refused", "refused", "refused", "stored"]


@pytest.mark.parametrize("kind, body", [
    ("application/json", json.dumps(MIXED).encode()),
    ("application/json", b" \r\n\t" + json.dumps(MIXED, indent=3).encode() + b"\n"),
    ("application/x-ndjson", "\n".join(map(json.dumps, MIXED)).encode()),
    ("application/x-ndjson", b"\n \r\n" + "\r\n\n".join(map(json.dumps, MIXED)).encode() + b"\r\n")])
def test_every_item_has_its_result_in_order(service, database, kind, body):
    answer = post(service, body, kind)
    assert outcomes(answer) == MIXED_OUTCOMES
    results = answer.json()
    for number in (0, 1, 2, 7):
        assert list(results[number]) == ["item", "outcome", "event"]
        assert list(results[number]["event"]) == MEMBERS
    assert results[0]["event"] == results[2]["event"]
    for number, reason in ((3, "unknown_shape"), (4, "not_an_object"), (5, "invalid_timestamp"), (6, "not_an_object")):
        assert list(results[number]) == ["item", "outcome", "reason", "detail"]
        assert results[number]["reason"] == reason
    assert stored(database) == 3


@pytest.mark.parametrize("kind, body", [("application/json", b"[]"), ("application/json", b" [ ] "),
                                        ("application/x-ndjson", b""), ("application/x-ndjson", b"\n \n\r\n")])
def test_no_items_are_no_results(service, kind, body):
    answer = post(service, body, kind)
    assert (answer.status_code, answer.json()) == (200, [])


def test_a_line_of_bad_bytes_is_refused_alone(service):
    good = json.dumps(event()).encode()
    answer = post(service, b"\xff\n" + good + b"\n{\n" + b'{"a":"\x00"}\n', "application/x-ndjson")
    assert outcomes(answer) == ["refused", "stored", "refused", "refused"]
    assert [result.get("reason") for result in answer.json()] == ["invalid_utf8", None, "invalid_json", "invalid_json"]


def test_an_item_that_jsonb_can_not_hold_is_refused_alone(service):
    answer = post(service, b'[{"a":"\\u0000"},{"a":"\\ud800"},{"a":1e999999},%s]' % json.dumps(event()).encode())
    assert outcomes(answer) == ["refused"] * 3 + ["stored"]


def test_keys_are_taken_as_written_whatever_the_body(service):
    """Oracle: the same event alone. Digits of a key are part of it, so they must not be normalised on the way."""
    body = (b'{"challengeId":1.50,"guideId":1e2,"occurredAt":"2026-01-01T00:00:00Z"}')
    one = post(service, body).json()["id"]
    many = post(service, b"[%s,%s]" % (body, body.replace(b"1.50", b"1.5"))).json()
    assert [result["outcome"] for result in many] == ["duplicate", "stored"]
    assert many[0]["event"]["id"] == one != many[1]["event"]["id"]


@pytest.mark.parametrize("body", [b"[", b"[1,]", b"[{}] x", b"[{}][{}]", b'[{"a":"\xff"}]', b"[\x00]", b"[nul]"])
def test_a_malformed_array_is_400_and_stores_nothing(service, database, body):
    body = body.replace(b"[", b"[" + json.dumps(event()).encode() + b",", 1)
    details = problem(post(service, body), 400)
    assert details["errors"][0]["reason"] in ("invalid_json", "invalid_utf8")
    assert stored(database) == 0


@pytest.mark.parametrize("depth", [65, 15_000, 400_000])
def test_an_item_nested_beyond_reason_is_refused_alone(service, depth):
    item = b"[" * depth + b"]" * depth
    good = json.dumps(event()).encode()
    answer = post(service, b"[%s,%s,{\"a\":%s}]" % (good, item, item))
    assert [result.get("reason") for result in answer.json()] == [None, "too_deep", "too_deep"]


def test_an_array_may_be_empty_and_have_blanks_around_its_items(service):
    assert post(service, b" [ \n] ").json() == []
    good = json.dumps(event()).encode()
    assert outcomes(post(service, b"\t[ %s\r\n, 1 ] " % good)) == ["stored", "refused"]


@pytest.mark.parametrize("kind, join", [("application/json", lambda items: b"[" + b",".join(items) + b"]"),
                                        ("application/x-ndjson", b"\n".join)])
def test_a_thousand_items_are_the_most(service, database, kind, join):
    items = [json.dumps(event(n)).encode() for n in range(1001)]
    details = problem(post(service, join(items), kind), 413)
    assert "1000" in details["detail"]
    assert stored(database) == 0
    assert outcomes(post(service, join(items[:1000]), kind)) == ["stored"] * 1000


def test_all_are_stored_or_none(service, database):
    """A trigger of the operator's refuses one: the answer says so in his words, and nothing is stored."""
    database.sql("CREATE FUNCTION picky() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.payload @> '{\"n\": 2}' "
                 "THEN RAISE EXCEPTION 'not this one'; END IF; RETURN NEW; END $$")
    database.sql("CREATE TRIGGER picky BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION picky()")
    details = problem(post(service, [event(1), event(2)]), 422)
    assert (details["code"], details["detail"]) == ("P0001", "not this one")
    assert stored(database) == 0


def add_trigger(database, body):
    database.sql("CREATE FUNCTION changing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN %s END $$" % body)
    database.sql("CREATE TRIGGER changing BEFORE INSERT ON analytics_events FOR EACH ROW EXECUTE FUNCTION changing()")


def test_an_event_that_a_trigger_drops_is_answered_as_dropped(service, database):
    add_trigger(database, "RETURN CASE WHEN NEW.payload @> '{\"n\": 2}' THEN NULL ELSE NEW END;")
    answer = post(service, event(2))
    assert (answer.status_code, answer.json()) == (202, {"outcome": "dropped"})
    assert "Location" not in answer.headers
    answer = post(service, [event(1), event(2)])
    assert outcomes(answer) == ["stored", "dropped"] and answer.json()[1] == {"item": 2, "outcome": "dropped"}
    assert stored(database) == 1


def test_an_event_that_a_trigger_changes_is_answered_as_it_is_stored(service, database):
    add_trigger(database, "NEW.id := md5(NEW.payload::text)::uuid; NEW.tenant_id := 'changed'; RETURN NEW;")
    first = post(service, event(1))
    assert first.status_code == 201 and first.json()["tenantId"] == "changed"
    assert requests.get(service.url + first.headers["Location"], timeout=30).json() == first.json()
    problem(post(service, {**event(1), "occurredAt": first.json()["occurredAt"]}), 409)
    answer = post(service, [{**event(1), "occurredAt": first.json()["occurredAt"]}])
    assert answer.json() == [{"item": 1, "outcome": "duplicate", "event": None}]


def test_what_a_unique_index_of_the_operators_refuses_is_409(service, database):
    database.sql("CREATE UNIQUE INDEX ON analytics_events (occurred_at, source)")
    at = "2026-01-01T00:00:00Z"
    assert post(service, {**event(1), "occurredAt": at}).status_code == 201
    assert problem(post(service, {**event(2), "occurredAt": at}), 409)["code"] == "23505"
    assert stored(database) == 1


def test_columns_that_come_and_go_are_no_matter(service, database):
    for n, change in enumerate(("ADD COLUMN x int DEFAULT 7", "ADD COLUMN y text", "DROP COLUMN x", "DROP COLUMN y")):
        database.sql("ALTER TABLE analytics_events " + change)
        answer = post(service, {**event(n), "eventId": None, "payload": {"n": n}})
        assert answer.status_code == 201
        assert list(answer.json()) == list(post(service, [event(n)]).json()[0]["event"])
        assert requests.get(service.url + answer.headers["Location"], timeout=30).json() == answer.json()


# types of bodies

@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                                  "text/plain; charset=application/json", ""])
def test_other_types_are_415(service, kind):
    problem(requests.post(service.url + EVENTS, data=b"{}", headers={"Content-Type": kind}, timeout=30), 415)


@pytest.mark.parametrize("kind", ["application/json; charset=latin1", "APPLICATION/JSON;charset=\"utf-16\"",
                                  "application/json; charset=", "application/json;;",
                                  "application/x-ndjson; charset=x"])
def test_parameters_of_the_type_have_no_effect(service, kind):
    """JSON is UTF-8 whatever is said beside it (RFC 8259, 8.1 and 11)."""
    answer = post(service, json.dumps(event(1, source="größe"), ensure_ascii=False).encode(), kind)
    assert answer.status_code in (200, 201), answer.text
    kept = answer.json()
    assert (kept[0]["event"] if isinstance(kept, list) else kept)["source"] == "größe"


def test_ids_of_keyless_events_are_new(service):
    body = {"eventType": "t", "source": "s", "payload": {}}
    ids = {post(service, body).json()["id"] for _ in range(3)}
    assert {uuid.UUID(one).version for one in ids} == {7} and len(ids) == 3
