"""analytics-ingestor and analytics-http as child processes, with an environment of ours and logs that can be asked.

A daemon sees no ANALYTICS_* or PG* variable but those it is given, whatever the caller's shell holds.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request

from . import place

INGESTOR = place.ROOT / "ingestor" / "analytics-ingestor"
HTTP = place.ROOT / "http" / "analytics-http"
OUTPUT_SHOWN = 20_000  # characters, where a log line is missed


class Daemon:
    """with Daemon(program, settings): started on entry, asked to stop (SIGTERM) on exit."""

    def __init__(self, program, settings, arguments=()):
        self.command = [program, *arguments]
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("ANALYTICS_", "PG"))}
        self.environment.update({name: str(value) for name, value in settings.items()})
        self.process = None
        self._log = tempfile.TemporaryFile("w+", dir=place.LOCAL)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.terminate()

    def start(self):
        self.process = place.spawn(self.command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
                                   env=self.environment)

    def terminate(self, patience=30):
        """SIGTERM, as soon as it heeds one: before that a signal ends any process; returns the exit code."""
        place.eventually(self.heeds_signals, what="a process that heeds SIGTERM")
        return place.stop(self.process, signal.SIGTERM, patience)

    def kill(self):
        """SIGKILL, what a crash is."""
        self.process.kill()
        self.process.wait()

    def signal(self, number):
        self.process.send_signal(number)

    def heeds_signals(self):
        """True once it blocks SIGTERM, as runtime/signals does to read it, and when it has ended."""
        if not self.running:
            return True
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^SigBlk:\s*(\w+)", status, re.MULTILINE)[1], 16) >> (signal.SIGTERM - 1) & 1

    def wait(self, timeout=30):
        """Awaits its own end; returns the exit code."""
        return self.process.wait(timeout)

    @property
    def running(self):
        return self.process.poll() is None

    def output(self):
        """All that it wrote so far, over every start."""
        with open(f"/proc/self/fd/{self._log.fileno()}", errors="replace") as again:
            return again.read()

    def logs(self, **fields):
        """Its log lines as objects; only those that have these fields, e.g. logs(event="batch_committed")."""
        found = []
        for line in self.output().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and all(entry.get(name) == value for name, value in fields.items()):
                found.append(entry)
        return found

    def await_log(self, timeout=30, **fields):
        """Awaits a log line that has these fields; returns the first."""
        def seen():
            found = self.logs(**fields)
            if not found and not self.running:
                raise AssertionError(f"{self.command[0]} ended with {self.process.returncode}:\n{self.output()}")
            return found

        try:
            return place.eventually(seen, timeout, what=f"the log line {fields}")[0]
        except AssertionError as missed:
            raise AssertionError(f"{missed}; it wrote:\n{self.output()[-OUTPUT_SHOWN:]}") from None


class Ingestor(Daemon):
    """The ingestor on a broker's topic and a cluster's database; admin: it has an admin port, at admin_url."""

    def __init__(self, broker, database_url, topic, group="analytics-service", admin=False, arguments=(),
                 **settings):
        if admin:
            [self.admin_port] = place.free_ports(1)
            self.admin_url = f"http://127.0.0.1:{self.admin_port}"
            settings = {"ANALYTICS_INGESTOR_ADMIN_PORT": self.admin_port, **settings}
        self.has_admin = admin
        super().__init__(INGESTOR, {"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap,
                                    "ANALYTICS_KAFKA_TOPIC": topic, "ANALYTICS_KAFKA_CONSUMER_GROUP": group,
                                    "ANALYTICS_DATABASE_URL": database_url, **settings}, arguments)

    def __enter__(self):
        super().__enter__()
        if self.has_admin:
            self.await_log(event="listening")
        return self


class Http(Daemon):
    """The HTTP server on ports of its own; on entry it answers. url is for /v1, admin_url for /metrics."""

    def __init__(self, database_url, **settings):
        self.port, self.admin_port = place.free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self.admin_url = f"http://127.0.0.1:{self.admin_port}"
        super().__init__(HTTP, {"ANALYTICS_SERVICE_PORT": self.port, "ANALYTICS_HTTP_ADMIN_PORT": self.admin_port,
                                "ANALYTICS_DATABASE_URL": database_url, **settings})

    def __enter__(self):
        super().__enter__()
        try:
            self.await_answer()
        except BaseException:
            self.terminate()
            raise
        return self

    def await_answer(self, timeout=30):
        def answers():
            if not self.running:
                raise place.RigError(f"{self.command[0]} ended with {self.process.returncode}:\n{self.output()}")
            try:
                return urllib.request.urlopen(self.url + "/health", timeout=5).status == 200
            except urllib.error.URLError:
                return False

        place.eventually(answers, timeout, what=f"{self.url}/health")
