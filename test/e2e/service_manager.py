"""The service manager of a daemon under test: a socket of ours that it takes for systemd's.

Its watchdog asks for a sign of life every fraction of a second, so that silence shows soon.
"""
import itertools
import os
import re
import socket
import threading

from rig import place

WATCHDOG_USEC = 400_000

numbers = itertools.count(1)


class Manager:
    """The service manager's end of NOTIFY_SOCKET. It listens all the time: who speaks waits for a full queue."""

    def __init__(self):
        name = f"analytics-events-{os.getpid()}-{next(numbers)}"
        self.environment = {"NOTIFY_SOCKET": "@" + name, "WATCHDOG_USEC": WATCHDOG_USEC}
        self.heard = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + name)
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._listener.join()
        self._socket.close()

    def _listen(self):
        while said := self._socket.recv(65_536):
            self.heard += said.decode().splitlines()

    def await_word(self, pattern, timeout=30):
        """Awaits a line that matches."""
        place.eventually(lambda: any(re.search(pattern, line) for line in self.heard), timeout,
                         what=f"{pattern} among {self.heard[-5:]}")

    def signs(self):
        return self.heard.count("WATCHDOG=1")

    def await_signs(self, count=3):
        """Awaits so many new signs of life."""
        before = self.signs()
        place.eventually(lambda: self.signs() >= before + count, what=f"{count} signs of life")
