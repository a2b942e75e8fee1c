"""Who may call analytics-http, and what a key that is bound to a tenant can see: nothing of another, by any route.

The tenants are kept apart by the database's policies, so the requests here name no tenant, or the wrong one.
"""
import itertools
import json
import secrets
import signal

import pytest
import requests

from rig import daemon, place

from http_client import EVENTS, RECENT, SUMMARY, Raw, event, is_open, problem
from keys import KeyFile, ask, make_roles

DOCUMENT = json.loads((place.ROOT / "http" / "openapi.json").read_text())
LETTERS = "/v1/analytics/dead-letters"
OPEN = {"/health", "/v1/openapi.json", "/docs"}


@pytest.fixture
def ring(tmp_path):
    made = KeyFile(tmp_path / "keys")
    made.add("reader", "read")
    made.add("writer", "write")
    made.add("admin", "admin")
    made.add("all", "read,write,admin")
    return made


@pytest.fixture
def service(http, ring):
    return http(ANALYTICS_HTTP_API_KEYS_FILE=ring.path)


# ---- who

@pytest.mark.parametrize("authorization", [
    None, "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer short", "Bearer " + "x" * 43, "Bearer \xff" * 40,
    "Token {reader}", "{reader}", "Bearer {reader}x", "Bearer {reader} {reader}"],
    ids=lambda value: repr(value)[:24])
def test_who_has_no_key_is_401(service, ring, authorization):
    headers = {}
    if authorization is not None:
        headers["Authorization"] = authorization.format(reader=ring["reader"]).encode("latin-1")
    answer = requests.get(service.url + RECENT, headers=headers, timeout=30)
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="')


def test_a_key_in_the_query_is_no_key(service, ring):
    problem(requests.get(service.url + RECENT, params={"access_token": ring["reader"]}, timeout=30), 401)


def test_two_keys_in_a_request_are_none(service, ring):
    line = f"Authorization: Bearer {ring['reader']}\r\n"
    with Raw(service.port) as raw:
        raw.send(f"GET {RECENT} HTTP/1.1\r\nHost: x\r\n{line}{line}\r\n".encode())
        assert raw.answer()[0] == 400


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_is_taken(service, ring, scheme):
    headers = {"Authorization": f"{scheme} {ring['reader']}"}
    assert requests.get(service.url + RECENT, headers=headers, timeout=30).status_code == 200


def test_the_hash_is_not_the_key(service, ring):
    for line in ring.path.read_text().splitlines():
        problem(ask(service, line.split()[1].removeprefix("sha256:"), RECENT), 401)


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method in item:
            yield path, method.upper(), needed(path, method)


def needed(path, method):
    if path in OPEN:
        return None
    return "admin" if path.startswith(LETTERS) else "write" if method == "post" else "read"


@pytest.mark.parametrize("path, method, scope", operations())
def test_each_route_asks_for_its_scope(service, ring, path, method, scope):
    """Whoever gets past the door meets a bad parameter (422), a bad body (415) or an answer."""
    place_of = path.replace("{occurredAt}", "x").replace("{id}", "x").replace("{file}", "x")
    for name, key in {"none": None, **{name: ring[name] for name in ("reader", "writer", "admin", "all")}}.items():
        answer = ask(service, key, place_of, method)
        has = {"reader": {"read"}, "writer": {"write"}, "admin": {"admin"}, "all": {"read", "write", "admin"}}
        if scope is None or scope in has.get(name, ()):
            assert answer.status_code in (200, 404, 415, 422), (name, answer.text)
        else:
            problem(answer, 401 if key is None else 403)
            assert key is None or f'scope="{scope}"' in answer.headers["WWW-Authenticate"]


def test_a_preflight_needs_no_key(http, ring):
    service = http(ANALYTICS_HTTP_API_KEYS_FILE=ring.path, ANALYTICS_HTTP_CORS_ORIGINS="https://a.example")
    answer = requests.options(service.url + RECENT, timeout=30, headers={
        "Origin": "https://a.example", "Access-Control-Request-Method": "GET"})
    assert answer.status_code == 204
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


