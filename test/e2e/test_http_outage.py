"""PostgreSQL killed under HTTP load: what clients are told meanwhile, and how soon they are served again.

Readers and writers call all the time. Each answer must be one of two: the truth, or 503 with Retry-After within the
deadline. The truth is known: events are posted one after the other by each writer, so whatever is counted lies between
what was acknowledged before the question and what was attempted before the answer.
"""
import signal
import threading
import time

import pytest
import requests

from rig import place

from http_client import EVENTS, RECENT, SUMMARY, event

DEADLINE = 12  # seconds: ANALYTICS_HTTP_TIMEOUT_MS and its slack
RECOVERY = 2


class Load:
    """Two writers and four readers; faults collects whatever was no right answer."""

    def __init__(self, service):
        self.url = service.url
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.faults, self.good, self.refused = [], [], 0
        self.attempted, self.acknowledged = 0, 0
        works = [self.write, self.write, self.recent, self.summary, self.summary, self.summary]
        self.threads = [threading.Thread(target=self.turns, args=(work, number)) for number, work in enumerate(works)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def turns(self, work, number):
        session = requests.Session()
        turn = 0
        while not self.stop.is_set():
            turn += 1
            begin = time.monotonic()
            try:
                answer, is_right = work(session, f"{number}-{turn}")
            except requests.RequestException as fault:
                self.faults.append(repr(fault))
                continue
            took = time.monotonic() - begin
            with self.lock:
                if answer.status_code == 503 and int(answer.headers.get("Retry-After", 0)) >= 1 and took < DEADLINE:
                    self.refused += 1
                elif answer.status_code in (200, 201) and is_right:
                    self.good.append(time.monotonic())
                else:
                    self.faults.append((answer.status_code, took, answer.text))
            self.stop.wait(0.02)

    def write(self, session, name):
        with self.lock:
            self.attempted += 1
        what = event(eventId=name, occurredAt="2026-03-04T05:06:07Z")
        answer = session.post(self.url + EVENTS, json=what, timeout=60)
        if answer.status_code == 201:
            with self.lock:
                self.acknowledged += 1
        return answer, True

    def between(self, session, path, count):
        before = self.acknowledged
        answer = session.get(self.url + path, timeout=60)
        return answer, answer.status_code != 200 or before <= count(answer.json()) <= self.attempted

    def recent(self, session, _):
        answer = session.get(self.url + RECENT + "?limit=5", timeout=60)
        return answer, answer.status_code != 200 or answer.json()["count"] <= 5

    def summary(self, session, _):
        return self.between(session, SUMMARY + "?reference=2026-03-04T05:07:00Z", lambda told: told["totalEvents"])


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_a_killed_server_costs_503_and_no_wrong_answer(server, http, database, how):
    service = http(ANALYTICS_HTTP_POOL_SIZE=4)
    with Load(service) as load:
        place.eventually(lambda: len(load.good) > 30, what="load")
        server.stop(how)
        place.eventually(lambda: load.refused > 30, what="refusals")
        server.start()
        back = time.monotonic()
        place.eventually(lambda: load.good[-1] > back, what="the first good answer")
        first = next(moment for moment in load.good if moment > back)
        served = len(load.good)
        place.eventually(lambda: len(load.good) > served + 30, what="good answers")
    assert load.faults == []
    assert first - back < RECOVERY
    stored = database.sql("SELECT count(*) FROM analytics_events")
    assert load.acknowledged <= stored <= load.attempted
