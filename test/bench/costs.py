"""What a pass costs besides its time: processor, WAL, disk, memory.

The server's processor time is that of its whole family: of the processes that live, and of those that it has buried.
Client programs are asked themselves (/proc), before they end. All of it needs Linux.
"""
import dataclasses
import os
import pathlib
import re

import turns

TICKS = os.sysconf("SC_CLK_TCK")
HIGH_WATER = re.compile(r"^VmHWM:\s*(\d+) kB", re.MULTILINE)
MILLION = 1_000_000


@dataclasses.dataclass
class Cost:
    """Of one pass. Bytes of the heap are with its TOAST; memory is the client's peak. A consumer's seconds hold those
    that it took to join its group and claim its partitions."""

    seconds: float
    seconds_to_join: float = 0
    server_cpu: float = 0
    client_cpu: float = 0
    broker_cpu: float = 0
    wal_bytes: int = 0
    heap_bytes: int = 0
    index_bytes: int = 0
    peak_bytes: int = 0
    answers_ms: list = dataclasses.field(default_factory=list)  # of a dashboard that asked meanwhile


def statistics_of(pid):
    """The fields of /proc/PID/stat after the name, which may hold anything; None when the process is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def cpu_seconds(pid, with_buried=False):
    """User and system time of a process, and of its children that it has waited for."""
    fields = statistics_of(pid)
    return sum(map(int, fields[11:15 if with_buried else 13])) / TICKS if fields else 0


def family_cpu_seconds(pid):
    """A server's, its living and its buried children's."""
    children = [entry for entry in os.listdir("/proc") if entry.isdigit()
                and (fields := statistics_of(entry)) and fields[1] == str(pid)]
    return cpu_seconds(pid, with_buried=True) + sum(map(cpu_seconds, children))


def peak_bytes(pid):
    return 1024 * int(HIGH_WATER.search(pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def per_event(costs, count):
    """The medians of some passes over count events, in the units in which they are told."""
    def of(name):
        return turns.median([getattr(cost, name) for cost in costs], 9)

    cpu = {name: round(of(name) * MILLION / count, 2) for name in ("server_cpu", "client_cpu", "broker_cpu")}
    size = {name: round(of(name) / count, 1) for name in ("wal_bytes", "heap_bytes", "index_bytes")}
    return {"cpu_seconds_per_million": {name.removesuffix("_cpu"): value for name, value in cpu.items()},
            "bytes_per_event": {name.removesuffix("_bytes"): value for name, value in size.items()}}