# ---- the file

BAD = {
    "nothing": "", "a comment": "# no key\n", "no hash": "a\n", "another hash": "a md5:00 read\n",
    "a short hash": "a sha256:00 read\n", "no scope": "a sha256:{h}\n", "an unknown scope": "a sha256:{h} read,root\n",
    "an unknown option": "a sha256:{h} read shape=round\n", "no rate": "a sha256:{h} read rate=0\n",
    "no tenant": "a sha256:{h} read tenant=\n",
    "a bad tenant": "a sha256:{h} read tenant=%zz\n",
    "a tenant's admin": "a sha256:{h} read,admin tenant=acme\n",
    "one id twice": "a sha256:{h} read\na sha256:{i} read\n",
    "one key twice": "a sha256:{h} read\nb sha256:{h} read\n", "a key as it is": "a {key} read\n"}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_refused_at_the_start(database, tmp_path, text):
    key = secrets.token_urlsafe(32)
    (tmp_path / "keys").write_text(text.format(h="ab" * 32, i="cd" * 32, key=key))
    run = daemon.Daemon(daemon.HTTP, {"ANALYTICS_DATABASE_URL": database.url,
                                      "ANALYTICS_HTTP_API_KEYS_FILE": tmp_path / "keys"})
    run.start()
    assert run.wait() == 78
    assert run.logs(event="setting_refused")[0]["setting"] == "ANALYTICS_HTTP_API_KEYS_FILE"
    assert key not in run.output() and "ab" * 32 not in run.output()


def test_a_file_that_is_not_there_is_refused(database, tmp_path):
    run = daemon.Daemon(daemon.HTTP, {"ANALYTICS_DATABASE_URL": database.url,
                                      "ANALYTICS_HTTP_API_KEYS_FILE": tmp_path / "nosuch"})
    run.start()
    assert run.wait() == 78


def test_sighup_reads_the_file_again(service, ring):
    old = ring["reader"]
    ring.path.write_text("")
    ring.add("reader", "read")
    problem(ask(service, ring["reader"], RECENT), 401)
    service.signal(signal.SIGHUP)
    assert service.await_log(event="keys_loaded")["keys"] == 1
    assert ask(service, ring["reader"], RECENT).status_code == 200
    problem(ask(service, old, RECENT), 401)


def test_a_bad_file_keeps_the_old_keys(service, ring):
    for text in ("nonsense\n", ""):
        ring.path.write_text(text)
        service.signal(signal.SIGHUP)
        service.await_log(event="keys_refused")
        assert ask(service, ring["reader"], RECENT).status_code == 200
    ring.path.unlink()
    service.signal(signal.SIGHUP)
    place.eventually(lambda: len(service.logs(event="keys_refused")) == 3, 10, what="the third refusal")
    assert ask(service, ring["reader"], RECENT).status_code == 200


@pytest.mark.parametrize("settings, is_reached", [({}, False), ({"ANALYTICS_ADMIN_HOST": "0.0.0.0"}, True)])
def test_with_keys_every_address_is_listened_on(database, ring, settings, is_reached):
    """The admin port, which asks for none, is this machine's until it is said otherwise."""
    ports = place.free_ports(2)
    with daemon.Daemon(daemon.HTTP, {"ANALYTICS_DATABASE_URL": database.url, "ANALYTICS_SERVICE_HOST": "0.0.0.0",
                                     "ANALYTICS_SERVICE_PORT": ports[0], "ANALYTICS_ADMIN_PORT": ports[1],
                                     "ANALYTICS_HTTP_API_KEYS_FILE": ring.path, **settings}) as run:
        run.await_log(event="started")
        assert requests.get(f"http://127.0.0.2:{ports[0]}{RECENT}", timeout=30).status_code == 401
        assert requests.get(f"http://127.0.0.1:{ports[1]}/livez", timeout=30).status_code == 200
        assert is_open("127.0.0.2", ports[1]) == is_reached


