"""The dashboard in a browser, against the database: what is shown equals plain SQL over the events.

The pictures that the tests take are in .local/dashboard/: look at them after a change of the pages.
"""
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import Page
from http_client import event, get, post
from rig import daemon

WINDOWS = {"1h": "1 minute", "6h": "5 minutes", "24h": "30 minutes", "7d": "3 hours"}
TYPES = ["page.viewed", "cart.filled", "order.placed", "iam.user-registered", "guides.challenge-linked",
         "execution.analytics", "community.user-registered", "community.profile-updated",
         "challenges.solution-completed"]
BAD = ['{"colour":"red"}', '{"eventType":', '{"eventType":"order.placed","payload":{}}', '[1,2]',
       '{"eventType":"t","source":"s","occurredAt":"yesterday","payload":{}}',
       '{"eventType":"invoice.paid.v2","source":"s","payload":{"total":"s3cret"}}',
       *('{"orderId":%d' % n for n in range(7))]
EXACT = '{"total":12.50,"id":12345678901234567890,"text":"<b>\\"1.0\\"</b> \\u2028"}'

# Busier by day than by night, some types more frequent than others, two tenants and none; more of late than before.
FILL = """
INSERT INTO analytics_events (event_type, source, occurred_at, ingested_at, tenant_id, payload)
SELECT (%(types)s::text[])[1 + floor(9 * (n * 0.6180339 %% 1) ^ 2)::int], 'shop', at, at + interval '1 second',
       (ARRAY['acme', 'umbra', NULL])[1 + n %% 3],
       jsonb_build_object('order', n, 'total', 12.50, 'user', jsonb_build_object('id', 'u-' || n %% 41))
FROM generate_series(1, 12000) AS n,
     LATERAL (SELECT now() - interval '2 minutes' - random() * ('{1,6,24,24,167,167,167,167}'::int[])[1 + n %% 8]
                             * interval '1 hour') AS t (at)
WHERE (n * 0.7548777) %% 1 < 0.65 + 0.35 * sin(extract(epoch FROM at) / 86400 * 2 * pi() + n %% 5 * 0.1)
"""


@pytest.fixture(scope="module")
def shop(server, new_database):
    """A database that was lived in, and the daemon on it; nothing more arrives."""
    with new_database() as database:
        database.rows("SELECT analytics_create_partition(now() - n * interval '1 day') FROM generate_series(0, 8) AS n")
        database.sql(FILL, {"types": TYPES})
        database.sql("""INSERT INTO analytics_contracts (event_type, version, mode, schema)
                        VALUES ('invoice.paid', 2, 'enforce', '{"properties":{"total":{"type":"number"}}}')""")
        database.sql("SELECT analytics_ingest(%s::text[]::bytea[])", (BAD,))
        with daemon.Http(database.url) as service:
            yield service, database


@pytest.fixture
def page(chromium, shop):
    made = Page(chromium, shop[0].url)
    yield made
    assert made.complaints() == []


@pytest.fixture
def bare(chromium, http):
    """The dashboard over a database in which nothing is."""
    service = http()
    return Page(chromium, service.url), service


def expected(database, page, filters="true"):
    """(from, events by type) of what the page asked for, counted from the events."""
    query = parse_qs(urlsplit(page.asked("/metrics/histogram")).query)
    rows = database.rows(f"SELECT event_type, count(*) FROM analytics_events WHERE occurred_at >= %s"
                         f" AND occurred_at < now() AND {filters} GROUP BY 1 ORDER BY 2 DESC, 1", (query["from"][0],))
    return query["from"][0], rows


def legend(page):
    return [(name, int(count.replace(",", ""))) for name, count, _ in page.cells("#legend tr")]


# what is shown is what is stored

@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("query, filters", [
    ("", "true"), ("&tenant=acme", "tenant_id = 'acme'"), ("&type=order.placed", "event_type = 'order.placed'"),
    ("&tenant=umbra&type=page.viewed", "tenant_id = 'umbra' AND event_type = 'page.viewed'")])
