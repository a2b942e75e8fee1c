"""What schemathesis is told of our API: how a body of lines is written, and that it need not wait for long."""
import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(_context, value):
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.hook
def map_query(_context, query):
    if query and str(query.get("wait")) in map(str, range(2, 61)):
        query["wait"] = 1
    return query
