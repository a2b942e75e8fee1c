"""Who may call analytics-http: keys, their scopes, their file, their rate."""
import json
import re
import secrets
import signal

import pytest
import requests

from rig import daemon, place

from http_client import EVENTS, RECENT, Raw, is_open, problem
from keys import KeyFile, ask

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
        raw.send(f"GET {RECENT} HTTP/1.1\r\nHost: localhost\r\n{line}{line}\r\n".encode())
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
    return "admin" if path.startswith(LETTERS) else "write" if (path, method) == (EVENTS, "post") else "read"


@pytest.mark.parametrize("path, method, scope", operations())
def test_each_route_asks_for_its_scope(service, ring, path, method, scope):
    """Whoever gets past the door meets a bad parameter (422), a bad body (415) or an answer."""
    place_of = re.sub("{[A-Za-z]+}", "x", path)
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


@pytest.mark.parametrize("settings, is_reached", [({}, False), ({"ANALYTICS_HTTP_ADMIN_HOST": "0.0.0.0"}, True)])
def test_with_keys_every_address_is_listened_on(database, ring, settings, is_reached):
    """The admin port, which asks for none, is this machine's until it is said otherwise."""
    ports = place.free_ports(2)
    with daemon.Daemon(daemon.HTTP, {"ANALYTICS_DATABASE_URL": database.url, "ANALYTICS_SERVICE_HOST": "0.0.0.0",
                                     "ANALYTICS_SERVICE_PORT": ports[0], "ANALYTICS_HTTP_ADMIN_PORT": ports[1],
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
