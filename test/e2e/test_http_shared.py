"""Requests that ask the same at the same time share an answer, which is as new as one of their own would be."""
import concurrent.futures
import contextlib
import socket
import time

import pytest
import requests
from http_client import SUMMARY, again_and_again, event, metric, post

from rig import place

CLIENTS = 24
COMMITS = 200
SHARED = "analytics_http_shared_answers_total"
ASKED = {"windowMinutes": 60, "reference": "2026-03-04T05:30:00Z"}


class Writer:
    """Commits events one by one; begun and committed say how many."""

    def __init__(self, database):
        self.connection = database.connect()
        self.connection.autocommit = True
        self.begun = self.committed = 0

    def commit_one(self):
        self.begun += 1
        with self.connection.cursor() as cursor:
            cursor.execute("INSERT INTO analytics_events (event_type, source, occurred_at, payload) "
                           "VALUES ('t', 's', '2026-03-04 05:00Z'::timestamptz + %s * interval '1 second', '{}')",
                           (self.begun,))
        self.committed += 1


def total(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["totalEvents"]


def test_an_answer_has_what_was_committed_before_it_was_asked_for(http, database):
    """While somebody commits between the requests, and others hang up before they are answered."""
    service = http()
    database.sql("SELECT analytics_create_partition('2026-03-04Z')")
    writer = Writer(database)

    def ask():
        committed = writer.committed
        answer = total(requests.get(service.url + SUMMARY, params=ASKED, timeout=30))
        assert committed <= answer <= writer.begun

    def hang_up():
        with socket.create_connection(("127.0.0.1", service.port)) as gone:
            gone.sendall(f"GET {SUMMARY}?windowMinutes=60&reference=2026-03-04T05:30:00Z HTTP/1.1\r\n"
                         "Host: localhost\r\n\r\n".encode())
        time.sleep(0.01)

    with again_and_again(ask, CLIENTS) as errors, again_and_again(hang_up, 2) as others:
        while writer.committed < COMMITS:
            writer.commit_one()
        place.eventually(lambda: errors or metric(service, SHARED) > 0, what="an answer that is shared")
    assert (errors, others) == ([], [])
    assert total(requests.get(service.url + SUMMARY, params=ASKED, timeout=30)) == COMMITS


def test_who_asks_what_takes_long_does_not_wait_for_others_alone(http, database):
    """The second request has a statement of its own while the first one's waits for a lock, and is not given up."""
    service = http()
    waiting = """SELECT count(*) FROM pg_stat_activity
                 WHERE application_name = 'analytics-http' AND wait_event_type = 'Lock'"""

    def ask():
        return total(requests.get(service.url + SUMMARY, params=ASKED, timeout=30))

    with contextlib.closing(database.connect(autocommit=False)) as blocking, blocking.cursor() as cursor, \
            concurrent.futures.ThreadPoolExecutor(2) as pool:
        cursor.execute("LOCK TABLE analytics_rollup_totals IN ACCESS EXCLUSIVE MODE")
        first = pool.submit(ask)
        place.eventually(lambda: database.sql(waiting) == 1, what="the first statement")
        second = pool.submit(ask)
        place.eventually(lambda: database.sql(waiting) == 2, 8, what="the second one")
        blocking.rollback()
        assert (first.result(), second.result()) == (0, 0)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_shared_answer_is_what_one_of_its_own_would_be(http, database, encoding):
    """Compressed or not, and 304 for whoever has it."""
    service = http()
    for number in range(30):
        post(service, event(number, eventType=f"type-{number}-{'x' * 80}"))
    headers = {"Accept-Encoding": encoding}
    alone = requests.get(service.url + SUMMARY, params=ASKED, headers=headers, timeout=30)
    assert alone.headers.get("Content-Encoding") == (encoding if encoding == "gzip" else None)
    kept = {name: value for name, value in alone.headers.items() if name != "Date"}

    def ask():
        answer = requests.get(service.url + SUMMARY, params=ASKED, headers=headers, timeout=30)
        assert answer.json()["totalEvents"] == 30
        assert {name: value for name, value in answer.headers.items() if name != "Date"}.items() >= {
            name: value for name, value in kept.items() if name != "Content-Length"}.items()
        again = requests.get(service.url + SUMMARY, params=ASKED, timeout=30,
                             headers={**headers, "If-None-Match": alone.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")

    with again_and_again(ask, 8) as errors:
        place.eventually(lambda: errors or metric(service, SHARED) > 20, what="answers that are shared")
    assert errors == []