def test_no_key_is_ever_logged(http, ring):
    service = http(ANALYTICS_HTTP_API_KEYS_FILE=ring.path, ANALYTICS_LOG_LEVEL="debug")
    ask(service, ring["all"], RECENT)
    ask(service, "wrong" * 10, RECENT)
    service.await_log(event="request_served", status=401)
    assert ring["all"] not in service.output() and "wrongwrong" not in service.output()


# ---- rate

def test_a_key_that_is_used_too_often_is_429(http, ring):
    ring.add("slow", "read", "rate=2")
    service = http(ANALYTICS_HTTP_API_KEYS_FILE=ring.path)
    answers = [ask(service, ring["slow"], RECENT) for _ in range(40)]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(refused) >= 20 and len(refused) < 39
    for answer in refused:
        problem(answer, 429)
        assert int(answer.headers["Retry-After"]) == 1
    assert ask(service, ring["reader"], RECENT).status_code == 200, "another key has its own bucket"
    place.eventually(lambda: ask(service, ring["slow"], RECENT).status_code == 200, 5, what="a token")


# ---- tenants

MARK = "zz-umbra"


@pytest.fixture
def tenants(server, database, http, ring):
    """A service as roles.sql intends it, with events of two tenants and of none, and dead letters."""
    make_roles(server, database)
    database.sql("SELECT count(*) FROM analytics_ingest(%s::bytea[])", ([
        json.dumps(event(n, eventType=f"{tenant}.happened", source=f"{tenant}-service", tenantId=tenant,
                         payload={"of": tenant})).encode()
        for n in range(5) for tenant in ("acme", MARK)]
        + [json.dumps(event(9, eventType=f"{MARK}.nobody", payload={"of": MARK})).encode(),
           f'{{"{MARK}":1'.encode(), f'{{"{MARK}":1}}'.encode()],))
    ring.add("acme", "read,write", "tenant=acme")
    ring.add("nobody", "read,write", "tenant=nobody%20here")
    service = http(ANALYTICS_HTTP_API_KEYS_FILE=ring.path,
                   ANALYTICS_DATABASE_URL=server.url(database.name, "analytics_api"))
    service.database = database
    yield service
    service.terminate()
    database.sql("DROP OWNED BY analytics_writer, analytics_reader, analytics_operator, analytics_tenant, "
                 "analytics_ingestor, analytics_api")


def theirs(service):
    """Events that acme may not see, as (time, id)."""
    return service.database.rows("SELECT analytics_iso8601(occurred_at), id::text FROM analytics_events "
                                 "WHERE tenant_id IS DISTINCT FROM 'acme'")


def values_of(name, service):
    """What a parameter may be, so that another tenant's things are asked for; None: not given."""
    times, ids = zip(*theirs(service))
    return {"tenantId": [None, MARK, "acme", "%"], "eventType": [None, f"{MARK}.happened", f"{MARK}.nobody"],
            "occurredAt": times[:2], "id": ids[:2] + ("1", "2"), "limit": [None, 500],
            "reference": [None, "2026-03-04T05:07:00Z"], "windowMinutes": [None, 10080],
            "from": [None, "2026-03-04T00:00:00Z"], "to": [None, "2026-03-05T00:00:00Z"]}.get(name, [None])


@pytest.mark.parametrize("path, method, scope", operations())
@pytest.mark.parametrize("key", ["acme", "nobody"])
def test_no_route_shows_another_tenant(tenants, ring, path, method, scope, key):
    """Every route, with every combination of what its parameters may be."""
    item = DOCUMENT["paths"][path][method.lower()]
    found = [one if "$ref" not in one else DOCUMENT["components"]["parameters"][one["$ref"].rsplit("/", 1)[1]]
             for one in item.get("parameters", [])]
    count = 0
    for values in itertools.product(*(values_of(one["name"], tenants) for one in found)):
        where, query = path, {}
        for one, value in zip(found, values):
            if one["in"] == "path":
                where = where.replace("{" + one["name"] + "}", value)
            elif value is not None:
                query[one["name"]] = value
        answer = ask(tenants, ring[key], where, method, params=query)
        assert answer.status_code < 500, answer.text
        shown = answer.text + str({name: value for name, value in answer.headers.items() if name != "Link"})
        assert MARK not in shown, (where, query, answer.text)
        assert not any(id in shown for _, id in theirs(tenants)), (where, query, answer.text)
        count += 1
    assert count >= 1


