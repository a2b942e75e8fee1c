"""Stands between ingestors and PostgreSQL, and cuts connections at chosen points of the protocol.

Each ingestor has a door (a TCP port) of its own, so a cut can be meant for one of them. A cut is armed and waits until
a connection comes to its point:

connect        the server has the startup message, the client no answer
mid_bind       the server has half of a batch
before_commit  the server has done the work, Sync never comes
during_commit  the server has Sync; the client hears nothing from then on
before_answer  the server has committed; nothing of the answer comes through
mid_answer     the same, half of the answer
after_commit   the whole answer comes through, then the connection ends

and two points where nothing is cut: hold_bind keeps a batch until release(), slow_commit keeps the Sync for a while.
A cut connection is reset, at once or after so many seconds of silence, while which the server keeps its session.

One thread a connection does both directions: a socket that another thread reads from can't be reset.
kafka_proxy.py has the same between publishers of feeds and Kafka.
"""
import contextlib
import select
import socket
import struct
import threading
import time

from . import wire

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST
CHUNK = 1 << 20
TICK = 0.05  # seconds until an order from outside is seen
PATIENCE = 30  # seconds for the server's answer that a cut waits for, and for a release
AT_BIND = {"mid_bind", "hold_bind"}
AT_SYNC = {"before_commit", "during_commit", "slow_commit"}
AT_ANSWER = {"before_answer", "mid_answer", "after_commit"}
POINTS = ("connect", "mid_bind", "before_commit", "during_commit", "before_answer", "mid_answer", "after_commit")


class Cut:
    def __init__(self, point, silence=0, door=None, patience=PATIENCE):
        self.point, self.silence, self.door, self.patience = point, silence, door, patience
        self.reached = threading.Event()
        self.done = threading.Event()
        self._released = threading.Event()
        self._passes = True

    def release(self, passes=True):
        """passes: what was held goes on its way; else it is lost, and its connection with it."""
        self._passes = passes
        self._released.set()

    def await_release(self):
        self._released.wait(self.patience)
        return self._passes


class Severed(Exception):
    """This connection is over."""


class Link:
    """One connection."""

    def __init__(self, proxy, client, server, door):
        self.proxy, self.client, self.server, self.door = proxy, client, server, door
        self.is_doomed = False

    def forward(self):
        while not self.is_doomed:
            readable, _, _ = select.select([self.client, self.server], [], [], TICK)
            if self.server in readable:
                self.from_server(self.received(self.server))
            if self.client in readable:
                self.from_client(self.received(self.client))

    @staticmethod
    def received(side):
        received = side.recv(CHUNK)
        if not received:
            raise Severed
        return received

    def from_server(self, received):
        self.client.sendall(received)

    def from_client(self, received):
        raise NotImplementedError

    def sever(self, cut):
        cut.reached.set()
        time.sleep(cut.silence)
        self.client.close()  # the client hears of it before the server does
        cut.done.set()
        raise Severed


class PostgresLink(Link):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.frontend = wire.Frontend()
        self._is_batch = False

    def from_client(self, received):
        for kind, message, binds in self.frontend.messages(received):
            self._pass(kind, message, binds)

    def _pass(self, kind, message, binds):
        if kind == b"":
            self.server.sendall(message)
            if cut := self.proxy.take({"connect"}, self.door):
                self.sever(cut)
        elif binds:
            self._bind(message)
        elif kind == wire.SYNC and self._is_batch:
            self._is_batch = False
            self._sync(message)
        else:
            self.server.sendall(message)

    def _bind(self, message):
        self._is_batch = True
        cut = self.proxy.take(AT_BIND, self.door)
        if cut and cut.point == "mid_bind":
            self.server.sendall(message[:len(message) // 2])
            self.sever(cut)
        if cut:
            cut.reached.set()
            cut.await_release()
            cut.done.set()
        self.server.sendall(message)

    def _sync(self, sync):
        cut = self.proxy.take(AT_SYNC | AT_ANSWER, self.door)
        if cut is None:
            return self.server.sendall(sync)
        if cut.point in ("before_commit", "slow_commit"):
            self.server.sendall(wire.FLUSH)
            worked = self._answer({wire.COMMAND_COMPLETE, wire.ERROR})
            if cut.point == "before_commit":
                self.sever(cut)
            cut.reached.set()
            self.client.sendall(worked)
            time.sleep(cut.silence)
            cut.done.set()
            return self.server.sendall(sync)
        self.server.sendall(sync)
        if cut.point == "during_commit":
            self.sever(cut)
        answer = self._answer({wire.READY})
        self.client.sendall(answer[:{"before_answer": 0, "mid_answer": len(answer) // 2}.get(cut.point, len(answer))])
        return self.sever(cut)

    def _answer(self, last):
        """The server's bytes up to a message of one of these kinds."""
        splitter, answer, deadline = wire.Splitter(has_startup=False), b"", time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not self.is_doomed:
            if select.select([self.server], [], [], TICK)[0]:
                received = self.received(self.server)
                answer += received
                if any(kind in last for kind, _ in splitter.feed(received)):
                    return answer
        raise Severed


class Proxy:
    """with Proxy(path) as proxy: forwards to the server's unix socket."""

    link = PostgresLink

    def __init__(self, path=None):
        self.path = path
        self.is_refusing = False
        self._armed = []
        self._links = set()
        self._listeners = []
        self._lock = threading.Lock()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for listener in self._listeners:
            listener.close()
        self.sever_all()

    def door(self, name):
        """Opens a door; returns its port."""
        listener = socket.create_server(("127.0.0.1", 0))
        self._listeners.append(listener)
        threading.Thread(target=self._accept, args=(listener, name), daemon=True).start()
        return listener.getsockname()[1]

    def reach(self, _door):
        """A connection to the server."""
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.path)
        except OSError:
            server.close()
            raise
        return server

    def arm(self, cut):
        with self._lock:
            self._armed.append(cut)
        return cut

    def disarm(self, cut):
        with self._lock:
            if cut in self._armed:
                self._armed.remove(cut)

    def take(self, points, door):
        """The first armed cut for one of these points, or None; it is not armed any more."""
        with self._lock:
            for cut in self._armed:
                if cut.point in points and cut.door in (None, door):
                    self._armed.remove(cut)
                    return cut
        return None

    def sever_all(self, door=None):
        """Resets what is open; returns how many."""
        with self._lock:
            links = [link for link in self._links if door in (None, link.door)]
        for link in links:
            link.is_doomed = True
        return len(links)

    def _accept(self, listener, name):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client, name), daemon=True).start()

    def _serve(self, client, name):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client, contextlib.ExitStack() as stack:
            try:
                if self.is_refusing:
                    return
                link = self.link(self, client, stack.enter_context(self.reach(name)), name)
            except OSError:
                return
            with self._lock:
                self._links.add(link)
            try:
                link.forward()
            except (OSError, Severed):
                pass
            finally:
                with self._lock:
                    self._links.discard(link)
