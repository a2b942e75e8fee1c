"""A reader of Server-Sent Events, by the rules of WHATWG HTML, 9.2: what an EventSource would make of the bytes.

with EventStream(service, "all", after="now") as stream: the answer's head is there, and its status is 200.
stream.next() awaits an event; None at the end, also when the connection was lost.
stream.last_event_id is what a browser would send when it connects again.
with Cutter(service.port, random) as port: a way to the service on which every answer is cut somewhere.
"""
import collections
import contextlib
import http.client
import json
import re
import socket
import threading

from feeds import FEEDS

ServerSent = collections.namedtuple("ServerSent", "type data id")
LINE_END = re.compile(rb"\r\n|\n|\r")


class Refused(Exception):
    """Its status and body."""


class EventStream:
    def __init__(self, service, name="all", after=None, last_event_id=None, key=None, port=None):
        headers = {"Accept": "text/event-stream", **({"Authorization": f"Bearer {key}"} if key else {}),
                   **({"Last-Event-ID": last_event_id} if last_event_id else {})}
        self.connection = http.client.HTTPConnection("127.0.0.1", port or service.port, timeout=60)
        self.connection.request("GET", f"{FEEDS}/{name}" + (f"?after={after}" if after else ""), headers=headers)
        self.answer = self.connection.getresponse()
        if self.answer.status != 200:
            raise Refused(self.answer.status, self.answer.read())
        self.last_event_id = last_event_id
        self.retry = None
        self._rest = b""
        self._reset()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.answer.close()
        self.connection.close()

    def _reset(self):
        self._type, self._data, self._id = "", [], self.last_event_id

    def _line(self):
        """None at the end; what has no line end then is none."""
        while True:
            found = LINE_END.search(self._rest)
            if found:
                line, self._rest = self._rest[:found.start()], self._rest[found.end():]
                return line.decode()
            try:
                more = self.answer.read1(65536)
            except (OSError, http.client.HTTPException):
                more = b""
            if not more:
                return None
            self._rest += more

    def blocks(self):
        """Each block as an event, or as None if it makes none; a comment makes no block."""
        while (line := self._line()) is not None:
            if line == "":
                self.last_event_id = self._id
                event = ServerSent(self._type or "message", "\n".join(self._data), self._id) if self._data else None
                self._reset()
                yield event
            elif not line.startswith(":"):
                field, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if field == "event":
                    self._type = value
                elif field == "data":
                    self._data.append(value)
                elif field == "id":
                    self._id = value
                elif field == "retry":
                    self.retry = int(value)

    def next(self):
        """The next event, its data read as JSON."""
        for event in self.blocks():
            if event:
                return event._replace(data=self.read(event))
        return None

    @staticmethod
    def read(event):
        """Its data."""
        return json.loads(event.data)

    def await_id(self):
        """Awaits a position without an event."""
        for event in self.blocks():
            assert event is None, event
            if self.last_event_id:
                return self.last_event_id
        raise AssertionError("the stream ended")


class Cutter:
    """Forwards connections, and cuts each after so many bytes of the answer, most of them in the midst of an event."""

    def __init__(self, port, random, most=20_000, least=100):
        self.port, self.random, self.least, self.most = port, random, least, most
        self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    @property
    def door(self):
        return self.listener.getsockname()[1]

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._forward, args=(client, self.random.randrange(self.least, self.most)),
                                 daemon=True).start()

    def _forward(self, client, left):
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as server:
            server.sendall(client.recv(65536))
            while left > 0 and (received := server.recv(left)):
                left -= len(received)
                client.sendall(received)
            self.cuts += left == 0
