"""Feeds over HTTP: pages, against analytics_read_feed and against the table."""
import itertools
import json

import pytest
import requests

from feeds import FEEDS, Copy, chance, change, make_feed, page, read, tick
from rig import daemon

from http_client import event, get, post, problem
from keys import KeyFile, ask, make_roles


@pytest.fixture
def service(http, database):
    made = http()
    make_feed(database)
    return made


# ---- pages

def test_replaying_gives_the_table(service, database):
    """Whatever changes between the pages, and however long they are."""
    random = chance()
    copies = [(Copy(), limit, after) for limit, after in ((1, None), (7, None), (500, "beginning"))]
    change(database, random, 5)
    places = [after for _, _, after in copies]
    for _ in range(12):
        change(database, random, 4)
        if random.random() < 0.7:
            tick(database)
        for number, (copy, limit, _) in enumerate(copies):
            found = page(service, limit=limit, **({"after": places[number]} if places[number] else {}))
            for item in found["items"]:
                copy.apply(item)
            places[number] = found["next"]
    tick(database)
    for place, (copy, limit, _) in zip(places, copies):
        read(service, copy, after=place, limit=limit)
        assert copy.agrees(database)


def test_a_page_is_what_sql_reads(service, database):
    random = chance()
    change(database, random, 20)
    tick(database)
    start = page(service, after="now")["next"]
    for after, limit in itertools.product(("beginning", start), (1, 3, 500)):
        change(database, random, 3)
        tick(database)
        rows = database.rows("SELECT position, operation, _analytics_iso8601(occurred_at), id::text, event_type, "
                             "tenant_id, value FROM analytics_read_feed('all', %s, %s)", (after, limit))
        found = page(service, after=after, limit=limit)
        assert [tuple(item.values()) for item in found["items"]] == [row for row in rows if row[1]]
        assert found["next"] == rows[-1][0]


def test_what_is_not_ticked_is_not_there_yet(service, database):
    post(service, event(1))
    place = page(service, after="now")["next"]
    post(service, event(2))
    assert page(service, after=place) == {"items": [], "count": 0, "next": place}
    tick(database)
    assert [item["value"]["payload"] for item in page(service, after=place)["items"]] == [{"n": 1}, {"n": 2}]


def test_a_filter_is_the_feed_s(service, database):
    random = chance()
    make_feed(database, "a_of_acme", event_types=["a"], tenant_id="acme")
    copy, place = Copy(), None
    for _ in range(6):
        change(database, random, 5)
        tick(database)
        place = read(service, copy, "a_of_acme", place, limit=random.choice((1, 500)))
        assert copy.agrees(database, "event_type = 'a' AND tenant_id = 'acme'")


def test_a_page_ends_at_its_bytes(service, database):
    post(service, [event(n, payload={"text": "x" * 900_000}) for n in range(5)])
    tick(database)
    lengths, place = [], "beginning"
    while found := page(service, after=place, limit=500)["items"]:
        lengths.append(len(found))
        place = found[-1]["position"]
    assert lengths == [2, 2, 1]


def test_text_is_answered_as_stored(service, database):
    text = 'line\nbreak "quoted" \u2028 \U0001f600 \\u0041'
    post(service, b'{"eventType":"t\\n","source":"s","occurredAt":"2026-03-04T05:06:07Z","payload":'
                  b'{"n":12345678901234567890.10}}')
    post(service, event(1, payload={"text": text}))
    tick(database)
    answer = get(service, FEEDS + "/all", after="beginning")
    assert '"n": 12345678901234567890.10' in answer.text
    assert [item["eventType"] for item in answer.json()["items"]][1] == "t\n"
    assert answer.json()["items"][0]["value"]["payload"] == {"text": text}
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_list_has_what_there_is(service, database):
    assert get(service, FEEDS).json()["items"][0]["pausedAt"] is None
    make_feed(database, "b.c-d_e", since="now", event_types=["t", "u"], tenant_id="acme")
    database.sql("SELECT analytics_pause_feed('all')")
    database.sql("SELECT _analytics_register_feed('starting', 'events', NULL, NULL, NULL, 'id', 'event', 'now', "
                 "'90 minutes', '1 second')")
    answer = get(service, FEEDS)
    first, second, third = answer.json()["items"]
    assert answer.json()["count"] == 3
    assert (first["name"], first["keep"], first["since"], first["eventTypes"]) == ("all", "P7D", "beginning", None)
    assert first["pausedAt"] is not None
    assert [first[member] for member in ("topic", "key", "format", "every")] == [None, "id", "event", "PT1S"]
    assert (second["name"], second["eventTypes"], second["tenantId"]) == ("b.c-d_e", ["t", "u"], "acme")
    assert (third["name"], third["keep"], third["oldest"], third["last"]) == ("starting", "PT1H30M", None, None)
    assert page(service, "b.c-d_e", after=second["oldest"])["next"] == second["last"]
    database.sql("CALL analytics_create_feed('counts', 'counts', topic => 'numbers', every => '50 ms')")
    counts = get(service, FEEDS).json()["items"][2]
    assert [counts[member] for member in ("topic", "key", "format", "every")] == ["numbers", None, None, "PT0.05S"]
    answer = get(service, FEEDS)
    unchanged = requests.get(answer.url, headers={"If-None-Match": answer.headers["ETag"]}, timeout=30)
    assert unchanged.status_code == 304


