"""What besiegers of analytics-http share: crowds of connections, and what tells whether it bears them."""
import contextlib
import re
import resource
import time

import requests

from http_client import RECENT, Raw

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
ASKED = f"GET {RECENT} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()  # needs a worker
UP = b'{"status":"UP"}'
WITHIN = 1.0  # seconds, for whoever asks properly, whatever others do
MOST_GROWTH = 32 << 20


def memory(service):
    """Bytes of the service that are in memory, at most so far."""
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", open(f"/proc/{service.process.pid}/status").read())[1])


def seconds_of(service, path=RECENT):
    """For how long a normal request on a new connection takes, until all of the answer is there."""
    begin = time.monotonic()
    answer = requests.get(service.url + path, timeout=10)
    took = time.monotonic() - begin
    assert answer.status_code == 200, answer.text
    return took


@contextlib.contextmanager
def crowd(port, count, said=b""):
    """So many connections, each having said something."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Raw(port)) for _ in range(count)]
        for client in clients:
            client.send(said)
            if said == HEALTH and count > 1000:  # kept, one after the other: a flood of requests is another matter
                assert client.answer()[2] == UP
        yield clients
