"""A PostgreSQL cluster of its own: durable as shipped, on a unix socket only, gone when its owner is gone.

A unix socket in a private folder needs no free port, no password, and meets no other cluster. The server runs in the
foreground as our child and gets SIGINT (fast shutdown) should we die.
"""
import os
import re
import shutil
import signal
import subprocess

from . import place

PORT = "5432"  # names the socket's file, nothing listens on TCP
SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "log_line_prefix": "'%m [%p] %q%u@%d '",
    "log_checkpoints": "off",
    "max_prepared_transactions": "4",
}
# A test's server has settings that no result may depend on; one that a person is given to try has PostgreSQL's own.
UNUSUAL = {"timezone": "'Asia/Kathmandu'", "datestyle": "'SQL, DMY'", "intervalstyle": "'iso_8601'",
           "extra_float_digits": "0", "bytea_output": "'escape'"}
FAULTS = re.compile(r"(PANIC|TRAP):|AddressSanitizer|terminated by (signal|exception)|WARNING:.*\bleak", re.ASCII)


class Cluster:
    """with Cluster(installation) as cluster: cluster.environment() is what libpq's programs need."""

    port = PORT

    def __init__(self, installation, settings=None):
        self.installation = installation
        self.settings = {**SETTINGS, **(settings or {})}
        self.folder = None
        self.process = None

    def __enter__(self):
        self.folder = place.server_folder("cluster")
        self.data = self.folder / "data"
        self.socket = place.socket_folder(self.folder)
        self.log = self.folder / "log"
        try:
            self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                      "--locale=C.UTF-8", "--no-sync")
            self.settings["unix_socket_directories"] = f"'{self.socket}'"
            self._guard()
            with open(self.data / "postgresql.auto.conf", "a") as conf:
                conf.writelines(f"{name} = {value}\n" for name, value in self.settings.items())
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.stop()
        for folder in {self.folder, self.socket}:
            shutil.rmtree(folder, ignore_errors=True)

    def _guard(self):
        """Whom the server lets in: everybody who may open the socket."""

    def start(self):
        """Starts the server and returns when it answers."""
        with open(self.log, "a") as log:
            self.process = place.spawn([self.installation.program("postgres"), "-D", self.data], signal.SIGINT,
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                                       env={**os.environ, **self._preload()}, **place.server_identity())

        def answers():
            if self.process.poll() is not None:
                raise place.RigError(f"PostgreSQL did not start:\n{self.log.read_text()}")
            return subprocess.run([self.installation.program("pg_isready"), "-q", "-h", self.socket, "-p", self.port]
                                  ).returncode == 0

        place.eventually(answers, 60, what="PostgreSQL's start")

    @staticmethod
    def _preload():
        """ANALYTICS_SERVER_PRELOAD: a library for the server alone, libasan.so for a module that needs it. What that
        finds is in the server's log."""
        library = os.environ.get("ANALYTICS_SERVER_PRELOAD")
        if not library:
            return {}
        return {"LD_PRELOAD": library, "ASAN_OPTIONS": "detect_leaks=0:detect_odr_violation=0:abort_on_error=1"}

    def stop(self, how=signal.SIGINT):
        """Fast shutdown; how=SIGTERM is smart, SIGQUIT immediate (what a crash leaves behind)."""
        if self.process is not None:
            place.stop(self.process, how)

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.start()

    def environment(self, database="postgres", user="postgres"):
        """libpq's variables for this cluster, and its programs first on the PATH."""
        return {"PGHOST": str(self.socket), "PGPORT": self.port, "PGUSER": user, "PGDATABASE": database,
                "PATH": f"{self.installation.bindir}{os.pathsep}{os.environ['PATH']}"}

    def url(self, database="postgres", user="postgres"):
        """A connection URI, as for ANALYTICS_DATABASE_URL."""
        return f"postgresql://{user}@/{database}?host={self.socket}&port={self.port}"

    def sql(self, statement, database="postgres"):
        """Runs a statement through psql; returns its unaligned output."""
        done = subprocess.run([self.installation.program("psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1",
                               "-d", database, "-c", statement], capture_output=True, text=True,
                              env={**os.environ, **self.environment(database)})
        if done.returncode != 0:
            raise place.RigError(done.stderr.strip())
        return done.stdout.rstrip("\n")

    def log_size(self):
        return self.log.stat().st_size

    def log_since(self, position=0):
        """The server's log after position."""
        with open(self.log, errors="replace") as log:
            log.seek(position)
            return log.read()

    def faults_since(self, position=0):
        """Lines of the server's log after position that no test may cause: crashes, failed assertions, leaks."""
        return [line for line in self.log_since(position).splitlines() if FAULTS.search(line)]

    def _run(self, program, *arguments):
        done = subprocess.run([self.installation.program(program), *map(str, arguments)], cwd=self.folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              **place.server_identity())
        if done.returncode != 0:
            raise place.RigError(f"{program} failed:\n{done.stdout}")


class Standby(Cluster):
    """A copy of a running cluster, to be made in its folder data by pg_basebackup -R; start() runs it."""

    def __init__(self, primary):
        super().__init__(primary.installation)

    def __enter__(self):
        self.folder = place.server_folder("standby")
        self.data = self.folder / "data"
        self.socket = place.socket_folder(self.folder)
        self.log = self.folder / "log"
        self.log.touch()
        return self

    def start(self):
        owner = place.server_identity()
        for path in (self.data, *self.data.rglob("*")) if owner else ():
            os.chown(path, owner["user"], owner["group"])
        with open(self.data / "postgresql.auto.conf", "a") as conf:
            conf.write(f"unix_socket_directories = '{self.socket}'\n")
        super().start()


HBA = """local   all all trust
hostssl all all localhost scram-sha-256
"""


class GuardedCluster(Cluster):
    """A cluster that also listens as localhost, and there demands TLS and a password."""

    def __init__(self, installation, authority):
        super().__init__(installation)
        self.authority = authority

    def _guard(self):
        identity = self.authority.issue("postgresql", hosts=["localhost"])
        owner = place.server_identity()
        for name, source in (("server.crt", identity.certificate), ("server.key", identity.key)):
            target = self.data / name
            target.write_bytes(source.read_bytes())
            target.chmod(0o600)
            if owner:
                os.chown(target, owner["user"], owner["group"])
        (self.data / "pg_hba.conf").write_text(HBA)
        [port] = place.free_ports(1)
        self.port = str(port)
        self.settings.update(port=self.port, listen_addresses="'localhost'", ssl="on")