def test_totals_and_types_are_those_of_sql(page, shop, window, query, filters):
    page.open(f"?window={window}{query}")
    start, rows = expected(shop[1], page, filters)
    minutes = {"1h": 60, "6h": 360, "24h": 1440, "7d": 10080}[window]
    assert shop[1].sql("SELECT now() - %s::timestamptz BETWEEN %s * interval '1 minute' AND %s * interval '1 minute'"
                       " + %s::interval + interval '30 seconds'", (start, minutes, minutes, WINDOWS[window]))
    assert rows and legend(page) == rows
    assert page.number("total") == sum(count for _, count in rows)


@pytest.mark.parametrize("window", WINDOWS)
def test_every_bar_is_the_count_of_sql(page, shop, window):
    page.open(f"?window={window}")
    page.js("document.getElementById('as-table').open = true")
    page.await_js("return document.querySelectorAll('#numbers tbody tr').length > 0")
    start, types = expected(shop[1], page)
    columns = page.cells("#numbers thead tr")[0][2:]
    first = [name for name, _ in types[:7]]
    assert columns == first + ["2 other types"] * (len(types) == 9)
    due = shop[1].rows(
        "SELECT count(e), " + ", ".join(["count(e) FILTER (WHERE event_type = %s)"] * len(first)) +
        " FROM generate_series(%s::timestamptz, now(), %s) AS b LEFT JOIN analytics_events AS e"
        " ON occurred_at >= b AND occurred_at < least(b + %s::interval, now()) GROUP BY b ORDER BY b DESC",
        (*first, start, WINDOWS[window], WINDOWS[window]))
    shown = [[int(cell.replace(",", "")) for cell in row[1:]] for row in page.cells("#numbers tbody tr")]
    assert [row[:1 + len(first)] for row in shown] == [list(row) for row in due]
    assert all(row[0] == sum(row[1:]) for row in shown)


def test_letters_are_those_of_sql_and_a_sample_is_the_record(page, shop):
    page.open()
    due = shop[1].rows("SELECT reason, open, sample_id FROM analytics_dead_letter_summary")
    rows = [(row[1], int(row[0])) for row in page.cells("#dead-letter-list li")]
    assert rows == [(reason, count) for reason, count, _ in due]
    assert page.number("open") == shop[1].sql("SELECT analytics_open_dead_letters()")
    page.js("document.querySelector('#dead-letter-list details').open = true")
    page.await_js("return document.querySelector('#dead-letter-list pre')")
    value = shop[1].sql("SELECT convert_from(value, 'UTF8') FROM analytics_dead_letters WHERE id = %s", due[0][2:])
    assert page.js("return document.querySelector('#dead-letter-list pre').textContent") == value


@pytest.mark.parametrize("reason, sentence", [
    ("unknown_shape", "would be an event if it had `eventType` and `payload`"),
    ("contract_violation", "would be `invoice.paid` v2 if `total` were a number"),
    ("missing_field", "would be an event if it had `source`")])
def test_a_sample_says_what_it_would_be(page, shop, reason, sentence):
    [(position, would_be)] = shop[1].rows("""
        SELECT s.position - 1, analytics_explain(d.value) ->> 'wouldBe'
        FROM analytics_dead_letters AS d,
             (SELECT sample_id, row_number() OVER () FROM analytics_dead_letter_summary) AS s (id, position)
        WHERE d.id = s.id AND d.reason = %s""", (reason,))
    page.open()
    details = f"document.querySelectorAll('#dead-letter-list details')[{position}]"
    page.js(f"{details}.open = true")
    page.await_js(f"return {details}.querySelector('pre')")
    assert would_be == sentence
    assert f"It {sentence}." in page.js(f"return {details}.textContent")


