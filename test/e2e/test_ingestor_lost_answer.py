"""The server commits, and its answer never arrives: the ingestor must neither lose the batch nor store it twice.

The events have no key, so nothing but the offsets could tell a batch that is stored a second time.
"""
import json
import socket
import threading

import pytest

from rig import place
from stream import QUICK_GROUP, Record

ROUNDS = 5
PER_ROUND = 200
STATEMENT = 2000  # bytes: only a batch is that long


class Cutter:
    """Forwards TCP connections to a PostgreSQL socket. When armed, it passes the next batch on to the server, waits
    for the answer, and hangs up instead of delivering it."""

    def __init__(self, path):
        self.path = path
        self.cuts = 0
        self._armed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self):
        self._armed.set()

    @property
    def armed(self):
        return self._armed.is_set()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.path)
            cut = threading.Event()
            threading.Thread(target=self._up, args=(client, server, cut), daemon=True).start()
            threading.Thread(target=self._down, args=(client, server, cut), daemon=True).start()

    def _up(self, client, server, cut):
        with server:
            try:
                while received := client.recv(1 << 20):
                    if len(received) >= STATEMENT and self._armed.is_set():
                        cut.set()
                        self.cuts += 1
                        self._armed.clear()
                    server.sendall(received)
                server.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    @staticmethod
    def _down(client, server, cut):
        with client:
            try:
                while received := server.recv(1 << 20):
                    if cut.is_set():
                        client.shutdown(socket.SHUT_RDWR)
                        return
                    client.sendall(received)
            except OSError:
                pass


@pytest.fixture
def cutter(server):
    proxy = Cutter(f"{server.socket}/.s.PGSQL.5432")
    yield proxy
    proxy.close()


def keyless(number):
    return Record(json.dumps({"eventType": "e", "source": "s", "payload": {"number": number}}).encode())


def test_a_batch_whose_answer_is_lost_is_stored_once(stream, ingestor, cutter):
    url = f"postgresql://postgres@127.0.0.1:{cutter.port}/{stream.database.name}?sslmode=disable&gssencmode=disable"
    running = ingestor(**QUICK_GROUP, ANALYTICS_DATABASE_URL=url, ANALYTICS_LOG_LEVEL="debug")
    stream.await_taken()
    for number in range(ROUNDS):
        cutter.arm()
        stream.produce(map(keyless, range(number * PER_ROUND, (number + 1) * PER_ROUND)))
        stream.await_read()
        place.eventually(lambda: not cutter.armed, what="a cut")
    assert cutter.cuts == ROUNDS
    assert stream.numbers() == list(range(ROUNDS * PER_ROUND))
    assert stream.totals() == (ROUNDS * PER_ROUND, 0, 0, 0)
    assert running.logs(event="batch_committed", counts_known=False), "no answer was lost, so nothing was tested"
    assert not running.logs(event="partition_fenced")
