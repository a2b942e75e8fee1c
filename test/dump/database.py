"""Databases of these tests, and of those in test/update: an empty one, and one in use (data.sql, operator.sql)."""
import contextlib
import dataclasses
import subprocess

import psycopg2
import psycopg2.errors

from rig import cluster

import catalogue
import ways

SETTINGS = {**cluster.UNUSUAL, "wal_level": "logical", "fsync": "off", "full_page_writes": "off", "jit": "off",
            "max_replication_slots": "10", "wal_retrieve_retry_interval": "100ms"}
ROLES = ("CREATE ROLE dump_reader NOLOGIN", "CREATE ROLE dump_owner NOLOGIN", "CREATE ROLE app_owner LOGIN")


@dataclasses.dataclass
class Database:
    """A database that has the extension in the schema home; sessions find its objects there."""

    server: cluster.Cluster
    name: str
    home: str = "public"

    @property
    def url(self):
        return self.server.url(self.name)

    def connect(self, user="postgres"):
        connection = psycopg2.connect(self.server.url(self.name, user))
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('search_path', quote_ident(%s) || ', public', false)", (self.home,))
        return connection

    def rows(self, statement, parameters=None, user="postgres"):
        with contextlib.closing(self.connect(user)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def sql(self, statement, parameters=None, user="postgres"):
        """The first row's only value, or the row; None without one."""
        rows = self.rows(statement, parameters, user)
        return (rows[0][0] if len(rows[0]) == 1 else rows[0]) if rows else None

    def run(self, *files, **variables):
        """psql -f, as an operator would."""
        words = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        words += [word for file in files for word in ("-f", str(file))]
        done = subprocess.run([self.server.installation.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1",
                               "-d", self.url, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def fingerprint(self):
        return catalogue.fingerprint(self.url)

    def create(self, template="template0"):
        self.server.sql(f'CREATE DATABASE "{self.name}" TEMPLATE "{template}" ENCODING \'UTF8\'')
        return self

    def drop(self):
        self.server.sql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def refusal(server, version):
    """What this PostgreSQL finds wrong with the install script of a release that is older; None when nothing."""
    database = Database(server, "installed_once").create()
    try:
        database.sql(f"CREATE EXTENSION analytics_events VERSION '{version}'")
    except psycopg2.errors.SyntaxError as error:
        return f"{version} can't be installed here: {error.diag.message_primary}"
    finally:
        database.drop()


def prepare(server, folder):
    """What is the cluster's: roles and a tablespace, in that folder."""
    for statement in ROLES:
        server.sql(statement)
    server.sql(f"CREATE TABLESPACE cold LOCATION '{folder}'")


def furnish(database, version=None):
    """The database in use, of that version of the extension, or of this checkout's."""
    database.create()
    if database.home != "public":
        database.sql(f'CREATE SCHEMA "{database.home}"')
    database.sql(f'CREATE EXTENSION analytics_events SCHEMA "{database.home}"'
                 + (f" VERSION '{version}'" if version else ""))
    database.run(ways.roles_of(version))
    database.run(ways.DATA, ways.OPERATOR, home=database.home)
    assert database.rows("SELECT * FROM analytics_verify()") == []
    return database
