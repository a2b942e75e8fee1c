"""Readers of feeds that wait: long polling, and Server-Sent Events."""
import contextlib
import threading
import time

import pytest
import requests

from rig import place

from events_stream import EventStream
from feeds import FEEDS, make_feed, page, tick
from http_client import event, get, metric, post, problem
from keys import KeyFile, ask


@pytest.fixture
def service(http, database):
    made = http()
    make_feed(database)
    return made


@contextlib.contextmanager
def behind(what):
    """Runs it in a thread; gives a function that awaits its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(what()))
    thread.start()

    def result():
        thread.join(90)
        return results[0]

    yield result
    thread.join(90)


def await_waiting(service, count=1):
    place.eventually(lambda: metric(service, "analytics_http_feed_readers") == count, what=f"{count} readers")


# ---- long polling

def test_a_poll_is_answered_when_there_is_something(service, database):
    start = page(service, after="now")["next"]
    with behind(lambda: page(service, after=start, wait=60)) as result:
        await_waiting(service)
        post(service, event(1))
        tick(database)
        assert [item["value"]["payload"] for item in result()["items"]] == [{"n": 1}]
    await_waiting(service, 0)
    assert len(page(service, after=start, wait=60)["items"]) == 1  # what is there is answered at once


def test_a_poll_ends_with_its_position(service, database):
    """And goes on behind changes that the feed does not want."""
    make_feed(database, "none", event_types=["other"])
    start = page(service, "none", after="now")["next"]
    with behind(lambda: page(service, "none", after=start, wait=3)) as result:
        await_waiting(service)
        post(service, event(1))
        tick(database)
        found = result()
    assert found["items"] == [] and found["next"] == get(service, FEEDS).json()["items"][1]["last"] != start


def test_a_poll_is_refused_as_a_page_is(service, database):
    for status, name, after in ((404, "nosuch", "now"), (422, "all", "x"), (422, "all", "999999")):
        problem(get(service, f"{FEEDS}/{name}", after=after, wait=60), status)
    problem(get(service, FEEDS + "/all", wait=61), 422)
    with behind(lambda: get(service, FEEDS + "/all", after="now", wait=60)) as result:
        await_waiting(service)
        database.sql("SELECT analytics_drop_feed('all')")
        problem(result(), 404)


def test_a_poll_awaits_the_end_of_a_pause(service, database):
    start = page(service, after="now")["next"]
    database.sql("SELECT analytics_pause_feed('all')")
    with behind(lambda: page(service, after=start, wait=60)) as result:
        await_waiting(service)
        post(service, event(1))
        tick(database)
        database.sql("SELECT analytics_resume_feed('all')")
        assert len(result()["items"]) == 1


def test_a_client_that_goes_leaves_its_place(http, database):
    service = http(ANALYTICS_HTTP_STREAMS=1)
    make_feed(database)
    for _ in range(3):
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(service.url + FEEDS + "/all", params={"after": "now", "wait": 60}, timeout=0.3)
        await_waiting(service, 0)


def test_there_are_no_more_than_may_be(http, database):
    service = http(ANALYTICS_HTTP_STREAMS=2)
    make_feed(database)
    with EventStream(service), behind(lambda: page(service, after="now", wait=60)) as result:
        await_waiting(service, 2)
        answer = get(service, FEEDS + "/all", wait=1)
        assert "too many" in problem(answer, 503)["detail"] and answer.headers["Retry-After"] == "5"
        assert page(service, after="beginning")["items"] == []  # who does not wait is served
        post(service, event(1))
        tick(database)
        assert len(result()["items"]) == 1
    await_waiting(service, 0)


# ---- Server-Sent Events

def test_a_stream_has_what_is_there_and_what_comes(service, database):
    post(service, event(1, payload={"text": "a\nb\u2028"}))
    tick(database)
    with EventStream(service, after="beginning") as stream:
        assert stream.answer.headers["Content-Type"] == "text/event-stream"
        assert stream.answer.headers["Cache-Control"] == "no-store"
        first = stream.next()
        assert (first.type, first.data["value"]["payload"]) == ("put", {"text": "a\nb\u2028"})
        assert first.id == first.data["position"]
        for number in range(2, 5):
            post(service, event(number))
            tick(database)
            assert stream.next().data["value"]["payload"] == {"n": number}
        database.sql("DELETE FROM analytics_events")
        tick(database)
        assert {stream.next().type for _ in range(4)} == {"delete"}
        assert stream.retry == 1000


def test_a_stream_that_begins_now_has_a_position_at_once(service, database):
    """So that a cut before the first event loses nothing."""
    with EventStream(service, after="now") as stream:
        place = stream.await_id()
    post(service, event(1))
    tick(database)
    with EventStream(service, after="now", last_event_id=place) as stream:
        assert stream.next().data["value"]["payload"] == {"n": 1}


def test_a_stream_is_refused_before_it_begins(service, database):
    start = page(service, after="now")["next"]
    post(service, event(1))
    tick(database)
    post(service, event(2))
    tick(database)
    database.sql("UPDATE analytics_ticks SET ticked_at = ticked_at - interval '8 days'")
    database.sql("CALL analytics_maintain()")
    for status, name, after in ((410, "all", start), (404, "nosuch", "now"), (422, "all", "x"), (422, "all", "é")):
        answer = requests.get(f"{service.url}{FEEDS}/{name}", timeout=30, headers={
            "Accept": "text/event-stream", "Last-Event-ID": after.encode().decode("latin-1")})
        problem(answer, status)


@pytest.mark.parametrize("accept, is_stream", [
    ("text/event-stream", True), ("Text/Event-Stream;q=0.9, */*", True), ("*/*", False), ("text/html", False)])
def test_accept_says_which_it_is(service, accept, is_stream):
    answer = requests.get(service.url + FEEDS + "/all", headers={"Accept": accept}, stream=True, timeout=30)
    assert (answer.headers["Content-Type"] == "text/event-stream") == is_stream
    answer.close()


def test_a_stream_ends_where_its_feed_does(service, database):
    with EventStream(service, after="now") as stream:
        stream.await_id()
        database.sql("SELECT analytics_drop_feed('all')")
        last = stream.next()
        assert (last.type, last.data["status"]) == ("gone", 404)
        assert stream.next() is None


def test_a_stream_ends_when_keys_change(http, database, tmp_path):
    """With one that is still known, the client comes back."""
    ring = KeyFile(tmp_path / "keys")
    key = ring.add("reader", "read")
    ring.add("writer", "write")
    service = http(ANALYTICS_HTTP_API_KEYS_FILE=ring.path)
    make_feed(database)
    problem(requests.get(service.url + FEEDS + "/all", headers={"Accept": "text/event-stream"}, timeout=30), 401)
    problem(ask(service, ring["writer"], FEEDS + "/all", headers={"Accept": "text/event-stream"}), 403)
    with EventStream(service, after="now", key=key) as stream:
        place_then = stream.await_id()
        ring.path.write_text("".join(line for line in ring.path.read_text().splitlines(True) if "reader" not in line))
        service.process.send_signal(1)
        service.await_log(event="keys_loaded")
        database.sql("SELECT analytics_ingest(ARRAY['{\"eventType\":\"t\",\"source\":\"s\",\"payload\":{}}'::bytea])")
        tick(database)
        assert stream.next() is None
    answer = ask(service, key, FEEDS + "/all", headers={"Accept": "text/event-stream", "Last-Event-ID": place_then})
    problem(answer, 401)


def test_readers_of_one_position_share_a_page(service, database):
    """Forty streams that wake by one tick ask the database for little more than one of them would."""
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(EventStream(service, after="now")) for _ in range(40)]
        for stream in streams:
            stream.await_id()
        await_waiting(service, 40)
        before = metric(service, "analytics_http_feed_pages_total")
        for number in range(5):
            post(service, event(number))
            tick(database)
            assert {stream.next().data["value"]["payload"]["n"] for stream in streams} == {number}
        assert metric(service, "analytics_http_feed_pages_total") - before <= 5 * 10
        assert metric(service, "analytics_http_feed_items_total") >= 5 * 40


def test_a_stop_ends_who_waits(http, database):
    service = http()
    make_feed(database)
    with EventStream(service, after="now") as stream, behind(
            lambda: get(service, FEEDS + "/all", after="now", wait=60)) as result:
        stream.await_id()
        await_waiting(service, 2)
        began = time.monotonic()
        assert service.terminate() == 0
        assert time.monotonic() - began < 10
        assert stream.next() is None
        assert result().status_code in (200, 503)  # with its position, if it had one already