def test_recent_events_are_those_of_sql(page, shop):
    page.open("?tenant=acme")
    due = shop[1].rows("SELECT event_type, _analytics_iso8601(occurred_at)"
                       " FROM analytics_recent(20, tenant_id => 'acme')")
    shown = page.js("return [...document.querySelectorAll('#events li')].map(row =>"
                    " [row.querySelector('.type').textContent, row.querySelector('time').dateTime])")
    assert [tuple(row) for row in shown] == due
    page.js("document.getElementById('more').click()")
    page.await_js("return document.querySelectorAll('#events li').length === 50")


def test_freshness_is_that_of_sql(page, shop):
    assert page.open().text("lag-more") == "no consumer group is in use"
    shop[1].sql("INSERT INTO analytics_kafka_offsets (consumer_group, topic, partition, next_offset, owner,"
                " high_watermark) VALUES ('g', 't', 0, 5, 'o', 47)")
    page.poll()
    page.await_js("return document.getElementById('lag').innerText === '42'")
    assert page.js("return document.getElementById('lag-tile').dataset.mood") in ("busy", "bad")
    shop[1].sql("DELETE FROM analytics_kafka_offsets")
    page.poll()
    page.await_js("return document.getElementById('lag').innerText === '–'")


def test_digits_and_markup_are_shown_as_stored(bare, database):
    page, service = bare
    post(service, ('{"eventType":"<i>t</i>","source":"s","payload":%s}' % EXACT).encode())
    page.open()
    assert page.text("total") == "1"
    page.js("document.querySelector('#events details').open = true")
    page.await_js("return document.querySelector('#events pre')")
    shown = page.js("return document.querySelector('#events pre').textContent")
    numbers = {name: re.search(rf'"{name}": ([^,\n]*)', shown).group(1) for name in ("total", "id")}
    assert numbers == {"total": "12.50", "id": "12345678901234567890"}
    assert json.loads(shown) == database.sql("SELECT payload FROM analytics_events")
    assert page.cells("#events .type") == [["<i>t</i>"]]
    assert page.js("return document.querySelector('.type i')") is None
    assert page.complaints() == []


# it is alive

def test_what_arrives_appears_without_a_reload(bare):
    page, service = bare
    page.open()
    assert page.js("return document.getElementById('welcome').hidden") is False
    page.js("window.same = true")
    post(service, event(1, occurredAt=None, tenantId="acme"))
    page.await_js("return document.getElementById('total').innerText === '1'"
                  " && document.getElementById('welcome').hidden")
    page.js("document.querySelector('#events summary').focus(); document.querySelector('#events details').open = true")
    post(service, event(2, occurredAt=None))
    page.poll()
    page.await_js("return document.querySelectorAll('#events li').length === 2")
    assert page.js("return window.same && document.querySelectorAll('#events details')[1].open"
                   " && document.activeElement === document.querySelectorAll('#events summary')[1]")


def test_a_quiet_system_is_polled_without_bodies(page):
    page.open("?window=7d")
    page.poll()
    names = ["/metrics/histogram", "/metrics/summary", "/events/recent", "/dead-letters/summary"]
    unchanged = page.await_js(
        "const told = performance.getEntriesByType('resource').map(e => [e.name, e.responseStatus]);"
        "return told.length >= 4 && told")
    assert {part for url, status in unchanged for part in names if part in url and status == 304} == set(names)


def test_pausing_stops_the_polls(page):
    page.open()
    page.js("document.getElementById('pause').click()")
    page.await_state("paused")
    assert page.text("pause") == "Resume"
    page.js("document.getElementById('pause').click()")
    page.await_state("live")


# the URL says what is shown

