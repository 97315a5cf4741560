"""A body cut into its items, each still undecoded, so that one bad item cannot fail the others."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Raw

from ingest.bounds import Bounds
from ingest.faults import BodyRefused, Refusal
from ingest.incoming import ESCAPED_NUL

_FIRST: Final = re.compile(rb"[ \t\r\n]*(.?)", re.DOTALL)
_array: msgspec.json.Decoder[list[Raw]] = msgspec.json.Decoder(list[Raw])
_single: msgspec.json.Decoder[Raw] = msgspec.json.Decoder(Raw)


class Form(StrEnum):
    JSON = "json"
    LINES = "lines"


_FORMS = {
    "application/json": Form.JSON,
    "application/x-ndjson": Form.LINES,
    "application/ndjson": Form.LINES,
    "application/jsonl": Form.LINES,
}


class Item(msgspec.Struct, frozen=True, gc=False):
    """`line` counts from 1 and is None outside NDJSON; `nul` is False if no escaped U+0000 can be in it."""

    text: bytes | Raw
    line: int | None = None
    nul: bool = True


def form_of(content_type: str | None) -> Form:
    """Raises `BodyRefused` for everything that is neither JSON nor NDJSON, in UTF-8."""
    name, _, parameters = (content_type or "").partition(";")
    form = _FORMS.get(name.strip().lower())
    if form is None:
        said = f"Content-Type {name.strip()[:80]!r}" if content_type else "no Content-Type"
        raise BodyRefused(Refusal.UNKNOWN_TYPE, f"{said}: send application/json or application/x-ndjson")
    key, _, charset = parameters.strip().lower().partition("=")
    if key == "charset" and charset.strip('" ') not in ("utf-8", "utf8", "us-ascii"):
        raise BodyRefused(Refusal.UNKNOWN_TYPE, f"charset {charset[:40]!r}: send UTF-8")
    return form


def cut(body: bytes, form: Form, bounds: Bounds) -> Sequence[Item]:
    """At least one item, at most `bounds.items`. Raises `BodyRefused`."""
    items = _lines(body, bounds) if form is Form.LINES else _json(body, bounds)
    if not items:
        raise BodyRefused(Refusal.EMPTY, "the body holds no event")
    if len(items) > bounds.items:
        raise _too_many(f"{len(items)} events", bounds)
    return items


def _lines(body: bytes, bounds: Bounds) -> Sequence[Item]:
    count = body.count(b"\n")
    if count > 2 * bounds.items:
        raise _too_many(f"{count} lines", bounds)
    lines = (line.strip(b" \t\r") for line in body.split(b"\n"))
    nul = ESCAPED_NUL in body
    return [Item(line, number, nul) for number, line in enumerate(lines, 1) if line]


def _json(body: bytes, bounds: Bounds) -> Sequence[Item]:
    match = _FIRST.match(body)
    first = match[1] if match else b""
    if first == b"":
        return []
    if first not in (b"[", b"{"):
        at = match.start(1) if match else 0
        raise BodyRefused(Refusal.MALFORMED, f"expected a JSON object or array, found something else (byte {at})")
    if body.count(b",") > bounds.commas:
        raise _too_many(f"more than {bounds.commas} values", bounds)
    try:
        found = _array.decode(body) if first == b"[" else [_single.decode(body)]
    except msgspec.DecodeError as error:
        raise BodyRefused(Refusal.MALFORMED, _told(error, body)) from error
    except RecursionError as error:
        raise BodyRefused(Refusal.MALFORMED, "the JSON is nested too deeply") from error
    # Once for all of them: each would have to be copied to be searched.
    nul = ESCAPED_NUL in body
    return [Item(text, None, nul) for text in found]


def _told(error: msgspec.DecodeError, body: bytes) -> str:
    text = str(error).removeprefix("JSON is malformed: ")
    where = "" if "(byte" in text else f" (byte {len(body)})"
    return f"not JSON: {text[:1].lower()}{text[1:]}{where}"


def _too_many(found: str, bounds: Bounds) -> BodyRefused:
    return BodyRefused(Refusal.TOO_MANY_ITEMS, f"{found} in one request: at most {bounds.items} events are taken")
