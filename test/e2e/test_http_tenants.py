"""What a key that is bound to a tenant can see: nothing of another, by any route and parameter.

The tenants are kept apart by the database's policies, so the requests here name no tenant, or the wrong one. Routes and
parameters are those of the OpenAPI document; with what a parameter is tried (World.tried) and what a route then owes
its caller (OWED) stand here. What is in the document and not here fails, so that a new one has to be thought about.
"""
import base64
import contextlib
import itertools
import json
import struct
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from rig import daemon, place

from feeds import FEEDS, make_feed, tick
from http_client import EVENTS, RECENT, SUMMARY, again_and_again, event, metric, problem
from keys import KeyFile, ask, make_roles

DOCUMENT = json.loads((place.ROOT / "http" / "openapi.json").read_text())
OPERATIONS = [(path, method.upper()) for path, item in DOCUMENT["paths"].items() for method in item]
ONE = EVENTS + "/{occurredAt}/{id}"
HISTOGRAM = "/v1/analytics/metrics/histogram"
PROJECTIONS = "/v1/analytics/projections"
ROWS = PROJECTIONS + "/{name}"
LETTERS = "/v1/analytics/dead-letters"
EXPLAIN = "/v1/analytics/explain"
FEED = FEEDS + "/{name}"

MARK = "zz-umbra"  # the other tenant, and in everything that is his or nobody's
OWN = {"acme": "acme", "nobody": "nobody here"}  # key → tenant, of whom the second has nothing
ROLES = ("analytics_writer, analytics_reader, analytics_operator, analytics_tenant, analytics_ingestor, analytics_api, "
         "analytics_maintainer")


def happened(number, tenant):
    return event(number, eventType=f"{tenant}.happened", source=f"{tenant}-service", tenantId=tenant,
                 occurredAt=f"2026-03-04T05:0{number}:00Z", payload={"of": tenant})


@contextlib.contextmanager
def tenanted(server, database, ring):
    """A service as roles.sql intends it, with events of two tenants and of none, projections, and dead letters."""
    make_roles(server, database)
    database.sql("SELECT count(*) FROM analytics_ingest(%s::bytea[])", ([
        json.dumps(happened(n, tenant)).encode() for n in range(5) for tenant in ("acme", MARK)]
        + [json.dumps(event(9, eventType=f"{MARK}.nobody", payload={"of": MARK})).encode(),
           f'{{"{MARK}":1'.encode(), f'{{"{MARK}":1}}'.encode()],))
    database.sql("""CALL analytics_create_projection('kept', bucket => '1 minute', dimensions => '{"of": ["of"]}')""")
    database.sql("SELECT _analytics_register_projection('late', NULL, '{}', '{}', '1 month', 10, 'public')")
    make_feed(database, "everything")
    make_feed(database, MARK, tenant_id=MARK)
    database.sql("UPDATE analytics_events SET payload = payload || '{\"again\": 1}'")
    database.sql("SELECT analytics_ingest(%s::bytea[])", (
        [json.dumps(happened(5, tenant)).encode() for tenant in ("acme", MARK)],))
    database.sql("DELETE FROM analytics_events WHERE occurred_at = '2026-03-04 05:05Z'")
    tick(database)
    ring.add("reader", "read")
    ring.add("all", "read,write,admin")
    for name, tenant in OWN.items():
        ring.add(name, "read,write", "tenant=" + tenant.replace(" ", "%20"))
    with daemon.Http(server.url(database.name, "analytics_api"), ANALYTICS_HTTP_API_KEYS_FILE=ring.path) as service:
        yield service
    database.sql(f"DROP OWNED BY {ROLES}")


# ---- by any route and parameter

def place_of(cursor):
    """(microseconds since the Unix epoch, id) that a cursor holds, whose own count begins in 2000."""
    bytes_ = base64.urlsafe_b64decode(cursor)
    return struct.unpack(">q", bytes_[:8])[0] + 946_684_800_000_000, str(uuid.UUID(bytes=bytes_[8:]))


def next_cursor(answer):
    """That of the next page; None where there is none."""
    link = answer.links.get("next")
    return parse_qs(urlsplit(link["url"]).query)["cursor"][0] if link else None


