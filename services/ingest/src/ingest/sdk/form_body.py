"""Bodies of HTML forms, in which older clients of PostHog and Mixpanel's Python client send their JSON. Pure."""

from base64 import b64decode
from typing import Final
from urllib.parse import parse_qs

_FIELD: Final = b"data="
_MOST_FIELDS: Final = 20


def without_form(body: bytes) -> bytes:
    """The JSON of a body: from the field `data` of a form, decoded from base64, or as it is."""
    body = body.strip()
    if not body.startswith(_FIELD) and b"&" + _FIELD not in body[:200]:
        return body
    try:
        # ASCII: a form escapes everything else.
        fields = parse_qs(body.decode("ascii"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return body
    data = fields.get("data", [""])[0].strip().encode()
    return data if data[:1] in b"[{" else _from_base64(data)


def _from_base64(data: bytes) -> bytes:
    try:
        # Decoding a form turns an unescaped plus sign into a blank.
        return b64decode(data.replace(b" ", b"+"), validate=True)
    except ValueError:
        return data
