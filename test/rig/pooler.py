"""pgbouncer before a cluster, as operators put it there: sessions shared out by transaction, on a unix socket only.

With Pooler(cluster, users, size=2) as pooler: pooler.url("app", "analytics_api") is as cluster.url(), by way of the
pooler. size bounds the server's sessions for each user and database, so that few clients suffice to mix them up. Other
settings of pgbouncer go by their names: ignore_startup_parameters="options", max_prepared_statements=100.

PGBOUNCER=/path/of/another/pgbouncer has the tests use that one.
"""
import os
import re
import shutil
import signal
import subprocess

from . import place

PROGRAM = os.environ.get("PGBOUNCER") or shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/sbin")
PORT = "6432"  # names the socket's file, nothing listens on TCP


def version(program=PROGRAM):
    """As numbers, e.g. (1, 18, 0); nothing where there is no pgbouncer."""
    if program is None:
        return None
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.search(r"PgBouncer (\d+)\.(\d+)\.(\d+)", told).groups()))


class Pooler:
    def __init__(self, cluster, users=("postgres",), size=2, mode="transaction", program=PROGRAM, **settings):
        self.cluster = cluster
        self.users = users
        self.program = program
        self.settings = {"listen_port": PORT, "auth_type": "trust", "pool_mode": mode, "default_pool_size": size,
                         "max_client_conn": 500, "query_wait_timeout": 30, "admin_users": "postgres",
                         "server_lifetime": 3600, **settings}
        self.folder = None
        self.process = None

    def __enter__(self):
        if self.program is None:
            raise place.RigError("there is no pgbouncer (test/rig/setup test)")
        self.folder = place.server_folder("pooler")
        self.socket = place.socket_folder(self.folder)
        try:
            self._write("users", "".join(f'"{user}" ""\n' for user in self.users))
            self.settings.update(unix_socket_dir=self.socket, auth_file=self.folder / "users",
                                 logfile=self.folder / "log")
            lines = [f"{name} = {value}\n" for name, value in self.settings.items()]
            server = f"host={self.cluster.socket} port={self.cluster.port}"
            self._write("pgbouncer.ini", "".join([f"[databases]\n* = {server}\n[pgbouncer]\n", *lines]))
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.stop()
        for folder in {self.folder, self.socket}:
            shutil.rmtree(folder, ignore_errors=True)

    def start(self):
        self.process = place.spawn([self.program, "-q", self.folder / "pgbouncer.ini"], cwd=self.folder,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   **place.server_identity())

        def answers():
            if self.process.poll() is not None:
                raise place.RigError(f"pgbouncer did not start:\n{self.log()}")
            return subprocess.run([self.cluster.installation.program("pg_isready"), "-q", "-h", self.socket, "-p", PORT,
                                   "-d", "pgbouncer"]).returncode == 0

        place.eventually(answers, 30, what="pgbouncer's start")

    def stop(self):
        """At once: from 1.23 on SIGTERM waits for all clients."""
        place.stop(self.process, signal.SIGQUIT if version(self.program) >= (1, 23) else signal.SIGTERM)

    def url(self, database="postgres", user="postgres"):
        """A connection URI, as for ANALYTICS_DATABASE_URL."""
        return f"postgresql://{user}@/{database}?host={self.socket}&port={PORT}"

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o644)
