"""Reads the JSON bodies of SDKs, which are not always valid JSON. Pure."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Raw

from ingest.errors import BodyErrorReason, BodyRefused, FieldError, FieldErrorReason
from ingest.mapping.paths import Path
from ingest.receiving.bounds import BOUNDS
from ingest.sdk.undecoded import without_values
from ingest.sdk.wire_format import MalformedMessage

T = TypeVar("T")

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# Matches every escape, so that an escaped backslash before "ud800" is not taken for a surrogate.
_ESCAPE: Final = re.compile(
    r"\\(?:u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def decode_body(body: bytes, type_: type[T]) -> T:
    """The body by a type whose messages stay undecoded (`Raw`). Raises `BodyRefused`."""
    body = _content(body)
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.ValidationError as error:
        raise BodyRefused(BodyErrorReason.MALFORMED, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decode_leniently(body, type_)


def decode_if_valid(body: bytes, type_: type[T]) -> T | None:
    """The body by a type whose messages are decoded with it; None if the body or a message is not valid.

    Raises `BodyRefused`.
    """
    try:
        return msgspec.json.decode(_content(body), type=type_)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def check_count(messages: Sequence[object]) -> None:
    """Raises `BodyRefused` for more messages than one request may have."""
    if len(messages) > BOUNDS.items:
        detail = f"{len(messages)} messages in one request: at most {BOUNDS.items} are taken"
        raise BodyRefused(BodyErrorReason.TOO_MANY_ITEMS, detail)


def check_values(body: bytes) -> None:
    """Raises `BodyRefused` for more values than one request may have. Before it is decoded its commas bound them."""
    if body.count(b",") > BOUNDS.commas:
        raise BodyRefused(BodyErrorReason.TOO_MANY_ITEMS, f"more than {BOUNDS.commas} values in one request")


def decode_messages(
    messages: Sequence[Raw], *, secrets: Sequence[Path] = ()
) -> Iterator[tuple[Raw, dict[str, Any]] | MalformedMessage]:
    """Each message with its decoded object; `MalformedMessage` for one that is no JSON object.

    `secrets` are the paths at which a message may have its API key. A malformed message is set aside without it.
    """
    check_count(messages)
    for raw in messages:
        try:
            found = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            why = FieldError("", FieldErrorReason.MALFORMED, f"not JSON: {error}")
            yield MalformedMessage(without_values(raw, secrets), (why,))
            continue
        if isinstance(found, dict):
            yield raw, found
        else:
            detail = "a message is a JSON object"
            yield MalformedMessage(raw, (FieldError("", FieldErrorReason.NOT_AN_OBJECT, detail),))


def _content(body: bytes) -> bytes:
    """The body without a byte order mark. Raises `BodyRefused` if it is empty or has too many values."""
    body = body.removeprefix(BYTE_ORDER_MARK)
    if not body.strip():
        raise BodyRefused(BodyErrorReason.EMPTY, "the body is empty")
    check_values(body)
    return body


def _decode_leniently(body: bytes, type_: type[T]) -> T:
    """Decodes invalid JSON that clients send: half emojis at cut ends of texts, and NaN and Infinity of Python.

    Half an emoji becomes U+FFFD, NaN and Infinity become null.
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