def test_filters_are_in_the_url_and_back_goes_back(page):
    page.open()
    page.js("document.querySelector('[name=window][value=\"24h\"]').click()")
    page.js("const f = document.getElementById('filters').elements; f.type.value = 'order.placed';"
            " f.type.dispatchEvent(new Event('change', {bubbles: true})); f.tenant.value = 'acme';"
            " f.tenant.dispatchEvent(new Event('change', {bubbles: true}))")
    page.await_state("live")
    assert page.js("return location.search") == "?window=24h&tenant=acme&type=order.placed"
    assert [name for name, _ in legend(page)] == ["order.placed"]
    page.js("history.back()")
    page.await_js("return location.search === '?window=24h&type=order.placed'")
    page.await_state("live")
    assert page.js("return document.getElementById('filters').elements.tenant.value") == ""
    page.js("document.getElementById('clear').click()")
    page.await_js("return location.search === '?window=24h' && document.querySelectorAll('#legend tr').length > 1")


@pytest.mark.parametrize("query", ["?window=2y", "?window=__proto__", "?x=y", "?tenant=&type="])
def test_what_is_no_state_is_the_default(page, query):
    page.open(query)
    assert page.js("return document.querySelector('[name=window]:checked').value") == "1h"


# what goes wrong

def test_a_server_that_is_gone_leaves_the_last_numbers_marked(chromium, database, http):
    service = http()
    post(service, event(occurredAt=None))
    page = Page(chromium, service.url).open()
    service.terminate()
    page.poll()
    page.await_state("stale")
    assert page.text("trouble-title") == "The server does not answer" and page.text("total") == "1"
    assert "The numbers below are those of" in page.text("trouble-text")
    assert page.blemishes() == []
    page.picture("stale-dark")
    page.dress("light")
    page.picture("stale")
    page.js("document.querySelector('[name=window][value=\"7d\"]').click()")
    page.await_state("error")
    assert page.js("return getComputedStyle(document.getElementById('all')).display") == "none"
    service.start()
    service.await_answer()
    page.js("document.getElementById('retry').click()")
    page.await_state("live")
    assert page.text("total") == "1"


def test_a_database_that_is_away_is_told_and_its_return_is_noticed(server, bare):
    page, _ = bare
    server.stop()
    try:
        page.open(state="error")
        assert page.text("trouble-title") == "No answer at the moment"
        assert re.match("The database is not available. Trying again", page.text("trouble-text"))
        page.picture("error")
        assert page.blemishes() == []
        page.picture("error-dark")
    finally:
        server.start()
    page.await_state("live", 60)


@pytest.mark.parametrize("status, title", [(503, "No answer at the moment"), (429, "Asked too often")])
def test_a_retry_after_is_kept_to_however_long(page, status, title):
    """Longer than the page's own patience, and than the service itself ever says."""
    page.open()
    page.js(f"window.fetch = async () => new Response('{{}}', {{status: {status}, headers: {{'Retry-After': '120'}}}})")
    page.poll()
    page.await_state("stale")
    assert page.text("trouble-title") == title
    assert re.search(r"Trying again in 1[12]\d s", page.text("trouble-text"))


def test_refused_filters_are_explained(page):
    page.open("?tenant=" + "x" * 65, state="error")
    assert page.text("trouble-title") == "The filters are refused" and "tenantId" in page.text("trouble-text")


# by keyboard, by ear, on a phone, at night

def test_all_is_reached_and_done_by_keyboard(page):
    from selenium.webdriver.common.keys import Keys
    page.open("?window=1h")
    seen = []
    for _ in range(11):
        page.keys(Keys.TAB)
        seen.append(page.focused().split("|")[0])
    assert seen[:9] == ["skip", "pause", "", "window", "type", "tenant", "chart", "", ""], seen
    page.js("document.getElementById('chart').focus()")
    page.keys(Keys.HOME)
    first = page.js("return document.getElementById('chart').getAttribute('aria-valuetext')")
    page.keys(Keys.ARROW_RIGHT)
    second = page.js("return document.getElementById('chart').getAttribute('aria-valuetext')")
    assert re.match(r"\d\d:\d\d to \d\d:\d\d: [\d,]+ events?", first) and first != second
    assert first.split(" to ")[1][:5] == second.split(" to ")[0]
    assert page.js("return document.getElementById('tip').hidden") is False
    page.keys(Keys.ESCAPE)
    assert page.js("return document.getElementById('tip').hidden") is True
    page.js("document.querySelector('[name=window]:checked').focus()")
    page.keys(Keys.ARROW_RIGHT)
    page.await_js("return location.search === '?window=6h'")
    page.js("document.querySelector('#legend button').focus()")
    page.keys(Keys.ENTER)
    page.await_js("return document.querySelectorAll('#legend tr').length === 1")
    assert page.js("return document.activeElement.getAttribute('aria-pressed')") == "true"


