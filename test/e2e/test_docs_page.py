"""/docs in a browser: the viewer that http/web/fetch brought, and the plain page of a build without it.

The latter is made in a copy of what is built here, so that no object is made anew; where this build is one without the
viewer itself, the viewer's tests are skipped and say so.
"""
import json
import shutil
import subprocess

import pytest
from browser import Page
from http_client import event
from keys import KeyFile
from rig import daemon, place

DOCUMENT = json.loads((place.ROOT / "http" / "openapi.json").read_text())
OPERATIONS = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item}


def asked_elsewhere(page):
    """What the page has asked for that is not ours."""
    urls = page.js("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert urls
    return [url for url in urls if not url.startswith((page.url + "/", "data:"))]


# the viewer

@pytest.fixture(scope="module")
def service(new_database, tmp_path_factory):
    """A service that asks for keys, which most of the viewer's answers need, with some events."""
    ring = KeyFile(tmp_path_factory.mktemp("keys") / "keys")
    ring.add("reader", "read")
    with new_database() as database:
        orders = [json.dumps(event(n, eventType="order.placed", tenantId="acme")) for n in range(3)]  # as in examples
        database.sql("SELECT analytics_ingest(%s::text[]::bytea[])", (orders,))
        with daemon.Http(database.url, ANALYTICS_HTTP_API_KEYS_FILE=ring.path) as running:
            running.ring = ring
            yield running


@pytest.fixture
def viewer(chromium, service):
    page = Page(chromium, service.url).open("docs", state=None)
    if "built without the viewer" in page.text("docs"):
        pytest.skip("built without the viewer, which http/web/fetch could not bring")
    page.await_js(f"return document.querySelectorAll('.opblock').length === {len(OPERATIONS)}")
    yield page
    assert page.complaints() == []


def unfold(page, operation):
    """Opens an operation's part of the page for trying it out; returns the selector of the part."""
    [part] = page.js("return [...document.querySelectorAll('.opblock')].map(e => e.id)"
                     ".filter(id => id.endsWith('-' + arguments[0]))", operation)
    page.js("document.querySelector(`#${arguments[0]} .opblock-summary-control`).click()", part)
    page.await_js(f"return document.querySelector('#{part} .try-out__btn')").click()
    page.await_js(f"return document.querySelector('#{part} .execute')")
    return "#" + part


def answer(page, part):
    """Executes it: (status, body)."""
    page.js("document.querySelector(`${arguments[0]} .execute`).click()", part)
    table = f"document.querySelector('{part} .live-responses-table tbody')"
    page.await_js(f"return {table}?.querySelector('.response-col_status')")
    return page.js(f"return [{table}.querySelector('.response-col_status').firstChild.textContent.trim(),"
                   f" {table}.querySelector('.highlight-code pre, pre').textContent]")


def test_the_viewer_lists_every_operation(viewer):
    listed = viewer.js("return [...document.querySelectorAll('.opblock-summary')].map(row =>"
                       " [row.querySelector('.opblock-summary-method').textContent,"
                       "  row.querySelector('.opblock-summary-path').dataset.path])")
    assert sorted(map(tuple, listed)) == sorted(OPERATIONS)
    viewer.picture("docs")


def test_the_viewer_asks_no_other_host_and_breaks_no_policy(viewer):
    """All that the browser says counts here: a request that was blocked, too."""
    assert asked_elsewhere(viewer) == []
    assert viewer.browser.get_log("browser") == []


def test_trying_out_shows_the_answer(viewer):
    status, body = answer(viewer, unfold(viewer, "health"))
    assert (status, json.loads(body)) == ("200", {"status": "UP"})
    assert asked_elsewhere(viewer) == []


def test_the_viewer_takes_a_key(viewer, service):
    part = unfold(viewer, "recentEvents")
    assert answer(viewer, part)[0] == "401"
    viewer.js("document.querySelector('.auth-wrapper .authorize').click()")
    viewer.await_js("return document.querySelector('.dialog-ux input')").click()
    viewer.keys(service.ring["reader"])
    viewer.js("document.querySelector('.dialog-ux button.authorize').click()")
    viewer.await_js("return document.querySelector('.dialog-ux .btn-done')").click()
    viewer.js(f"document.querySelector('{part} .btn-clear').click()")
    viewer.await_js(f"return !document.querySelector('{part} .live-responses-table')")
    status, body = answer(viewer, part)
    assert status == "200" and json.loads(body)["items"][0]["eventType"] == "order.placed"
    assert service.ring["reader"] not in viewer.js("return location.href + JSON.stringify([{...localStorage},"
                                                   " {...sessionStorage}, document.cookie])")


# the plain page

@pytest.fixture(scope="module")
def plain(new_database, tmp_path_factory):
    """The service of a build without the viewer."""
    tree = tmp_path_factory.mktemp("without-viewer")
    for part in ("META.json", "extension/version.mk", "extension/core/text", "runtime", "http"):
        (tree / part).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", place.ROOT / part, tree / part], check=True)  # with its times: nothing else is made
    shutil.rmtree(tree / "http/web/viewer", ignore_errors=True)
    subprocess.run(place.make("-C", tree / "http", "-o", ".built-with"), check=True, capture_output=True,
                   env=place.make_environment())
    with new_database() as database:
        service = daemon.Http(database.url)
        service.command[0] = tree / "http" / "analytics-http"
        with service:
            yield service
    shutil.rmtree(tree)


@pytest.fixture
def plain_docs(chromium, plain):
    page = Page(chromium, plain.url)
    page.open("docs", state=None)
    page.await_js(f"return document.querySelectorAll('section').length === {len(OPERATIONS)}")
    yield page
    assert page.browser.get_log("browser") == []


def test_the_plain_page_says_that_it_is_one(plain_docs):
    assert "This is the plain page: the server was built without the viewer" in plain_docs.text("docs")
    assert asked_elsewhere(plain_docs) == []


def test_the_plain_page_lists_every_operation(plain_docs):
    titles = plain_docs.js("return [...document.querySelectorAll('section > h2')].map(title => title.textContent)")
    assert sorted(tuple(title.split(" ")) for title in titles) == sorted(OPERATIONS)
    links = plain_docs.js("return [...document.querySelectorAll('#contents a')].map(link => [link.textContent,"
                          " document.querySelector(link.getAttribute('href') + ' > h2').textContent])")
    assert len(links) == len(OPERATIONS) and all(name == title for name, title in links)
    plain_docs.js("document.querySelector('section').scrollIntoView()")
    plain_docs.picture("docs-plain", is_whole=False)


def test_axe_finds_nothing_serious_on_the_plain_page(chromium, plain):
    page = Page(chromium, plain.url).open("docs", size="phone", state=None)
    page.await_js(f"return document.querySelectorAll('section').length === {len(OPERATIONS)}")
    assert page.fits()
    page.picture("docs-plain-phone", is_whole=False)
    assert page.blemishes() == []


def test_the_dashboard_needs_no_viewer(chromium, plain):
    page = Page(chromium, plain.url).open()
    assert page.text("total") == "0"
    page.picture("plain-dashboard")
    assert page.complaints() == []
