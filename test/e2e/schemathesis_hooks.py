"""What schemathesis is told of our API: how a body of lines is written."""
import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(_context, value):
    return value if isinstance(value, bytes) else str(value).encode()
