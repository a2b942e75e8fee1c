"""API keys and roles for the tests of analytics-http."""
import hashlib
import secrets
import subprocess

import requests

from rig import place

ROLES = place.ROOT / "doc" / "roles.sql"


def make_roles(server, database):
    """Runs roles.sql as an operator would."""
    done = subprocess.run([server.installation.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-1",
                           "-f", str(ROLES), "-d", database.url], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


class KeyFile:
    """A file of keys; add() returns the key, and ring[id] is it again."""

    def __init__(self, path):
        self.path = path
        self.keys = {}

    def add(self, name, scopes="read", *options):
        key = secrets.token_urlsafe(32)
        self.keys[name] = key
        with open(self.path, "a") as file:
            file.write(" ".join([name, "sha256:" + hashlib.sha256(key.encode()).hexdigest(), scopes, *options]) + "\n")
        return key

    def __getitem__(self, name):
        return self.keys[name]


def ask(service, key, path, method="GET", **options):
    """A request with the key; none without one."""
    headers = {**options.pop("headers", {}), **({"Authorization": f"Bearer {key}"} if key else {})}
    return requests.request(method, service.url + path, headers=headers, timeout=30, **options)