def test_a_tenant_s_numbers_are_his_own(tenants, ring):
    counted = {"acme": 5, "nobody": 0}
    for key, count in counted.items():
        assert ask(tenants, ring[key], RECENT).json()["count"] == count
        told = ask(tenants, ring[key], SUMMARY, params={"reference": "2026-03-04T05:07:00Z"}).json()
        assert told["totalEvents"] == count
        assert told["eventsPerType"] == ({"acme.happened": 5} if count else {})
        assert (told["freshness"]["deadLetters"], told["freshness"]["lagRecords"]) == (0, None)
        buckets = ask(tenants, ring[key], "/v1/analytics/metrics/histogram",
                      params={"from": "2026-03-04T00:00:00Z", "to": "2026-03-05T00:00:00Z"}).json()
        assert buckets["totalEvents"] == count
    assert ask(tenants, ring["reader"], RECENT).json()["count"] == 11
    told = ask(tenants, ring["reader"], SUMMARY, params={"reference": "2026-03-04T05:07:00Z"}).json()
    assert told["totalEvents"] == 11


def test_a_tenant_stores_his_own_events_alone(tenants, ring):
    count = tenants.database.sql("SELECT count(*) FROM analytics_events")
    assert ask(tenants, ring["acme"], EVENTS, "POST", json=event(20, tenantId="acme")).status_code == 201
    assert ask(tenants, ring["acme"], EVENTS, "POST", json=event(20, tenantId="acme")).status_code == 200
    untimed = event(21, tenantId="acme")
    del untimed["occurredAt"]
    assert ask(tenants, ring["acme"], EVENTS, "POST", json=untimed).status_code == 201
    assert ask(tenants, ring["acme"], EVENTS, "POST", json=untimed).status_code == 200
    for foreign in (event(22, tenantId=MARK), event(23), event(24, tenantId="Acme"), event(0, tenantId=MARK),
                    [event(25, tenantId="acme"), event(26, tenantId=MARK)]):
        assert "tenant" in problem(ask(tenants, ring["acme"], EVENTS, "POST", json=foreign), 403)["detail"]
    assert tenants.database.sql("SELECT count(*) FROM analytics_events") == count + 2
    assert ask(tenants, ring["all"], EVENTS, "POST", json=event(27, tenantId=MARK)).status_code == 201


def test_who_comes_next_on_a_session_is_another(http, server, tenants, ring, database):
    """One session serves both in turn: neither sees what the other may."""
    service = http(ANALYTICS_HTTP_API_KEYS_FILE=ring.path, ANALYTICS_HTTP_POOL_SIZE=1,
                   ANALYTICS_DATABASE_URL=server.url(database.name, "analytics_api"))
    for _ in range(3):
        for key, count in (("acme", 5), ("nobody", 0), ("reader", 11)):
            assert ask(service, ring[key], RECENT).json()["count"] == count


@pytest.mark.parametrize("breach", ["ALTER TABLE analytics_events DISABLE ROW LEVEL SECURITY",
                                    "ALTER ROLE analytics_tenant BYPASSRLS"])
def test_without_policies_a_tenant_sees_nothing(server, tenants, ring, breach):
    """The shim has no filter of its own: it refuses to ask a database that does not restrict it."""
    assert ask(tenants, ring["acme"], RECENT).json()["count"] == 5
    tenants.database.sql(breach)
    try:
        for path in (RECENT, SUMMARY):
            answer = ask(tenants, ring["acme"], path)
            problem(answer, 503)
            assert "acme" not in answer.text and MARK not in answer.text
        assert "row-level security" in tenants.await_log(event="request_failed")["message"]
        assert ask(tenants, ring["reader"], RECENT).json()["count"] == 11
    finally:
        server.sql("ALTER ROLE analytics_tenant NOBYPASSRLS")


def test_a_service_without_the_tenants_role_refuses_tenants(http, ring):
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