# ---- refusals

@pytest.mark.parametrize("name", ["nosuch", "ALL", "all%20", "%27", "x" * 63])
def test_none_of_this_name_is_404(service, name):
    problem(get(service, f"{FEEDS}/{name}"), 404)


@pytest.mark.parametrize("query, field", [
    ({"after": "x"}, "after"), ({"after": ""}, "after"), ({"after": "1.2"}, "after"), ({"after": "9" * 30}, "after"),
    ({"after": "999999"}, "after"), ({"limit": 0}, "limit"), ({"limit": 501}, "limit"), ({"cursor": "1"}, "cursor")])
def test_a_bad_parameter_is_422_and_named(service, query, field):
    assert [fault["field"] for fault in problem(get(service, FEEDS + "/all", **query), 422)["errors"]] == [field]
    problem(get(service, f"{FEEDS}/{'x' * 64}"), 422)


def test_a_position_that_is_no_longer_kept_is_410(service, database):
    """With the oldest position, from which on changes would be missing."""
    place = page(service, after="now")["next"]
    for number in range(3):
        post(service, event(number))
        tick(database)
    database.sql("UPDATE analytics_ticks SET ticked_at = ticked_at - interval '8 days'")
    database.sql("CALL analytics_maintain()")
    details = problem(get(service, FEEDS + "/all", after=place), 410)
    oldest = get(service, FEEDS).json()["items"][0]["oldest"]
    assert (details["title"], details["code"]) == ("Gone", "AN002")
    assert details["errors"] == [{"field": "after", "detail": f"The oldest position is {oldest}."}]
    copy = Copy()
    read(service, copy, after="beginning")
    assert copy.agrees(database)


def test_one_that_has_not_started_is_409_and_then_ready(service, database):
    database.sql("SELECT _analytics_register_feed('late', 'events', NULL, NULL, NULL, 'id', 'event', 'beginning', "
                 "'1 day', '1 second')")
    assert problem(get(service, FEEDS + "/late"), 409)["code"] == "55000"
    database.sql("CALL analytics_start_feed('late')")
    assert page(service, "late")["next"] is not None


def test_a_feed_that_is_paused_has_nothing_new(service, database):
    """And who begins meanwhile, at whatever place, misses nothing."""
    post(service, event(1))
    tick(database)
    make_feed(database, "since_now", since="now")
    start = page(service, "since_now")["next"]
    for name in ("all", "since_now"):
        database.sql("SELECT analytics_pause_feed(%s)", (name,))
    places = [page(service, name, **({"after": after} if after else {}))["next"]
              for name, after in (("all", "now"), ("all", "beginning"), ("all", None), ("since_now", start))]
    assert places[1:] == ["beginning", None, start]
    post(service, event(2))
    tick(database)
    assert page(service, after=places[0])["items"] == []
    for name in ("all", "since_now"):
        database.sql("SELECT analytics_resume_feed(%s)", (name,))
    numbers = [[item["value"]["payload"]["n"] for item in page(service, name, **({"after": place} if place else {}))
                ["items"]] for name, place in zip(("all", "all", "all", "since_now"), places)]
    assert numbers == [[2], [1, 2], [1, 2], [2]]


# ---- who may

def test_a_feed_of_dead_letters_needs_the_scope_admin(http, database, tmp_path):
    make_feed(database)
    database.sql("SELECT analytics_ingest(ARRAY['{', '\\x7b00ff']::bytea[])")
    database.sql("CALL analytics_create_feed('letters', 'dead_letters')")
    ring = KeyFile(tmp_path / "keys")
    ring.add("reader", "read")
    ring.add("admin", "read,admin")
    service = http(ANALYTICS_HTTP_API_KEYS_FILE=ring.path)
    names = {key: [item["name"] for item in ask(service, ring[key], FEEDS).json()["items"]] for key in ring.keys}
    assert names == {"reader": ["all"], "admin": ["all", "letters"]}
    problem(ask(service, ring["reader"], FEEDS + "/letters"), 404)
    items = ask(service, ring["admin"], FEEDS + "/letters").json()["items"]
    assert [(item["operation"], item["key"]) for item in items] == [("put", {"id": 1}), ("put", {"id": 2})]
    for item in items:
        shown = ask(service, ring["admin"], f"/v1/analytics/dead-letters/{item['key']['id']}").json()
        assert item["value"] == {name: value for name, value in shown.items() if name != "explanation"}
    assert (items[0]["value"]["value"], items[1]["value"]["valueBase64"]) == ("{", "ewD/")


