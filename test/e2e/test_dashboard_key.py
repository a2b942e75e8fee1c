"""The dashboard of a service that asks for API keys: how a key is given, where it is, and what one that may not see all
is told. Against a real service with a file of keys, as an operator sets it up with roles.sql.

The pictures that the tests take are in .local/dashboard/: look at them after a change of the pages.
"""
import json
import signal

import pytest
from browser import Page
from http_client import event
from keys import KeyFile, make_roles
from rig import daemon, place

WRONG = "x" * 43
EVENTS = [json.dumps(event(n, eventType=f"{tenant}.happened", tenantId=tenant, occurredAt=None))
          for n, tenant in enumerate(["acme", "acme", "acme", "umbra", "umbra"])]
BAD = ['{"colour":"red"}', '{"eventType":']
SCOPES = {"reader": ["read"], "ops": ["read,write,admin"], "writer": ["write"], "keeper": ["admin"],
          "slow": ["read,admin", "rate=1"], "acme": ["read", "tenant=acme"]}


@pytest.fixture(scope="module")
def guarded(server, new_database, tmp_path_factory):
    """A service that asks for keys, with its database and its ring."""
    ring = KeyFile(tmp_path_factory.mktemp("keys") / "keys")
    for name, options in SCOPES.items():
        ring.add(name, *options)
    with new_database() as database:
        make_roles(server, database)
        database.sql("SELECT analytics_ingest(%s::text[]::bytea[])", (EVENTS + BAD,))
        with daemon.Http(server.url(database.name, "analytics_api"), ANALYTICS_HTTP_API_KEYS_FILE=ring.path) as service:
            service.ring, service.database = ring, database
            yield service
        database.sql("DROP OWNED BY analytics_writer, analytics_reader, analytics_operator, analytics_tenant, "
                     "analytics_ingestor, analytics_api, analytics_maintainer")


@pytest.fixture
def page(chromium, guarded):
    made = Page(chromium, guarded.url)
    yield made
    made.js("sessionStorage.clear()")
    assert made.complaints() == []


def give(page, key):
    page.js("const field = document.getElementById('key'); field.value = arguments[0]; field.form.requestSubmit()", key)


def enter(page, key, **options):
    """The dashboard, looked at with this key."""
    page.open(state="locked", **options)
    give(page, key)
    page.await_state("live")


def fault(page):
    """What is said of the key that was given, once something is."""
    return page.await_js("return document.getElementById('key-fault').innerText")


def is_seen(page, *names):
    return page.js("return arguments[0].map(name => document.getElementById(name).checkVisibility())", names)


def stored(page):
    return page.js("return JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])")


def read_again(service):
    """SIGHUP, and the keys are those of the file."""
    count = len(service.logs(event="keys_loaded"))
    service.signal(signal.SIGHUP)
    place.eventually(lambda: len(service.logs(event="keys_loaded")) > count, what="the keys to be read again")


# giving one

def test_without_a_key_it_asks_for_one_and_shows_nothing(page):
    page.open(state="locked")
    assert is_seen(page, "login", "all", "filters", "trouble", "pause", "forget") == [True] + [False] * 5
    assert page.text("status") == "A key is needed" and page.text("key-fault") == ""
    told = page.told("#key")
    assert (told["role"], told["name"], told["focused"], told["required"]) == ("textbox", "API key", True, True)
    assert told["description"].startswith("This service answers only with an API key.")


def test_a_wrong_key_is_told_and_the_right_one_opens_by_keyboard(page, guarded):
    from selenium.webdriver.common.keys import Keys
    page.open("?window=6h", state="locked")
    page.keys(WRONG, Keys.ENTER)
    assert fault(page) == "This key is not known. It may be mistyped, or no longer in use."
    told = page.told("#key")
    assert told["invalid"] == "true" and told["focused"] and "This key is not known." in told["description"]
    assert page.told("#key-fault")["role"] == "alert"
    assert WRONG not in stored(page) and is_seen(page, "all") == [False]
    page.keys(guarded.ring["reader"], Keys.ENTER)  # in place of the wrong one, which is selected
    page.await_state("live")
    assert page.number("total") == guarded.database.sql("SELECT count(*) FROM analytics_events")
    assert page.js("return location.search") == "?window=6h", "what the link shows is shown"
    assert is_seen(page, "login", "forget") == [False, True] and page.js("return document.activeElement.id") == "main"


@pytest.mark.parametrize("text, said", [
    ("", "Type or paste a key."), (" ", "Type or paste a key."), ("two words", "No key holds blanks"),
    ("ключ", "No key holds blanks")])
def test_what_can_be_no_key_is_not_sent(page, text, said):
    page.open(state="locked")
    page.js("window.sent = 0; const real = fetch; window.fetch = (...all) => { sent += 1; return real(...all); }")
    give(page, text)
    assert fault(page).startswith(said)
    assert page.js("return sent") == 0 and page.js("return document.activeElement.id") == "key"


def test_a_key_that_is_typed_can_be_looked_at(page):
    page.open(state="locked")
    assert page.js("return document.getElementById('key').type") == "password"
    page.js("document.getElementById('peek').click()")
    assert page.js("return document.getElementById('key').type") == "text"
    assert page.told("#peek")["pressed"] == "true"


def test_while_a_key_is_needed_nothing_is_asked(page):
    page.open(state="locked")
    page.js("window.sent = 0; window.fetch = () => { sent += 1; }")
    page.js("document.dispatchEvent(new Event('visibilitychange')); history.pushState(null, '', '?window=6h');"
            " dispatchEvent(new PopStateEvent('popstate'))")
    assert page.js("return sent") == 0


