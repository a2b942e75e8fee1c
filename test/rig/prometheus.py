"""Prometheus and promtool as Debian ships them, private: a server of ours that scrapes what it is told to.

The package would start a service on port 9090 when installed, so where it is not installed already it is only
unpacked, below .local/prometheus.
"""
import json
import pathlib
import shutil
import signal
import subprocess
import urllib.parse
import urllib.request

from . import place

UNPACKED = place.LOCAL / "prometheus"


def program(name):
    """The path of prometheus or promtool."""
    found = shutil.which(name)
    if found:
        return pathlib.Path(found)
    ours = UNPACKED / "usr" / "bin" / name
    with place.lock("prometheus"):
        if not ours.exists():
            unpack(name, "prometheus")  # since Debian 13 promtool is a package of its own
    return ours


def unpack(*packages):
    """The first of these that the release has."""
    download = place.LOCAL / "debs"
    download.mkdir(exist_ok=True)
    for package in packages:
        fetched = subprocess.run(["apt-get", "download", package], cwd=download, capture_output=True, text=True)
        if fetched.returncode == 0:
            [archive] = download.glob(f"{package}_*.deb")
            subprocess.run(["dpkg", "-x", archive, UNPACKED], check=True)
            return
    raise place.RigError("no prometheus here, and apt-get could not download it:\n" + fetched.stderr)


def promtool(*arguments, text=""):
    """(exit code, all that it said)"""
    done = subprocess.run([program("promtool"), *arguments], input=text, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


class Prometheus:
    """with Prometheus(folder, {"job": "host:port"}, rules_text): scrapes and judges every second."""

    def __init__(self, folder, jobs, rules):
        self.folder = pathlib.Path(folder)
        [port] = place.free_ports(1)
        self.address = f"127.0.0.1:{port}"
        (self.folder / "rules.yml").write_text(rules)
        jobs = [{"job_name": name, "static_configs": [{"targets": [target]}]} for name, target in jobs.items()]
        (self.folder / "prometheus.yml").write_text(json.dumps({  # JSON is YAML
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": ["rules.yml"],
            "scrape_configs": jobs}))

    def __enter__(self):
        with open(self.folder / "log", "w") as log:
            self.process = place.spawn([program("prometheus"), f"--config.file={self.folder / 'prometheus.yml'}",
                                        f"--storage.tsdb.path={self.folder / 'data'}",
                                        f"--web.listen-address={self.address}"], stdout=log, stderr=log)
        return self

    def __exit__(self, *_):
        place.stop(self.process, signal.SIGTERM, 10)

    def _get(self, path, **parameters):
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except OSError:
            if self.process.poll() is not None:
                raise place.RigError("prometheus ended:\n" + (self.folder / "log").read_text())
            return None

    def query(self, expression):
        """[(labels, value)] of now; None while it does not answer."""
        data = self._get("query", query=expression)
        return data and [(row["metric"], float(row["value"][1])) for row in data["result"]]

    def alerts(self, state="firing"):
        """Names of alerts in that state."""
        data = self._get("alerts")
        return {alert["labels"]["alertname"] for alert in data["alerts"] if alert["state"] == state} if data else set()