@pytest.fixture
def tenants(server, database, tmp_path):
    """A service as roles.sql intends it, with a key of all tenants and one of each; database and ring."""
    make_roles(server, database)
    make_feed(database)
    ring = KeyFile(tmp_path / "keys")
    ring.add("reader", "read")
    for tenant in ("acme", "umbra"):
        ring.add(tenant, "read", "tenant=" + tenant)
    with daemon.Http(server.url(database.name, "analytics_api"), ANALYTICS_HTTP_API_KEYS_FILE=ring.path) as service:
        service.database, service.ring = database, ring
        yield service
    database.sql("DROP OWNED BY analytics_writer, analytics_reader, analytics_operator, analytics_tenant, "
                 "analytics_ingestor, analytics_api, analytics_maintainer")


def test_each_tenant_replays_its_own_events(tenants):
    """With events that move to another tenant, and dropped partitions; nothing is shown that is another's."""
    random = chance()
    copies, places = {key: Copy() for key in tenants.ring.keys}, {}
    for _ in range(8):
        change(tenants.database, random, 6)
        tick(tenants.database)
        for key, copy in copies.items():
            found = page(tenants, key=tenants.ring[key], limit=random.choice((3, 500)),
                         **({"after": places[key]} if key in places else {}))
            for item in found["items"]:
                copy.apply(item)
                assert key == "reader" or item["operation"] == "drop" or item["tenantId"] == key
            places[key] = found["next"]
    for key, copy in copies.items():
        read(tenants, copy, after=places[key], key=tenants.ring[key])
        assert copy.agrees(tenants.database, "true" if key == "reader" else f"tenant_id = '{key}'")


@pytest.mark.parametrize("source", ["counts", "daily"])
def test_each_tenant_replays_its_own_rows(tenants, source):
    random, database = chance(), tenants.database
    database.sql("CALL analytics_create_projection('daily', bucket => '1 day')")
    database.sql("CALL analytics_create_feed('rows', %s)", (source,))
    copies, places = {key: {} for key in tenants.ring.keys}, {}
    for final in 4 * [False] + [True]:
        if not final:
            change(database, random, 6)
        tick(database)
        for key, copy in copies.items():
            while True:
                found = page(tenants, "rows", key=tenants.ring[key], limit=500 if final else random.choice((3, 500)),
                             **({"after": places[key]} if key in places else {}))
                for item in found["items"]:
                    assert key == "reader" or item["tenantId"] == key
                    copy[json.dumps(item["key"])] = item["value"]
                is_end = found["next"] == places.get(key)
                places[key] = found["next"]
                if is_end or not final:
                    break
    rows = database.rows("SELECT key, value, tenant_id FROM analytics_read_feed('rows', 'beginning', 10000) "
                         "WHERE operation IS NOT NULL")
    assert copies["reader"]
    for reader, copy in copies.items():
        assert {key: value for key, value in copy.items() if value} == {
            json.dumps(key): value for key, value, tenant in rows if reader in ("reader", tenant)}


def test_a_drop_is_for_every_tenant(tenants):
    database = tenants.database
    place = page(tenants, key=tenants.ring["reader"], after="now")["next"]
    database.sql("SELECT _analytics_feed_drop('2026-01-01Z', '2026-02-01Z')")
    tick(database)
    for key in tenants.ring.keys:
        [item] = page(tenants, key=tenants.ring[key], after=place)["items"]
        assert item["value"] == {"rangeStart": "2026-01-01T00:00:00Z", "rangeEnd": "2026-02-01T00:00:00Z"}


@pytest.mark.parametrize("breach, status", [
    ("ALTER TABLE analytics_outbox DISABLE ROW LEVEL SECURITY", 403),
    ("ALTER TABLE analytics_events DISABLE ROW LEVEL SECURITY", 503)])
def test_without_policies_a_tenant_reads_no_feed(tenants, breach, status):
    """The outbox has ids of all tenants, and the service has no filter of its own."""
    tenants.database.sql("SELECT analytics_ingest(%s::bytea[])", (
        [json.dumps(event(1, tenantId="umbra")).encode()],))
    tick(tenants.database)
    assert page(tenants, key=tenants.ring["acme"])["items"] == []
    tenants.database.sql(breach)
    answer = ask(tenants, tenants.ring["acme"], FEEDS + "/all")
    problem(answer, status)
    assert "umbra" not in answer.text
    assert len(page(tenants, key=tenants.ring["reader"])["items"]) == 1