# where it is

def test_the_key_is_in_this_tab_and_in_no_address(page, guarded):
    key = guarded.ring["reader"]
    enter(page, key)
    assert json.loads(stored(page)) == [{"analytics_events.key": key}, {}, ""]
    assert key not in page.js("return document.documentElement.outerHTML + location + history.length + document.title +"
                              " performance.getEntriesByType('resource').map(entry => entry.name)")
    assert "Authorization: Bearer KEY" in page.js("return document.getElementById('example').textContent")
    page.open(state="live")
    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    try:
        page.open(state="locked")
    finally:
        page.browser.close()
        page.browser.switch_to.window(first)


def test_a_key_that_is_forgotten_takes_the_numbers_with_it(page, guarded):
    enter(page, guarded.ring["reader"])
    assert "acme.happened" in page.js("return document.body.textContent")
    page.js("document.getElementById('forget').click()")
    page.await_state("locked")
    assert json.loads(stored(page)) == [{}, {}, ""]
    assert "acme.happened" not in page.js("return document.documentElement.outerHTML")


def test_a_key_that_is_withdrawn_closes_the_page(page, guarded):
    key = guarded.ring.add("guest", "read")
    read_again(guarded)
    enter(page, key)
    lines = guarded.ring.path.read_text().splitlines(keepends=True)
    guarded.ring.path.write_text("".join(line for line in lines if not line.startswith("guest ")))
    read_again(guarded)
    page.poll()
    assert fault(page).startswith("This key is not known.")
    assert is_seen(page, "login", "all", "filters") == [True, False, False]
    assert json.loads(stored(page)) == [{}, {}, ""]


# what it may see

def test_a_key_without_admin_is_told_so_and_sees_the_rest(page, guarded):
    enter(page, guarded.ring["reader"])
    assert page.text("no-dead-letters") == "They cannot be shown: the key does not have the scope admin."
    assert page.number("total") == 5
    assert page.number("open") == guarded.database.sql("SELECT analytics_open_dead_letters()")
    assert len(page.cells("#events li")) == 5
    page.poll()
    page.await_js("return performance.getEntriesByType('resource').length >= 3")
    assert not page.js("return performance.getEntriesByType('resource').some(e => e.name.includes('/dead-letters'))"), \
        "what was refused is not asked for again and again"


def test_a_key_with_admin_sees_the_letters(page, guarded):
    enter(page, guarded.ring["ops"])
    due = guarded.database.rows("SELECT reason, open FROM analytics_dead_letter_summary")
    assert [(row[1], int(row[0])) for row in page.cells("#dead-letter-list li")] == due
    page.js("document.querySelector('#dead-letter-list details').open = true")
    page.await_js("return document.querySelector('#dead-letter-list pre')")
    assert page.js("return document.querySelector('#dead-letter-list pre').textContent") in BAD


@pytest.mark.parametrize("name", ["writer", "keeper"])
def test_a_key_that_may_not_read_is_told_so(page, guarded, name):
    page.open(state="locked")
    give(page, guarded.ring[name])
    assert fault(page) == "This key may not look at events and numbers: it does not have the scope read."
    assert json.loads(stored(page)) == [{}, {}, ""]


def test_a_tenant_s_key_is_not_told_that_all_is_well_elsewhere(page, guarded):
    """The service says 0 dead letters and no lag of what such a key may not see."""
    enter(page, guarded.ring["acme"])
    assert page.number("total") == 3 and page.text("lag") == "–"
    assert page.text("open-more") == page.text("lag-more") == "none that this key may see"


def test_a_key_of_a_low_rate_waits_as_it_is_told(page, guarded):
    """One request a second, four make up a picture: all come, each again no sooner than its 429 said."""
    page.open(state="locked")
    page.js("window.told = []; const real = fetch; window.fetch = async (url, ...rest) => {"
            " const began = performance.now(); const answer = await real(url, ...rest);"
            " told.push([url, answer.status, began, performance.now()]); return answer; }")
    give(page, guarded.ring["slow"])
    page.await_state("live")
    assert page.number("total") == 5 and len(page.cells("#dead-letter-list li")) == 2
    told = page.js("return told")
    refused = [(url, ended) for url, status, _, ended in told if status == 429]
    pauses = [min(began for again, _, began, _ in told if again == url and began >= ended) - ended
              for url, ended in refused]
    assert len(pauses) >= 3 and min(pauses) >= 990, told  # Retry-After: 1, and timers may be a little early


def test_an_event_is_saved_where_a_link_would_be_refused(page, guarded, tmp_path):
    enter(page, guarded.ring["reader"])
    page.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.js("document.querySelector('#events details').open = true")
    page.await_js("return document.querySelector('#events details a')")
    page.js("document.querySelector('#events details a').click()")
    [saved] = place.eventually(lambda: list(tmp_path.glob("*.json")), what="the file")
    member = json.loads(saved.read_text())
    assert [member["eventType"], member["tenantId"]] == list(guarded.database.rows(
        "SELECT event_type, tenant_id FROM analytics_events WHERE id = %s", (member["id"],))[0])


# how it looks

@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_axe_finds_nothing_serious_at_the_login(page, size):
    page.open(state="locked", size=size)
    give(page, WRONG)
    fault(page)
    assert page.fits()
    page.picture(f"login-{size}-light")
    assert page.blemishes() == []
    page.picture(f"login-{size}-dark")


def test_axe_finds_nothing_serious_where_letters_are_withheld(page, guarded):
    enter(page, guarded.ring["acme"], size="phone")
    assert page.fits()
    page.picture("withheld")
    assert page.blemishes() == []