def test_the_pointer_is_told_the_bar_below_it(page, shop):
    page.open("?window=24h")
    page.js("window.scrollTo(0, 0)")
    x, y = page.js("const r = document.getElementById('bars').getBoundingClientRect();"
                   " return [r.left + r.width - 120, r.top + r.height / 2]")
    page.cdp("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    page.await_js("return !document.getElementById('tip').hidden")
    told = page.js("return document.getElementById('chart').getAttribute('aria-valuetext')")
    place = int(page.js("return document.getElementById('chart').getAttribute('aria-valuenow')"))
    start, _ = expected(shop[1], page)
    due = shop[1].sql("SELECT count(*) FROM analytics_events,"
                      " (SELECT %s::timestamptz + %s * interval '30 minutes') AS b (at)"
                      " WHERE occurred_at >= at AND occurred_at < at + interval '30 minutes'", (start, place))
    assert int(re.search(r": ([\d,]+) event", told).group(1).replace(",", "")) == due
    page.picture("hover", is_whole=False)


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_axe_finds_nothing_serious(page, size):
    page.open("?window=24h", size=size)
    page.js("for (const d of document.querySelectorAll('#as-table, li:first-child > details')) d.open = true")
    page.await_js("return document.querySelector('#dead-letter-list pre') && document.querySelector('#events pre')")
    assert page.blemishes() == []


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("window", ["1h", "7d"])
def test_it_fits_and_has_its_picture_taken(page, size, window):
    page.open(f"?window={window}", size=size)
    page.js("for (const list of ['#dead-letter-list', '#events'])"
            " document.querySelector(`${list} details`).open = true")
    page.await_js("return document.querySelector('#dead-letter-list pre')")
    assert page.fits()
    for scheme in ("light", "dark"):
        page.dress(scheme)
        page.picture(f"{size}-{scheme}-{window}")


def test_an_empty_system_says_how_to_begin(bare):
    page, service = bare
    page.open()
    assert service.url in page.text("example")
    page.picture("empty")
    assert page.blemishes() == []
    page.picture("empty-dark")


def test_a_window_without_events_says_so(page):
    page.open("?tenant=nobody")
    assert page.text("nothing") == "No event in the last hour with these filters." and page.text("total") == "0"
    assert page.js("return document.getElementById('welcome').hidden") is True
    page.picture("nothing")
    assert page.blemishes() == []
    page.picture("nothing-dark")


def test_where_no_key_is_needed_none_is_asked_for(page):
    page.open()
    assert page.js("return ['login', 'forget'].map(id => document.getElementById(id).checkVisibility())") == [False] * 2


# the page itself

def test_the_page_is_made_of_files_of_ours_alone(shop):
    answer = get(shop[0], "/", window="7d", anything="else")
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
    assert not re.search(r"<style|<script(?![^>]*src=)|\bstyle=|\bon\w+=", answer.text)
    waiting, seen = set(re.findall(r'"(/assets/[^"]*)"', answer.text)), set()
    assert len(waiting) == 3
    while waiting:
        path = waiting.pop()
        seen.add(path)
        part = get(shop[0], path)
        assert part.status_code == 200 and "immutable" in part.headers["Cache-Control"]
        assert "{{" not in part.text and not re.search(r"https?://(?!www\.w3\.org/2000/svg)", part.text)
        waiting |= set(re.findall(r'"(/assets/[^"]*)"', part.text)) - seen
    assert len(seen) == 17
