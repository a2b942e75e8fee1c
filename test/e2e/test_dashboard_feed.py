"""Feeds in a browser: the dashboard refreshes as soon as something has changed, and an EventSource goes on."""
import statistics
import time

import pytest
import requests
from browser import Page
from events_stream import Cutter
from feeds import Copy, chance, change, make_feed, page as feed_page, tick
from http_client import event, post
from keys import KeyFile
from rig import place

MANY = 10
HEAD = 1_000  # bytes, at most; an EventSource gives up when the answer's head is cut
SCRIPT = """
    window.items = [];
    window.source = new EventSource(arguments[0]);
    for (const operation of ["put", "delete", "drop"])
        source.addEventListener(operation, (event) => items.push([event.lastEventId, JSON.parse(event.data)]));
"""


def shown(page, database, service, number):
    """Seconds from an event's commit until the dashboard shows it."""
    post(service, event(number, occurredAt=None))
    begun = time.monotonic()
    tick(database)
    place.eventually(lambda: page.js("return document.getElementById('total').innerText") == str(number), every=0.01,
                     what=f"a total of {number}")
    return time.monotonic() - begun


def test_a_new_event_is_shown_at_once(chromium, http, database):
    """By polling alone each of them would take up to five seconds, and together some fifty."""
    service = http()
    make_feed(database)
    page = Page(chromium, service.url).open()
    took = [shown(page, database, service, number) for number in range(1, MANY + 1)]
    print("seconds until an event is shown:", [round(seconds, 2) for seconds in took])
    assert sum(took) < 2 * MANY and statistics.median(took) < 2
    assert page.complaints() == []


def test_with_a_key_and_without_a_feed_it_is_shown_as_well(chromium, http, database, tmp_path):
    """A feed that is dropped and made again is noticed; the polls go on meanwhile."""
    ring = KeyFile(tmp_path / "keys")
    key = ring.add("reader", "read")
    service = http(ANALYTICS_HTTP_API_KEYS_FILE=ring.path)
    make_feed(database, "some", event_types=["other"])
    make_feed(database)
    page = Page(chromium, service.url).open(state="locked")
    page.js("const field = document.getElementById('key'); field.value = arguments[0]; field.form.requestSubmit()", key)
    page.await_state("live")
    page.await_js("return performance.getEntriesByType('resource').some(e => e.name.includes('/feeds/all?after=now'))")
    for number, statement in enumerate(("SELECT 1", "SELECT analytics_drop_feed('all')"), 1):
        database.sql(statement)
        database.sql("SELECT analytics_ingest(ARRAY[%s::bytea])", (
            b'{"eventType":"t","source":"s","payload":{},"eventId":"%d"}' % number,))
        tick(database)
        page.await_js(f"return document.getElementById('total').innerText === '{number}'")
    page.js("sessionStorage.clear()")
    assert page.complaints() == []


def test_a_page_that_is_paused_waits_for_nothing(chromium, http, database):
    service = http()
    make_feed(database)
    page = Page(chromium, service.url).open()

    def await_waiting(count):
        place.eventually(lambda: f"analytics_http_feed_readers {count}\n" in requests.get(
            service.admin_url + "/metrics", timeout=30).text, what=f"{count} readers")

    await_waiting(1)
    page.js("document.getElementById('pause').click()")
    await_waiting(0)
    page.js("document.getElementById('pause').click()")
    await_waiting(1)


@pytest.mark.parametrize("after", ["beginning", "now"])
def test_an_event_source_goes_on_after_each_cut(chromium, http, database, after):
    """Real ones, of a page of another origin; a browser connects again a second later."""
    random = chance()
    service = http(ANALYTICS_HTTP_CORS_ORIGINS="*")
    make_feed(database)
    if after == "beginning":
        change(database, random, 10)
        tick(database)
    chromium.get(service.url + "/health")
    with Cutter(service.port, random, most=8_000, least=HEAD) as cutter:
        chromium.execute_script(SCRIPT, f"http://127.0.0.1:{cutter.door}/v1/analytics/feeds/all?after={after}")
        place.eventually(lambda: chromium.execute_script("return source.readyState") == 1, what="a connection")
        for _ in range(20):
            change(database, random, 2)
            tick(database)
        last = feed_page(service, after="now")["next"]

        def copied():
            made = Copy()
            for id, item in chromium.execute_script("return items"):
                assert id == item["position"]
                made.apply(item)
            return made.holds(database) and made

        assert place.eventually(copied, 60, what=f"a copy that is the table, up to {last}").agrees(database)
        assert cutter.cuts >= 1
        chromium.execute_script("source.close()")