class World:
    """The service, what is in its database by one kept connection, and the other tenant's things."""

    def __init__(self, service, database, ring):
        self.service, self.ring = service, ring
        self.http = requests.Session()
        self.connection = database.connect()
        self.own_events = self.rows("SELECT _analytics_iso8601(occurred_at), id::text FROM analytics_events "
                                    "WHERE tenant_id = 'acme' ORDER BY 1")
        self.events = self.rows("SELECT _analytics_iso8601(occurred_at), id::text FROM analytics_events "
                                "WHERE tenant_id IS DISTINCT FROM 'acme' ORDER BY 1")
        self.keys = {str(key) for key, in self.rows(
            "SELECT key FROM _analytics_projection_page('kept') WHERE item ->> 'tenant_id' IS DISTINCT FROM 'acme'")}
        self.places = self.keys | {id for _, id in self.events}
        changes = self.ask("reader", FEEDS + "/everything", after=self.start()).json()["items"]
        self.positions = [item["position"] for item in changes if item["tenantId"] != "acme"][:2]
        self.cursors = {RECENT: self.foreign(RECENT), ROWS: self.foreign(PROJECTIONS + "/kept"), LETTERS: ["2"]}

    def rows(self, statement, **values):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    def one(self, statement, **values):
        return self.rows(statement, **values)[0][0]

    def ask(self, key, path, method="GET", **query):
        return self.http.request(method, self.service.url + path, timeout=30,
                                 params={name: value for name, value in query.items() if value is not None},
                                 headers={"Authorization": "Bearer " + self.ring[key]})

    def start(self):
        """The position before all changes."""
        return self.one("SELECT start_tick::text FROM analytics_feeds WHERE name = 'everything'")

    def foreign(self, path):
        """Cursors that stand at somebody else's things, as who may see everything is given them."""
        found, answer = [], self.ask("reader", path, limit=1)
        while cursor := next_cursor(answer):
            if place_of(cursor)[1] in self.places:
                found.append(cursor)
            answer = self.ask("reader", path, limit=1, cursor=cursor)
        assert len(found) >= 3
        return [found[0], found[len(found) // 2]]

    def tried(self, path, name):
        """What a parameter may be, so that another tenant's things are asked for; None: not given."""
        return {
            "tenantId": [None, MARK, "acme"], "eventType": [None, f"{MARK}.happened", "acme.happened"],
            "occurredAt": [self.events[0][0], self.own_events[1][0]],
            "id": [self.events[0][1], self.events[-1][1], self.own_events[1][1], "1"],
            "name": ["everything", MARK, "nosuch"] if path == FEED else ["kept", "late", "nosuch"],
            "after": [None, "beginning", "now", self.start(), *self.positions],
            "limit": [None, 2], "wait": [None, 1], "cursor": [None, *self.cursors.get(path, [])],
            "reference": [None, "2026-03-04T05:03:00Z"], "windowMinutes": [None, 5, 10080],
            "from": [None, "2026-03-04T05:02:00Z"], "to": [None, "2026-03-04T05:04:00Z"],
            "bucket": [None, "P1M"], "timezone": [None, "Asia/Kolkata"],
            "reason": [None, "invalid_json"], "topic": [None, MARK], "replayed": [None, "false"], "afterId": [None, 0],
        }[name]


def parameters_of(path, method):
    for one in DOCUMENT["paths"][path][method.lower()].get("parameters", []):
        yield one if "$ref" not in one else DOCUMENT["components"]["parameters"][one["$ref"].rsplit("/", 1)[1]]


# What a route owes its caller: (world, his tenant, the parameters, the answer). SQL is asked for his tenant by name.

FILTERED = """tenant_id = %(own)s AND (%(tenantId)s::text IS NULL OR tenant_id = %(tenantId)s)
              AND (%(eventType)s::text IS NULL OR event_type = %(eventType)s)"""


def page_owed(asked, due, found, answer):
    """due: the whole list from the cursor on; found: this page of it."""
    limit = asked["limit"] or 50
    assert (answer.status_code, answer.json()["count"]) == (200, min(limit, len(due)))
    assert found == due[:limit]
    assert ("next" in answer.links) == (len(due) > limit)


def recent_owed(world, own, asked, answer):
    micros, id = place_of(asked["cursor"]) if asked["cursor"] else (None, None)
    due = world.rows(f"""SELECT id::text FROM analytics_events WHERE {FILTERED} AND (%(id)s::uuid IS NULL
        OR (occurred_at, id) < (timestamptz 'epoch' + %(micros)s * interval '1 microsecond', %(id)s::uuid))
        ORDER BY occurred_at DESC, id DESC""", own=own, **asked | {"micros": micros, "id": id})
    page_owed(asked, due, [(item["id"],) for item in answer.json()["items"]], answer)


def one_owed(world, own, asked, answer):
    named = (asked["occurredAt"], asked["id"])
    assert answer.status_code == (422 if asked["id"] == "1" else 200 if own == "acme" and named in world.own_events
                                  else 404)


def summary_owed(world, own, asked, answer):
    due = dict(world.rows(f"""SELECT event_type, count(*) FROM analytics_events WHERE {FILTERED} AND occurred_at BETWEEN
        coalesce(%(reference)s::timestamptz, now()) - coalesce(%(windowMinutes)s, 60) * interval '1 minute'
        AND coalesce(%(reference)s::timestamptz, now()) GROUP BY 1""", own=own, eventType=None, **asked))
    told = answer.json()
    assert (told["eventsPerType"], told["totalEvents"]) == (due, sum(due.values()))
    assert sum(interval["count"] for interval in told["eventsPerInterval"]) == told["totalEvents"]
    fresh = world.one(f"SELECT _analytics_iso8601(max(occurred_at)) FROM analytics_events WHERE {FILTERED}", own=own,
                      eventType=None, **asked)
    assert told["freshness"]["lastEventAt"] == fresh
    assert (told["freshness"]["deadLetters"], told["freshness"]["lagRecords"]) == (0, None)


def histogram_owed(world, own, asked, answer):
    due = dict(world.rows(f"""SELECT event_type, count(*) FROM analytics_events WHERE {FILTERED}
        AND occurred_at >= coalesce(%(from)s, coalesce(%(to)s::timestamptz, now()) - interval '1 day')
        AND occurred_at < coalesce(%(to)s::timestamptz, now()) GROUP BY 1""", own=own, **asked))
    told = answer.json()
    assert told["totalEvents"] == sum(due.values()) == sum(bucket["count"] for bucket in told["buckets"])
    types = {kind for bucket in told["buckets"] for kind in bucket["eventsPerType"]}
    assert types == set(due)


def rows_owed(world, own, asked, answer):
    if asked["name"] != "kept":
        assert answer.status_code == {"late": 409, "nosuch": 404}[asked["name"]]
        return
    micros, key = place_of(asked["cursor"]) if asked["cursor"] else (None, None)
    due = world.rows("""SELECT item ->> 'bucket_start', item ->> 'of', (item ->> 'count')::int
        FROM _analytics_projection_page('kept', 500, timestamptz 'epoch' + %(micros)s * interval '1 microsecond',
                                        %(key)s, %(from)s, %(to)s, %(own)s)
        WHERE %(tenantId)s::text IS NULL OR item ->> 'tenant_id' = %(tenantId)s""",
                     own=own, **asked | {"micros": micros, "key": key})
    items = answer.json()["items"]
    assert {item["tenant_id"] for item in items} <= {own}
    page_owed(asked, due, [(item["bucket_start"], item["of"], item["count"]) for item in items], answer)
    if not asked["cursor"]:
        assert sum(count for *_, count in due) == world.one(f"""SELECT count(*) FROM analytics_events WHERE {FILTERED}
            AND (%(from)s::timestamptz IS NULL OR occurred_at >= %(from)s)
            AND (%(to)s::timestamptz IS NULL OR occurred_at < %(to)s)""", own=own, eventType=None, **asked)


def feeds_owed(world, own, asked, answer):
    assert [item["name"] for item in answer.json()["items"]] == ["everything"]


def feed_owed(world, own, asked, answer):
    """What who may see everything is shown, and of it what is the tenant's."""
    if asked["name"] != "everything":
        assert answer.status_code == 404
        return
    due = world.ask("reader", FEEDS + "/everything", limit=500, after=asked["after"]).json()
    mine = [item for item in due["items"] if item["tenantId"] == own]
    found = answer.json()
    assert found["items"] == mine[:asked["limit"]] and found["next"] is not None


def same_for_all(path):
    def owed(world, own, asked, answer):
        assert (answer.status_code, answer.text) == (200, world.ask("all", path).text)

    return owed


def status_owed(status):
    def owed(world, own, asked, answer):
        problem(answer, status)

    return owed


OWED = {
    (RECENT, "GET"): recent_owed, (ONE, "GET"): one_owed, (SUMMARY, "GET"): summary_owed,
    (HISTOGRAM, "GET"): histogram_owed, (ROWS, "GET"): rows_owed, (PROJECTIONS, "GET"): same_for_all(PROJECTIONS),
    (FEEDS, "GET"): feeds_owed, (FEED, "GET"): feed_owed,
    (LETTERS, "GET"): status_owed(403), (LETTERS + "/summary", "GET"): status_owed(403),
    (LETTERS + "/{id}", "GET"): status_owed(403), (LETTERS + "/replay", "POST"): status_owed(403),
    (EVENTS, "POST"): status_owed(415),  # without a body; with one: test_a_tenant_stores_his_own_events_alone
    (EXPLAIN, "POST"): status_owed(415),  # it reads shapes alone, which are everybody's
    ("/health", "GET"): same_for_all("/health"), ("/v1/openapi.json", "GET"): same_for_all("/v1/openapi.json")}


@pytest.fixture(scope="module")
def world(server, new_database, tmp_path_factory):
    ring = KeyFile(tmp_path_factory.mktemp("tenants") / "keys")
    with new_database() as database, tenanted(server, database, ring) as service:
        made = World(service, database, ring)
        yield made
        made.connection.close()


def test_every_route_is_thought_about():
    assert set(OPERATIONS) == set(OWED)


@pytest.mark.parametrize("path, method", OPERATIONS)
@pytest.mark.parametrize("key", OWN)
def test_no_route_shows_another_tenant(world, path, method, key):
    """Every combination of what the parameters may be: what is owed, word for word nothing of others; and by HEAD."""
    parameters = list(parameters_of(path, method))
    for values in itertools.product(*(world.tried(path, one["name"]) for one in parameters)):
        asked = {one["name"]: value for one, value in zip(parameters, values)}
        where, query = path, dict(asked)
        for one in parameters:
            if one["in"] == "path":
                where = where.replace("{" + one["name"] + "}", query.pop(one["name"]))
        answer = world.ask(key, where, method, **query)
        OWED[path, method](world, OWN[key], asked, answer)

        cursor = next_cursor(answer)
        assert not cursor or place_of(cursor)[1] not in world.places, (asked, cursor)
        answers = [answer] + [world.ask(key, where, "HEAD", **query)] * (method == "GET")
        for one in answers:
            assert one.status_code == answer.status_code and set(one.headers) == set(answer.headers)
            told = [one.text] + [value for name, value in one.headers.items() if name != "Link"]
            assert not any(MARK in text or id in text for text in told for id in world.places), (asked, told)


def test_who_is_bound_to_no_tenant_sees_all(world):
    """The same questions by another key: there was something to be seen."""
    assert MARK in world.ask("reader", RECENT).text
    assert world.ask("reader", RECENT).json()["count"] == 11
    assert world.ask("reader", SUMMARY, reference="2026-03-04T05:10:00Z").json()["totalEvents"] == 11
    assert MARK in world.ask("reader", PROJECTIONS + "/kept").text
    assert MARK in world.ask("all", LETTERS + "/1").text
    assert MARK in world.ask("reader", FEEDS).text
    assert MARK in world.ask("reader", f"{FEEDS}/{MARK}").text
    changes = world.ask("reader", FEEDS + "/everything", after=world.start()).json()["items"]
    assert {item["operation"] for item in changes if item["tenantId"] == MARK} == {"put", "delete"}


# ---- what he stores, and what he would see if the database did not see to it

@pytest.fixture
def ring(tmp_path):
    return KeyFile(tmp_path / "keys")


@pytest.fixture
def tenants(server, database, ring):
    with tenanted(server, database, ring) as service:
        service.database = database
        yield service


def test_a_tenant_stores_his_own_events_alone(tenants, ring):
    """Whether an event of another is there already makes no difference to what he is told."""
    count = tenants.database.sql("SELECT count(*) FROM analytics_events")
    assert ask(tenants, ring["acme"], EVENTS, "POST", json=event(20, tenantId="acme")).status_code == 201
    assert ask(tenants, ring["acme"], EVENTS, "POST", json=event(20, tenantId="acme")).status_code == 200
    untimed = event(21, tenantId="acme")
    del untimed["occurredAt"]
    assert ask(tenants, ring["acme"], EVENTS, "POST", json=untimed).status_code == 201
    assert ask(tenants, ring["acme"], EVENTS, "POST", json=untimed).status_code == 200
    told = set()
    for foreign in (event(22, tenantId=MARK), event(23), event(24, tenantId="Acme"), happened(0, MARK),
                    [event(25, tenantId="acme"), event(26, tenantId=MARK)]):
        answer = ask(tenants, ring["acme"], EVENTS, "POST", json=foreign)
        assert "tenant" in problem(answer, 403)["detail"]
        told.add(answer.text)
    assert len(told) == 1
    assert tenants.database.sql("SELECT count(*) FROM analytics_events") == count + 2
    assert ask(tenants, ring["all"], EVENTS, "POST", json=event(27, tenantId=MARK)).status_code == 201


def test_who_comes_next_on_a_session_is_another(http, server, tenants, ring, database):
    """One session serves both in turn: neither sees what the other may."""
    service = http(ANALYTICS_HTTP_API_KEYS_FILE=ring.path, ANALYTICS_HTTP_POOL_SIZE=1,
                   ANALYTICS_DATABASE_URL=server.url(database.name, "analytics_api"))
    for _ in range(3):
        for key, count in (("acme", 5), ("nobody", 0), ("reader", 11)):
            assert ask(service, ring[key], RECENT).json()["count"] == count


def test_who_asks_the_same_at_the_same_time_gets_his_own_answer(tenants, ring):
    """Answers are shared, but not with another tenant."""
    path = SUMMARY + "?windowMinutes=60&reference=2026-03-04T05:30:00Z"
    due = {key: ask(tenants, ring[key], path).json()["totalEvents"] for key in ("acme", "nobody", "reader", "all")}
    assert len(set(due.values())) == 3
    turns = itertools.count()

    def ask_one():
        key = list(due)[next(turns) % len(due)]
        assert ask(tenants, ring[key], path).json()["totalEvents"] == due[key]

    with again_and_again(ask_one, 24) as errors:
        place.eventually(lambda: errors or metric(tenants, "analytics_http_shared_answers_total") > 20,
                         what="answers that are shared")
    assert errors == []


@pytest.mark.parametrize("breach", ["ALTER TABLE analytics_events DISABLE ROW LEVEL SECURITY",
                                    "ALTER ROLE analytics_tenant BYPASSRLS"])
def test_without_policies_a_tenant_sees_nothing(server, tenants, ring, breach):
    """The shim has no filter of its own: it refuses to ask a database that does not restrict it."""
    assert ask(tenants, ring["acme"], RECENT).json()["count"] == 5
    tenants.database.sql(breach)
    try:
        for path in (RECENT, SUMMARY, PROJECTIONS + "/kept"):
            answer = ask(tenants, ring["acme"], path)
            problem(answer, 503)
            assert "acme" not in answer.text and MARK not in answer.text
        assert "row-level security" in tenants.await_log(event="request_failed")["message"]
        assert ask(tenants, ring["reader"], RECENT).json()["count"] == 11
    finally:
        server.sql("ALTER ROLE analytics_tenant NOBYPASSRLS")


def test_bags_without_policies_are_403(tenants, ring):
    """The events are kept apart and a projection of them is not: the tenant may not read it, and is told so."""
    tenants.database.sql("ALTER TABLE analytics_projection_bags DISABLE ROW LEVEL SECURITY")
    details = problem(ask(tenants, ring["acme"], PROJECTIONS + "/kept"), 403)
    assert details["code"] == "42501" and "tenant" in details["detail"]
    assert ask(tenants, ring["acme"], RECENT).json()["count"] == 5
    assert ask(tenants, ring["reader"], PROJECTIONS + "/kept").json()["count"] == 11


def test_a_service_without_the_tenants_role_refuses_tenants(http, ring):
    ring.add("reader", "read")
    ring.add("acme", "read", "tenant=acme")
    service = http(ANALYTICS_HTTP_API_KEYS_FILE=ring.path, ANALYTICS_HTTP_TENANT_ROLE="nosuch")
    problem(ask(service, ring["acme"], RECENT), 503)
    assert ask(service, ring["reader"], RECENT).status_code == 200


def test_check_tries_the_tenants_role(database, ring):
    ring.add("acme", "read", "tenant=acme")
    run = daemon.Daemon(daemon.HTTP, {"ANALYTICS_DATABASE_URL": database.url, "ANALYTICS_HTTP_TENANT_ROLE": "nosuch",
                                      "ANALYTICS_HTTP_API_KEYS_FILE": ring.path}, ["--check"])
    run.start()
    assert run.wait() == 69
    assert "nosuch" in run.logs(event="dependency_unreachable")[0]["message"]
