"""Splits a JSON or NDJSON body into items. They stay undecoded, so that one malformed item does not fail the others."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Raw

from ingest.errors import BodyErrorReason, BodyRefused
from ingest.events.damaged_array import split_array
from ingest.events.incoming_event import ESCAPED_NUL
from ingest.receiving.bounds import Bounds

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_FIRST: Final = re.compile(rb"[ \t\r\n]*(.?)", re.DOTALL)
_array: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])
_single: msgspec.json.Decoder[Raw] = msgspec.json.Decoder(Raw)


class BodyFormat(StrEnum):
    JSON = "json"
    LINES = "lines"


_FORMS = {
    "application/json": BodyFormat.JSON,
    "application/x-ndjson": BodyFormat.LINES,
    "application/ndjson": BodyFormat.LINES,
    "application/jsonl": BodyFormat.LINES,
}


class BodyItem(msgspec.Struct, frozen=True, gc=False):
    """`line` counts from 1 and is set for NDJSON only. `nul` is False if the body contains no escaped U+0000."""

    text: bytes | Raw
    line: int | None = None
    nul: bool = True


def body_format(content_type: str | None) -> BodyFormat:
    """The format that a Content-Type names. Raises `BodyRefused` unless it is JSON or NDJSON in UTF-8."""
    name, _, parameters = (content_type or "").partition(";")
    form = _FORMS.get(name.strip().lower())
    if form is None:
        said = f"Content-Type {name.strip()[:80]!r}" if content_type else "no Content-Type"
        raise BodyRefused(BodyErrorReason.UNKNOWN_TYPE, f"{said}: send application/json or application/x-ndjson")
    key, _, charset = parameters.strip().lower().partition("=")
    if key == "charset" and charset.strip('" ') not in ("utf-8", "utf8", "us-ascii"):
        raise BodyRefused(BodyErrorReason.UNKNOWN_TYPE, f"charset {charset[:40]!r}: send UTF-8")
    return form


def split_body(body: bytes, form: BodyFormat, bounds: Bounds) -> Sequence[BodyItem]:
    """At least one and at most `bounds.items` items. A byte order mark is passed over. Raises `BodyRefused`."""
    body = body.removeprefix(_BYTE_ORDER_MARK)
    items = _split_lines(body, bounds) if form is BodyFormat.LINES else _split_json(body, bounds)
    if not items:
        raise BodyRefused(BodyErrorReason.EMPTY, "the body holds no event")
    if len(items) > bounds.items:
        raise _too_many(f"{len(items)} events", bounds)
    return items


def _split_lines(body: bytes, bounds: Bounds) -> Sequence[BodyItem]:
    # Counted before splitting, which would make millions of objects. Twice the items leaves room for empty lines.
    count = body.count(b"\n")
    if count > 2 * bounds.items:
        raise _too_many(f"{count} lines", bounds)
    lines = (line.strip(b" \t\r") for line in body.split(b"\n"))
    nul = ESCAPED_NUL in body
    return [BodyItem(line, number, nul) for number, line in enumerate(lines, 1) if line]


def _split_json(body: bytes, bounds: Bounds) -> Sequence[BodyItem]:
    match = _FIRST.match(body)
    first = match[1] if match else b""
    if first == b"":
        return []
    if first not in (b"[", b"{"):
        at = match.start(1) if match else 0
        raise BodyRefused(
            BodyErrorReason.MALFORMED, f"expected a JSON object or array, found something else (byte {at})"
        )
    # Commas bound the number of values without decoding the body.
    if body.count(b",") > bounds.commas:
        raise _too_many(f"more than {bounds.commas} values", bounds)
    found: Sequence[bytes | Raw]
    try:
        found = _array.decode(body) if first == b"[" else [_single.decode(body)]
    except (msgspec.DecodeError, RecursionError) as error:
        # One malformed item must not fail the others, so the array is cut without decoding it.
        cut = split_array(body, match.start(1), most_items=bounds.items) if first == b"[" and match else None
        if cut is None:
            raise BodyRefused(BodyErrorReason.MALFORMED, _error_text(error, body)) from error
        found = cut
    # Searched once in the whole body: an item would have to be copied to be searched.
    nul = ESCAPED_NUL in body
    return [BodyItem(text, None, nul) for text in found]


def _error_text(error: Exception, body: bytes) -> str:
    if isinstance(error, RecursionError):
        return "the JSON is nested too deeply"
    text = str(error).removeprefix("JSON is malformed: ")
    # msgspec gives the byte of every error but that of a body that ends too early.
    where = "" if "(byte" in text else f" (byte {len(body)})"
    return f"not JSON: {text[:1].lower()}{text[1:]}{where}"


def _too_many(found: str, bounds: Bounds) -> BodyRefused:
    return BodyRefused(
        BodyErrorReason.TOO_MANY_ITEMS, f"{found} in one request: at most {bounds.items} events are taken"
    )
