"""Stands between ingestors and Kafka, and cuts the connections of those that publish feeds at points of a transaction:

mid_messages     the broker has half of a request with messages
before_position  the broker has the messages; the request with the position never comes
after_position   the broker has the position; nobody hears of it
before_commit    the request to commit never comes
after_commit     the broker has committed; nobody hears of it

and two points where nothing is cut: hold_commit keeps the request to commit until release(), hold_answer its answer.

A client asks the first broker that it reaches for the addresses of all. So each door is a listener of the broker, whose
advertised address is the door's.
"""
import socket

from rig import broker as brokers
from rig import place

from . import kafka_wire as wire
from . import proxy

MESSAGES, POSITION, COMMIT = wire.PRODUCE, wire.TRANSACTION_POSITION, wire.END_TRANSACTION
AT = {MESSAGES: {"mid_messages"}, POSITION: {"before_position", "after_position"},
      COMMIT: {"before_commit", "after_commit", "hold_commit", "hold_answer"}}
LOOKS_EVERY = 1  # seconds; how often the broker looks for transactions that take too long
POINTS = ("mid_messages", "before_position", "after_position", "before_commit", "after_commit")


class KafkaLink(proxy.Link):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._requests, self._answers = wire.Frames(), wire.Frames()
        self._cut, self._number = None, None  # whose answer is awaited

    def from_client(self, received):
        for frame in self._requests.feed(received):
            request = wire.request_of(frame)
            points = AT.get(request.api, set()) if request.client == wire.PUBLISHER else set()
            cut = self.proxy.take(points, self.door) if points and self._cut is None else None
            if cut and not self._is_passed(cut, frame):
                self.sever(cut)
            if cut and cut.point in ("after_position", "after_commit", "hold_answer"):
                self._cut, self._number = cut, request.number
            self.server.sendall(frame)

    def _is_passed(self, cut, frame):
        if cut.point == "mid_messages":
            self.server.sendall(frame[:len(frame) // 2])
        elif cut.point == "hold_commit":
            return self._is_released(cut)
        return cut.point not in ("mid_messages", "before_position", "before_commit")

    def from_server(self, received):
        for frame in self._answers.feed(received):
            if self._cut and wire.answers(frame, self._number):
                cut, self._cut = self._cut, None
                if cut.point != "hold_answer" or not self._is_released(cut):
                    self.sever(cut)
            self.client.sendall(frame)

    @staticmethod
    def _is_released(cut):
        cut.reached.set()
        passes = cut.await_release()
        if passes:
            cut.done.set()
        return passes


class KafkaProxy(proxy.Proxy):
    """with KafkaProxy(names) as doors: doors.ports are those of the doors; broker is to be set before anybody comes."""

    link = KafkaLink

    def __init__(self, names):
        super().__init__()
        self.ports = {name: self.door(name) for name in names}
        self.broker = None

    def reach(self, door):
        return socket.create_connection(("127.0.0.1", self.broker.behind[door]))


class Kafka(brokers.Kafka):
    """Has a listener behind each door: behind has their ports."""

    def __init__(self, doors):
        super().__init__()
        self.doors = doors

    def _properties(self, port, controller):
        self.behind = dict(zip(self.doors.ports, place.free_ports(len(self.doors.ports))))
        text = super()._properties(port, controller)
        for key, ports in (("listeners", self.behind), ("advertised.listeners", self.doors.ports)):
            more = "".join(f",DOOR{number}://127.0.0.1:{port}" for number, port in enumerate(ports.values()))
            text = add(text, key, more)
        text += f"transaction.abort.timed.out.transaction.cleanup.interval.ms={1_000 * LOOKS_EVERY}\n"
        return add(text, "listener.security.protocol.map",
                   "".join(f",DOOR{number}:PLAINTEXT" for number in range(len(self.behind))))


def add(properties, key, more):
    """The properties, where the value of the key has more at its end."""
    lines = properties.splitlines()
    [number] = [number for number, line in enumerate(lines) if line.startswith(f"{key}=")]
    lines[number] += more
    return "\n".join(lines) + "\n"
