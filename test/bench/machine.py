"""What figures are measured on: the settings of the private server, and what is said of the machine with each line."""
import datetime
import os
import platform
import re
import subprocess

import confluent_kafka
from rig import broker, place

# Durability is as shipped. No checkpoint may fall into one pass and not into its rival.
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "16GB", "checkpoint_timeout": "1h"}
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


def about(server):
    """What a figure was measured on, as a line of JSON says it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(["git", "-C", place.ROOT, "describe", "--always", "--dirty"], capture_output=True,
                            text=True)
    return {"at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "commit": commit.stdout.strip(), "cpu": model(), "cores": os.cpu_count(), "memory_gib": round(memory, 1),
            "kernel": platform.release(), "postgresql": server.sql("SHOW server_version"),
            "librdkafka": confluent_kafka.libversion()[0], "kafka": broker.VERSION, "wrk": wrk_version(),
            **{name: server.sql(f"SHOW {name}") for name in (*DURABLE, *SETTINGS)}}


def model():
    found = re.search(r"^model name\s*:\s*(.*)", open("/proc/cpuinfo").read(), re.MULTILINE)
    return found[1] if found else platform.machine()


def wrk_version():
    try:
        told = subprocess.run(["wrk", "-v"], capture_output=True, text=True).stdout
    except OSError:
        return None
    found = re.search(r"wrk \S*?(\d+\.\d+\.\d+)", told)
    return found[1] if found else None
