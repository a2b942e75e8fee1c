"""A session seen from outside: its server process on this machine, what it costs, and how to disturb it."""
import os
import pathlib
import resource
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

import psycopg2.errors
from rig import place

QUERY_CANCELED = "57014"


@dataclass
class Interruption:
    """late: seconds from the request to the answer, less the time that the process stood ready for want of a CPU."""

    late: float
    sqlstate: str


class Backend:
    """One session. The measures need Linux's /proc; signals and limits need the right to send them, which the one who
    started the server has."""

    def __init__(self, connection):
        self.connection = connection
        self.cursor = connection.cursor()
        self.pid = connection.info.backend_pid
        self.folder = pathlib.Path("/proc") / str(self.pid)

    def run(self, statement, parameters=None):
        self.cursor.execute(statement, parameters)
        return self.cursor.fetchone() if self.cursor.description else None

    def private_bytes(self):
        """Resident memory without what is shared: a session that works touches more and more of shared_buffers."""
        resident, shared = map(int, (self.folder / "statm").read_text().split()[1:3])
        return (resident - shared) * resource.getpagesize()

    def address_space(self):
        return int((self.folder / "statm").read_text().split()[0]) * resource.getpagesize()

    def context_bytes(self):
        return int(self.run("SELECT sum(used_bytes) FROM pg_backend_memory_contexts")[0])

    def limit_address_space(self, size="unlimited"):
        """Like ulimit -v, from now on; in bytes. By the server's own user: a container's root may not."""
        subprocess.run(["prlimit", f"--pid={self.pid}", f"--as={size}:"], check=True, **place.server_identity())

    def waited(self):
        """Seconds for which the process was ready to run and had no CPU."""
        return int((self.folder / "schedstat").read_text().split()[1]) / 1e9

    def interrupt(self, statement, after, request="signal"):
        """Runs a statement and requests its end after so many seconds; None when it was done before that.

        signal: what pg_cancel_backend sends; libpq: a cancel request over the wire; timeout: statement_timeout."""
        requested = []

        def ask():
            requested.append((time.monotonic(), self.waited()))
            if request == "signal":
                os.kill(self.pid, signal.SIGINT)
            elif request == "libpq":
                self.connection.cancel()

        if request == "timeout":
            self.run(f"SET statement_timeout = {round(after * 1000)}")
        timer = threading.Timer(after, ask)
        timer.start()
        try:
            self.run(statement)
            return None
        except psycopg2.errors.OperationalError as error:
            answered, waited = time.monotonic(), self.waited()
            timer.join()
            [(asked, waited_before)] = requested
            return Interruption(answered - asked - (waited - waited_before), error.pgcode)
        finally:
            timer.cancel()
            timer.join()
            if request == "timeout":
                self.run("SET statement_timeout = 0")
