"""Bodies of HTML forms, in which older clients of PostHog and Mixpanel's Python client send their JSON. Pure."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs

from ingest.sdk.json_body import BYTE_ORDER_MARK

_FIELD: Final = b"data="
_JSON_BEGINS: Final = (b"{", b"[")
_MOST_FIELDS: Final = 20


def without_form(body: bytes) -> bytes:
    """The JSON of a body: from the field `data` of a form, decoded from base64, or as it is."""
    return read_form(body)[0]


def read_form(body: bytes) -> tuple[bytes, Mapping[str, Sequence[str]]]:
    """The JSON of a body, and all fields of the form that it is in."""
    body = body.removeprefix(BYTE_ORDER_MARK).strip()
    # A form escapes these, so that a body with them in front is JSON, whatever stands in its texts.
    if body.startswith(_JSON_BEGINS):
        return body, {}
    if not body.startswith(_FIELD) and b"&" + _FIELD not in body[:200]:
        return body, {}
    try:
        # ASCII: a form escapes everything else.
        fields = parse_qs(body.decode("ascii"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return body, {}
    data = fields.get("data", [""])[0].strip().encode()
    return data if data.startswith(_JSON_BEGINS) else _from_base64(data), fields


def _from_base64(data: bytes) -> bytes:
    try:
        # Decoding a form turns an unescaped plus sign into a blank.
        return b64decode(data.replace(b" ", b"+"), validate=True)
    except ValueError:
        return data
