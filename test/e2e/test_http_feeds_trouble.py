"""Server-Sent Events when things go wrong: cuts, crowds, readers that do not read, and servers that go and come back.

Whatever happens, a reader that goes on from its last event has each change once, and in the end exactly the table.
"""
import contextlib
import http.client
import re
import threading

import pytest
import requests

from rig import place

from events_stream import Cutter, EventStream, Refused
from feeds import FEEDS, TABLE, Copy, chance, change, make_feed, page, read, tick
from http_client import RECENT, event, get, post
from siege import WITHIN, crowd, memory, seconds_of

MIB = 1 << 20


@pytest.fixture
def service(http, database):
    made = http()
    make_feed(database)
    return made


class Reader(threading.Thread):
    """Keeps a copy, and connects again from its last event whenever the connection ends."""

    def __init__(self, service, port=None, key=None):
        super().__init__(daemon=True)
        self.service, self.port, self.key = service, port, key
        self.copy = Copy()
        self.last_event_id = None
        self.connections = 0
        self.lock = threading.Lock()
        self.is_over = False
        self.start()

    def run(self):
        while not self.is_over:
            try:
                self.read()
            except (OSError, http.client.HTTPException):  # there is no service
                pass
            except Refused as refusal:
                assert refusal.args[0] == 503, refusal  # it is about to stop

    def read(self):
        with EventStream(self.service, after="beginning", last_event_id=self.last_event_id, key=self.key,
                         port=self.port) as stream:
            self.connections += 1
            for block in stream.blocks():
                with self.lock:
                    if block:
                        self.copy.apply(stream.read(block))
                    self.last_event_id = stream.last_event_id

    def await_table(self, database):
        due = {(at, id): value for at, id, value in database.rows(TABLE.format("true"))}

        def agrees():
            with self.lock:
                return self.copy.events == due
        place.eventually(agrees, 60, what="a copy that is the table")
        with self.lock:
            assert self.copy.agrees(database)


def test_a_reader_that_is_cut_again_and_again(service, database):
    random = chance()
    change(database, random, 30)
    tick(database)
    with Cutter(service.port, random) as cutter:
        reader = Reader(service, cutter.door)
        for _ in range(30):
            change(database, random, 4)
            tick(database)
        reader.await_table(database)
        reader.is_over = True
        assert cutter.cuts >= 3, cutter.cuts


def test_two_hundred_streams_and_others_are_served(service, database):
    """Some of which are cut; requests that do not wait are answered as if nobody did."""
    random = chance()
    with Cutter(service.port, random, most=50_000) as cutter:
        readers = [Reader(service, cutter.door if number % 4 == 0 else None) for number in range(200)]
        for _ in range(10):
            change(database, random, 2)
            tick(database)
            assert seconds_of(service, RECENT) < WITHIN
            post(service, event(random.randrange(10**9)))
        tick(database)
        for reader in readers:
            reader.await_table(database)
        for reader in readers:
            reader.is_over = True
    assert not service.logs(event="overloaded")


def fill(database):
    """A thousand events of 48 kB."""
    database.sql("SELECT analytics_create_partition('2026-03-04')")
    database.sql("""
        INSERT INTO analytics_events (id, event_type, source, occurred_at, payload)
        SELECT gen_random_uuid(), 'large', 'tests', timestamptz '2026-03-04 05:06:07Z' + n * interval '1 second',
               jsonb_build_object('fill', repeat(md5(n::text), 1500))
        FROM generate_series(1, 1000) AS n""")
    tick(database)


def in_use(database):
    """The service's sessions in the database."""
    return database.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'analytics-http' "
                        "AND datname = current_database()")


def test_readers_that_do_not_read_cost_a_page_each(http, database):
    """And no database session; and whoever reads is served."""
    fill(database)
    service = http()
    make_feed(database)
    seconds_of(service, RECENT)
    before = memory(service)
    asked = f"GET {FEEDS}/all?after=beginning HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode()
    with crowd(service.port, 200, asked):
        place.eventually(lambda: "analytics_http_feed_readers 200" in requests.get(
            service.admin_url + "/metrics", timeout=30).text, what="200 readers")
        copy = Copy()
        read(service, copy, after="beginning", limit=500)
        assert copy.agrees(database)
        with EventStream(service, after="beginning") as stream:
            assert len({stream.next().id for _ in range(1000)}) == 1000
        assert seconds_of(service, RECENT) < WITHIN
        assert memory(service) - before < 64 * MIB
        assert in_use(database) <= 8 + 1 + 3


def test_who_stops_reading_is_let_go_and_comes_back(service, database):
    """Its place is free for others."""
    fill(database)
    asked = f"GET {FEEDS}/all?after=beginning HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode()
    with crowd(service.port, 1, asked):
        text = f"{service.admin_url}/metrics"
        place.eventually(lambda: re.search(r"feed_readers 1\b", requests.get(text, timeout=30).text), what="a reader")
        place.eventually(lambda: re.search(r"feed_readers 0\b", requests.get(text, timeout=30).text), 40, what="none")


def test_a_service_that_is_restarted(service, database):
    random = chance()
    reader = Reader(service)
    place.eventually(lambda: reader.connections == 1, what="a connection")
    for _ in range(3):
        change(database, random, 5)
        tick(database)
        service.terminate() if random.random() < 0.5 else service.kill()
        change(database, random, 5)
        tick(database)
        service.start()
        service.await_answer()
    reader.await_table(database)
    reader.is_over = True
    assert reader.connections > 1


@pytest.mark.parametrize("is_crash", [False, True])
def test_a_database_that_is_restarted(server, service, database, is_crash):
    """The stream goes on, for a browser would not come back to a 503."""
    with EventStream(service, after="now") as stream:
        stream.await_id()
        post(service, event(1))
        tick(database)
        assert stream.next().data["value"]["payload"] == {"n": 1}
        server.stop(*([3] if is_crash else []))
        server.start()
        place.eventually(lambda: get(service, "/health").status_code == 200, what="the service's database")
        post(service, event(2))
        tick(database)
        assert stream.next().data["value"]["payload"] == {"n": 2}
    assert page(service, after="now", wait=1)["items"] == []


def test_a_stop_does_not_wait_for_a_page(http, database):
    """Which takes longer than a service manager's patience."""
    service = http(ANALYTICS_HTTP_TIMEOUT_MS=60_000)
    make_feed(database)
    with contextlib.closing(database.connect(autocommit=False)) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE analytics_ticks IN ACCESS EXCLUSIVE MODE")
        refused = []
        thread = threading.Thread(target=lambda: refused.append(get(service, FEEDS + "/all", wait=60).status_code))
        thread.start()
        place.eventually(lambda: database.sql("SELECT count(*) FROM pg_locks WHERE NOT granted"), what="a wait")
        assert service.terminate(patience=20) == 0
        thread.join(30)
        assert refused == [503]
