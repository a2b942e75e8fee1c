"""PostgreSQL's protocol, version 3, just enough of it to see a batch and its COMMIT go by.

A batch is Bind, Describe, Execute, Sync for the statement that calls analytics_ingest_kafka. It has no COMMIT of its
own: Execute does the work, Sync commits it, and the answer ends with ReadyForQuery.
"""
import struct

BATCH_FUNCTION = b"analytics_ingest_kafka"
PARSE, BIND, EXECUTE, SYNC = b"P", b"B", b"E", b"S"
COMMAND_COMPLETE, ERROR, READY = b"C", b"E", b"Z"
FLUSH = b"H" + struct.pack(">i", 4)  # makes the server send what it has, and commits nothing


class Splitter:
    """Bytes in, whole messages out: (type, all of its bytes). A frontend's first message has no type: b""."""

    def __init__(self, has_startup):
        self._rest = b""
        self._is_first = has_startup

    def feed(self, received):
        self._rest += received
        while True:
            head = 0 if self._is_first else 1
            if len(self._rest) < head + 4:
                return
            end = head + struct.unpack_from(">i", self._rest, head)[0]
            if len(self._rest) < end:
                return
            message, self._rest = self._rest[:end], self._rest[end:]
            self._is_first = False
            yield message[:head], message


class Frontend:
    """What the client of one connection sends."""

    def __init__(self):
        self.splitter = Splitter(has_startup=True)
        self._batches = set()  # names of prepared statements

    def messages(self, received):
        """(type, bytes, whether it binds a batch)"""
        for kind, message in self.splitter.feed(received):
            binds = False
            if kind == PARSE:
                name, query = message[5:].split(b"\0", 2)[:2]
                if BATCH_FUNCTION in query:
                    self._batches.add(name)
            elif kind == BIND:
                binds = message[5:].split(b"\0", 2)[1] in self._batches
            yield kind, message, binds
