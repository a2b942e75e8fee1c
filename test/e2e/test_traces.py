"""Traces: what a collector receives from both daemons, and that nobody waits for it."""
import json
import pathlib
import signal
import socket
import subprocess
import threading

import pytest
import requests
from rig import place

import pypi
from http_client import RECENT, get
from stream import event
from test_metrics import value

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"
AT_ONCE = {"OTEL_BSP_SCHEDULE_DELAY": 100}


class Collector:
    def __init__(self):
        script = pathlib.Path(__file__).with_name("collector.py")
        self.process = place.spawn([pypi.tool("python"), script], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"
        self.settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, **AT_ONCE}
        self.spans = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        for line in self.process.stdout:
            self.spans.append(json.loads(line))

    def await_span(self, **fields):
        def seen():
            faults = [span["fault"] for span in self.spans if "fault" in span]
            assert not faults, faults
            return [span for span in self.spans if all(span.get(name) == wanted for name, wanted in fields.items())]
        return place.eventually(seen, 30, what=f"a span of {fields}")[0]


@pytest.fixture
def collector():
    running = Collector()
    yield running
    place.stop(running.process, signal.SIGTERM, 5)


def test_from_the_producer_to_the_batch_to_the_database(collector, ingestor, produce, topic):
    started = ingestor(**collector.settings, ANALYTICS_LOG_LEVEL="debug")
    started.await_log(event="partitions_ready")
    produce(topic, [event(1), event(2)], partition=0, headers=[("traceparent", TRACEPARENT.encode())])
    batch = collector.await_span(kind="consumer")
    assert batch["links"] == [[TRACE, SPAN]]
    assert (batch["service"], batch["name"], batch["parent"]) == ("analytics-ingestor", f"process {topic}", "")
    assert batch["attributes"]["messaging.destination.partition.id"] == "0"
    call = collector.await_span(name="ingest", parent=batch["id"])
    assert (call["kind"], call["trace"], call["status"]) == ("client", batch["trace"], 0)
    assert batch["start"] <= call["start"] <= call["end"] <= batch["end"]
    assert call["attributes"]["db.system.name"] == "postgresql"
    line = started.await_log(event="batch_committed", trace_id=batch["trace"])
    assert line["span_id"] == batch["id"]


def test_from_the_caller_to_the_request_to_the_database(collector, http):
    service = http(**collector.settings, ANALYTICS_LOG_LEVEL="debug", OTEL_SERVICE_NAME="answers",
                   OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer t")
    requests.get(service.url + RECENT, headers={"traceparent": TRACEPARENT}, timeout=10)
    request = collector.await_span(kind="server", trace=TRACE)
    assert (request["service"], request["name"], request["parent"]) == ("answers", "GET " + RECENT, SPAN)
    assert request["attributes"]["http.response.status_code"] == 200
    assert request["token"] == "Bearer t"
    call = collector.await_span(kind="client", trace=TRACE, parent=request["id"])
    assert request["start"] <= call["start"] <= call["end"] <= request["end"]
    assert service.await_log(event="request_served", trace_id=TRACE)["span_id"] == request["id"]


def test_a_caller_who_does_not_want_it_kept_is_heeded(collector, http):
    service = http(**collector.settings)
    requests.get(service.url + RECENT, headers={"traceparent": TRACEPARENT[:-1] + "0"}, timeout=10)
    other = "a" * 32
    requests.get(service.url + RECENT, headers={"traceparent": f"00-{other}-{SPAN}-01"}, timeout=10)
    collector.await_span(kind="server", trace=other)
    assert not [span for span in collector.spans if span["trace"] == TRACE]


@pytest.mark.parametrize("answers", [False, True], ids=["nobody listens", "it listens and never answers"])
def test_without_a_collector_work_goes_on_and_spans_are_counted(http, answers):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if not answers:
            silent.close()
        service = http(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}", OTEL_EXPORTER_OTLP_TIMEOUT=300,
                       **AT_ONCE)
        for _ in range(5):
            assert get(service, RECENT).status_code == 200
        service.await_log(event="collector_unavailable")
        place.eventually(lambda: (value(service, "analytics_http_trace_spans_total", outcome="dropped") or 0) >= 10, 30,
                         what="ten spans that were dropped")
        assert service.terminate() == 0
    assert len(service.logs(event="collector_unavailable")) == 1
