"""What schemathesis has to be told of our media types; it loads this by name."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(context: Any, value: Any) -> bytes:
    """The document says: a text, one event a line."""
    return str(value).encode("utf-8", "replace")
