"""Figure H: the events of figure A posted to the service as NDJSON, a thousand a request, over eight connections.

The bodies are cut before the clock starts, so the clients only send and read. The answer of a request has each event
again, as the service stores it; a request of which not all events are stored fails the pass.
"""
import contextlib
import http.client
import itertools
import threading
import time

import consuming
import passes
from rig import daemon, place

CONNECTIONS, EVENTS_A_REQUEST = 8, 1_000
PATH = "/v1/analytics/events"
HEADERS = {"Content-Type": "application/x-ndjson"}
STORED = b'"outcome":"stored"'


def bodies(path):
    with open(path, "rb") as lines:
        while body := b"".join(itertools.islice(lines, EVENTS_A_REQUEST)):
            yield body


class Client(threading.Thread):
    """Posts what is left, one body after the other, over one connection; error: what went wrong."""

    def __init__(self, port, left, lock):
        super().__init__()
        self.port, self.left, self.lock = port, left, lock
        self.error = None

    def run(self):
        try:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)) as connection:
                while body := self.next():
                    connection.request("POST", PATH, body, HEADERS)
                    self.check(connection.getresponse(), body)
        except (OSError, http.client.HTTPException, place.RigError) as error:
            self.error = error

    def next(self):
        with self.lock:
            return self.left.pop() if self.left else None

    @staticmethod
    def check(answer, body):
        told = answer.read()
        if answer.status != 200 or told.count(STORED) != body.count(b"\n"):
            raise place.RigError(f"not all is stored: {answer.status} {told[:400]!r}")


def post(server, path, count):
    """A pass by the service as shipped."""
    left, lock = list(bodies(path))[::-1], threading.Lock()
    with passes.fresh(server, passes.EXTENSION), daemon.Http(server.url(passes.DATABASE)) as service:
        with passes.weighed(server) as cost:
            began = time.monotonic()
            send(service.port, left, lock)
            cost.seconds = time.monotonic() - began
            consuming.note(cost, service)
        passes.prove(server, count, judged=False)
        return cost


def send(port, left, lock):
    clients = [Client(port, left, lock) for _ in range(CONNECTIONS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    for client in clients:
        if client.error:
            raise place.RigError(f"POST {PATH}: {client.error}")
