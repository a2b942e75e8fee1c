"""Kafka's protocol, just enough of it to see the steps of a feed's transaction go by.

A request is: size, API, version, number, client. Its answer is: size, number.
"""
import dataclasses
import struct

PUBLISHER = b"analytics-ingestor-feeds"  # client of a feed's producer, and of who reads its position
PRODUCE, END_TRANSACTION, TRANSACTION_POSITION = 0, 26, 28
HEAD = struct.Struct(">ihhih")  # size, API, version, number, the client's length
ANSWER = struct.Struct(">ii")


class Frames:
    """Bytes in, whole frames out."""

    def __init__(self):
        self._rest = b""

    def feed(self, received):
        self._rest += received
        while len(self._rest) >= 4:
            end = 4 + struct.unpack_from(">i", self._rest)[0]
            if len(self._rest) < end:
                return
            frame, self._rest = self._rest[:end], self._rest[end:]
            yield frame


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    api: int
    number: int
    client: bytes


def request_of(frame):
    _, api, _, number, length = HEAD.unpack_from(frame)
    return Request(api, number, frame[HEAD.size:HEAD.size + max(length, 0)])


def answers(frame, number):
    """Whether the frame is the answer to this request."""
    return ANSWER.unpack_from(frame)[1] == number
