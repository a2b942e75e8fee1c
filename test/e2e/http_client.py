"""What the tests of analytics-http share: events to send, raw exchanges, and readers of what comes back."""
import contextlib
import json
import re
import socket
import threading

import requests

EVENTS = "/v1/analytics/events"
RECENT = "/v1/analytics/events/recent"
SUMMARY = "/v1/analytics/metrics/summary"
MEMBERS = ["id", "eventType", "source", "occurredAt", "ingestedAt", "tenantId", "payload"]
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


def event(number=0, **members):
    """A canonical event with a time and a key of its own."""
    return {"eventType": "test.happened", "source": "tests", "payload": {"n": number}, "eventId": f"event-{number}",
            "occurredAt": f"2026-03-04T05:06:{number % 60:02}Z", **members}


def post(service, value, kind="application/json", **options):
    """Sends a JSON value, or bytes as they are."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return requests.post(service.url + EVENTS, data=body, headers={"Content-Type": kind}, timeout=30, **options)


def get(service, path, **parameters):
    return requests.get(service.url + path, params=parameters, timeout=30)


def stored(database):
    """Events in the database."""
    return database.sql("SELECT count(*) FROM analytics_events")


def problem(answer, status):
    """The problem details of an answer that must have this status."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    details = answer.json()
    assert list(details) == ["type", "title", "status", "detail", "code", "errors"]
    assert details["status"] == status
    assert "EXCEPTION_WHAT" not in answer.headers
    return details


def pages(service, **parameters):
    """Every page of recent, by the links."""
    answer = get(service, RECENT, **parameters)
    while True:
        assert answer.status_code == 200, answer.text
        yield answer.json()
        if "next" not in answer.links:
            return
        answer = requests.get(service.url + answer.links["next"]["url"], timeout=30)


def metric(service, name):
    text = requests.get(service.admin_url + "/metrics", timeout=30).text
    return float(re.search(rf"^{name} (\S+)", text, re.MULTILINE)[1])


@contextlib.contextmanager
def again_and_again(run, count):
    """Runs it in so many threads until the end; gives the list of what it raised, which ends the thread."""
    errors, is_over = [], threading.Event()

    def go_on():
        try:
            while not is_over.is_set():
                run()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=go_on) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield errors
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def is_open(host, port):
    """Whether somebody listens there."""
    try:
        socket.create_connection((host, port), timeout=10).close()
        return True
    except ConnectionRefusedError:
        return False


class Raw:
    """A connection whose bytes are ours."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Ignores a connection that the server has ended: it may have seen enough."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def answer(self, has_body=True):
        """The next answer: (status, headers, body); None when the connection ended."""
        while b"\r\n\r\n" not in self.received:
            if not self._receive():
                return None
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        assert re.fullmatch(r"HTTP/1\.1 \d{3} [ -~]+", lines[0]), lines[0]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        status = int(lines[0].split(" ")[1])
        if not has_body or status == 100:
            return status, headers, b""
        length = int(headers["content-length"])
        while len(self.received) < length:
            assert self._receive(), "the connection ended in a body"
        body, self.received = self.received[:length], self.received[length:]
        return status, headers, body

    def ended(self):
        """Awaits the end; true when nothing but it came."""
        while self._receive():
            pass
        return self.received == b""

    def _receive(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            return False
        self.received += data
        return bool(data)


def exchange(port, data, has_body=True):
    """One answer to these bytes."""
    with Raw(port) as raw:
        raw.send(data)
        return raw.answer(has_body)
