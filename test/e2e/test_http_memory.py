"""analytics-http's memory: whatever clients ask for and do not take, answers cost what the budget allows, and others
are answered meanwhile. The unit's MemoryMax is 1 GiB; what is asserted here is far below it."""
import concurrent.futures
import json
import re

import pytest
import requests

from rig import place

from http_client import EVENTS, RECENT, event, get, pages
from siege import UP, WITHIN, crowd, memory, seconds_of

MIB = 1 << 20
PAGE = 2 * MIB  # of items, unless one alone has more
LETTERS = "/v1/analytics/dead-letters"


def in_memory(service):
    """Bytes of the service that are in memory now."""
    return 1024 * int(re.search(r"VmRSS:\s+(\d+) kB", open(f"/proc/{service.process.pid}/status").read())[1])


def kernel_memory():
    """Bytes that the kernel has for TCP's sockets."""
    return 4096 * int(re.search(r"TCP: .* mem (\d+)", open("/proc/net/sockstat").read())[1])


def fill(database, count, size):
    """So many events of a payload of so many bytes, which do not compress."""
    database.sql("""
        INSERT INTO analytics_events (id, event_type, source, occurred_at, payload)
        SELECT gen_random_uuid(), 'large', 'tests', timestamptz '2026-03-04 05:06:07Z' + n * interval '1 second',
               jsonb_build_object('fill', (SELECT string_agg(md5(n::text || '-' || k), '')
                                           FROM generate_series(1, %s / 32) AS k))
        FROM generate_series(1, %s) AS n""", (size, count))


@pytest.fixture
def large(database):
    database.sql("SELECT analytics_create_partition('2026-03-04')")
    fill(database, 60, MIB)
    return database


def warm(service):
    for _ in range(20):
        seconds_of(service, "/health")
    return memory(service)


def asset(service):
    """The largest that a page loads."""
    page = requests.get(service.url + "/docs", timeout=30).text
    paths = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    return max(paths, key=lambda path: int(requests.head(service.url + path, timeout=30).headers["Content-Length"]))


# who does not read

@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_three_thousand_who_do_not_read_an_asset(http, coding):
    service = http()
    before, kernel = warm(service), kernel_memory()
    said = f"GET {asset(service)} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {coding}\r\n\r\n".encode()
    with crowd(service.port, 3000, said):
        for path in ("/health", RECENT):
            place.eventually(lambda: get(service, path).status_code == 200, 15, what="the end of the flood of requests")
            assert min(seconds_of(service, path) for _ in range(5)) < WITHIN
        assert memory(service) - before < 64 * MIB
        assert kernel_memory() - kernel < 512 * MIB


def test_hundreds_who_do_not_read_pages(http, large):
    """What they hold together stays within the budget; others are answered, once the slowest were let go at the latest.
    """
    service = http()
    before = warm(service)
    page = f"GET {RECENT}?limit=500 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with crowd(service.port, 300, page) as clients:
        place.eventually(lambda: service.logs(event="overloaded"), 30, what="the overload's log line")
        for path in ("/health", RECENT + "?limit=500"):
            place.eventually(lambda: get(service, path).status_code == 200, 15, what=path)
        assert service.running
        assert memory(service) - before < 400 * MIB
        for answer in [client.answer() for client in clients[-3:]]:
            if answer and answer[0] == 503:
                assert int(answer[1]["retry-after"]) >= 1 and json.loads(answer[2])["status"] == 503
    place.eventually(lambda: in_memory(service) - before < 100 * MIB, 30, what="memory that goes back")


# pages

def test_a_page_has_as_many_bytes_as_rows(http, large):
    """Nothing is lost, nothing twice, and in one go as many as fit."""
    service = http()
    before = warm(service)
    seen = []
    for page in pages(service, limit=500):
        assert page["count"] == len(page["items"]) >= 1
        assert len(json.dumps(page["items"])) < PAGE + 64_000
        seen += [item["occurredAt"] for item in page["items"]]
    assert len(seen) == len(set(seen)) == 60 and seen == sorted(seen, reverse=True)
    assert memory(service) - before < 48 * MIB


def test_an_item_larger_than_a_page_is_a_page(http, database):
    service = http(ANALYTICS_HTTP_MAX_BODY_BYTES=16 * MIB)
    database.sql("SELECT analytics_create_partition('2026-03-04')")
    fill(database, 3, 3 * MIB)
    sizes = [page["count"] for page in pages(service, limit=50)]
    assert sizes == [1, 1, 1]


def test_small_items_fill_the_page(http, database):
    service = http()
    database.sql("SELECT analytics_create_partition('2026-03-04')")
    fill(database, 700, 640)
    assert [page["count"] for page in pages(service, limit=500)] == [500, 200]


def test_pages_of_dead_letters_are_bounded(http, database):
    service = http()
    database.sql("""INSERT INTO analytics_dead_letters (reason, detail, value)
                    SELECT 'invalid_json', n || repeat('x', 1000000), 'x' FROM generate_series(1, 5) AS n""")
    seen, cursor = [], {}
    while True:
        answer = get(service, LETTERS, limit=500, **cursor)
        assert answer.status_code == 200 and len(answer.content) < PAGE + 64_000
        seen += [item["id"] for item in answer.json()["items"]]
        if "next" not in answer.links:
            break
        cursor = {"cursor": re.search("cursor=([^&]+)", answer.links["next"]["url"])[1]}
    assert len(seen) == len(set(seen)) == 5


def test_many_pages_at_once_cost_a_few_of_them(http, large):
    service = http()
    before = warm(service)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: get(service, RECENT, limit=500).status_code, range(64)))
    assert set(answers) <= {200, 503} and answers.count(200) > 32
    assert memory(service) - before < 200 * MIB


def test_bodies_and_answers_have_one_budget(http, large):
    """Half-sent bodies leave no room for large answers, small ones are given; then whoever dawdles is let go."""
    service = http()
    head = (f"POST {EVENTS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {8 * MIB}\r\n\r\n").encode()
    with crowd(service.port, 20, head) as clients:
        for client in clients:
            client.send(b" " * (7 * MIB))
        assert requests.get(service.url + "/health", timeout=10).content == UP
        assert requests.post(service.url + EVENTS, json=event(1), timeout=10).status_code == 201
        place.eventually(lambda: get(service, RECENT, limit=500).status_code == 200, 15, what="a page")
