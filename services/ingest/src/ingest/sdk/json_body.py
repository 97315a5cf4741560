"""Reads the JSON bodies of SDKs, which is not always JSON to the letter. Pure."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw

from ingest.errors import BodyErrorReason, BodyRefused, FieldError, FieldErrorReason
from ingest.receiving.bounds import BOUNDS
from ingest.sdk.wire_format import MalformedMessage

T = TypeVar("T")

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# Every escape, so that an escaped backslash before "ud800" is not taken for one.
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def decode_body(body: bytes, type_: type[T]) -> T:
    """The body by a type whose messages stay undecoded (`Raw`). Raises `BodyRefused`."""
    body = body.removeprefix(_BYTE_ORDER_MARK)
    if not body.strip():
        raise BodyRefused(BodyErrorReason.EMPTY, "the body is empty")
    # Commas bound the number of values without decoding the body.
    if body.count(b",") > BOUNDS.commas:
        raise BodyRefused(BodyErrorReason.TOO_MANY_ITEMS, f"more than {BOUNDS.commas} values in one request")
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        raise BodyRefused(BodyErrorReason.MALFORMED, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_leniently(body, type_)


def check_count(messages: Sequence[object]) -> None:
    """Raises `BodyRefused` for more messages than one request may have."""
    if len(messages) > BOUNDS.items:
        detail = f"{len(messages)} messages in one request: at most {BOUNDS.items} are taken"
        raise BodyRefused(BodyErrorReason.TOO_MANY_ITEMS, detail)


def decode_messages(messages: Sequence[Raw]) -> Iterator[tuple[Raw, dict[str, Any]] | MalformedMessage]:
    """Each with what it holds. One that cannot be decoded, or is no object, does not fail the others."""
    check_count(messages)
    for raw in messages:
        try:
            found = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            yield MalformedMessage(raw, (FieldError("", FieldErrorReason.MALFORMED, f"not JSON: {error}"),))
            continue
        if isinstance(found, dict):
            yield raw, found
        else:
            detail = "a message is a JSON object"
            yield MalformedMessage(raw, (FieldError("", FieldErrorReason.NOT_AN_OBJECT, detail),))


def _decode_leniently(body: bytes, type_: type[T]) -> T:
    """Clients cut texts in the midst of an emoji, and Python's write NaN and Infinity: JSON has neither.

    Half an emoji becomes U+FFFD, such a number null, and the rest is taken.
    """
    try:
        text = _ESCAPE.sub(_whole, body.decode(json.detect_encoding(body), errors="replace"))
        found = json.loads(text, parse_constant=lambda _: None)
        return msgspec.json.decode(msgspec.json.encode(found), type=type_)
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        detail = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BodyRefused(BodyErrorReason.MALFORMED, f"not JSON: {detail}") from error


def _whole(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape["half"] else escape[0]
