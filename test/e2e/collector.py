"""An OpenTelemetry collector of a test: takes OTLP over HTTP and keeps the spans.

What it is sent must be an ExportTraceServiceRequest as the official protobuf definitions have it. The specification's
JSON differs from protobuf's own in one point, ids are hexadecimal; they become base64 before protobuf reads them.

    collector.py          prints its port, then each span as a line of JSON
"""
import base64
import http.server
import json
import sys

IDS = ("traceId", "spanId", "parentSpanId")
KINDS = {2: "server", 3: "client", 5: "consumer"}


def with_base64_ids(value):
    if isinstance(value, list):
        return [with_base64_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: base64.b64encode(bytes.fromhex(item)).decode() if name in IDS else with_base64_ids(item)
            for name, item in value.items()}


def attributes(pairs):
    return {pair.key: pair.value.int_value if pair.value.HasField("int_value") else pair.value.string_value
            for pair in pairs}


def spans(request):
    for resource in request.resource_spans:
        who = attributes(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield {"service": who, "name": span.name, "kind": KINDS[span.kind], "trace": span.trace_id.hex(),
                       "id": span.span_id.hex(), "parent": span.parent_span_id.hex(),
                       "start": span.start_time_unix_nano, "end": span.end_time_unix_nano,
                       "links": [[link.trace_id.hex(), link.span_id.hex()] for link in span.links],
                       "dropped_links": span.dropped_links_count,
                       "status": span.status.code, "attributes": attributes(span.attributes)}


def main():
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            right = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
            try:
                request = json_format.ParseDict(with_base64_ids(json.loads(body)), ExportTraceServiceRequest())
                for span in spans(request):
                    print(json.dumps({**span, "token": self.headers["Authorization"]}), flush=True)
            except (ValueError, KeyError, json_format.ParseError) as error:
                print(json.dumps({"fault": str(error)}), flush=True)
            self.send_response(200 if right else 400)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
