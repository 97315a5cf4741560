"""Segment's format, which RudderStack's clients write as well: batches, and one message to the path of its type."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from ingest.errors import FieldError, FieldErrorReason
from ingest.mapping.item import IgnoredReason
from ingest.mapping.message import MessageKind, SourceMessage
from ingest.mapping.message_text import BatchTexts, MessageText, TextInBatch
from ingest.mapping.paths import find, identifier
from ingest.mapping.rules import SourceRules
from ingest.sdk.client_time import our_time, parse_time, time_or_none
from ingest.sdk.json_body import check_count, decode_body, decode_if_valid, decode_messages
from ingest.sdk.wire_format import MalformedMessage, PassedOverMessage, ReadMessage, RequestHead

SEGMENT: Final = "segment"
_KINDS: Final = {kind.value: kind for kind in MessageKind}
# Before Python 3.12 a member that is looked up in its enumeration costs as much as a call.
_TRACK: Final = MessageKind.TRACK
_IDENTIFY: Final = MessageKind.IDENTIFY
_GROUP: Final = MessageKind.GROUP
_ALIAS: Final = MessageKind.ALIAS


class _SegmentKey(Struct):
    """The key as the browser client sends it, instead of an Authorization header."""

    writeKey: Any = None  # noqa: N815


class _RawBatch(Struct):
    """Its messages stay undecoded."""

    batch: list[Raw]
    sentAt: Any = None  # noqa: N815


class _DecodedBatch(Struct):
    batch: list[dict[str, Any]]
    sentAt: Any = None  # noqa: N815


class SegmentFormat:
    """`kind` is the type of message that the path takes; None for a batch."""

    name = SEGMENT
    history = False

    def __init__(self, kind: MessageKind | None = None) -> None:
        self._kind = kind

    def token_of_body(self, body: bytes) -> str | None:
        return identifier(decode_body(body, _SegmentKey).writeKey)

    def read(
        self, body: bytes, head: RequestHead, rules: SourceRules, *, received_at: datetime
    ) -> Sequence[ReadMessage]:
        if self._kind is not None:
            return [_single(body, self._kind, received_at)]
        batch = decode_if_valid(body, _DecodedBatch)
        if batch is None:
            return _each_by_itself(body, received_at)
        check_count(batch.batch)
        sent_at = time_or_none(batch.sentAt)
        texts = BatchTexts(lambda: decode_body(body, _RawBatch).batch)
        return [
            read_message(TextInBatch(texts, index), message, sent_at=sent_at, received_at=received_at)
            for index, message in enumerate(batch.batch)
        ]

    def success(self, counts: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"success": True, **counts}

    def failure(self, status: int, code: str, message: str) -> Mapping[str, Any]:
        return {"success": False, "code": code, "message": message}


def read_message(
    raw: MessageText, body: dict[str, Any], *, sent_at: datetime | None, received_at: datetime
) -> ReadMessage:
    """One message of a batch; `sent_at` is when the client sent the batch, by its own clock."""
    message_id, kind = identifier(body.get("messageId")), body.get("type")
    if kind is None:
        error = FieldError("type", FieldErrorReason.MISSING, f"expected one of {', '.join(_KINDS)}")
        return MalformedMessage(raw, (error,), message_id)
    known = _KINDS.get(kind) if isinstance(kind, str) else None
    if known is None:
        return PassedOverMessage(raw, IgnoredReason.UNKNOWN_TYPE, message_id, str(kind)[:100])
    field = "timestamp" if body.get("timestamp") is not None else "originalTimestamp"
    try:
        time = parse_time(body.get(field))
    except ValueError as error:
        return MalformedMessage(raw, (FieldError(field, FieldErrorReason.BAD_TIME, str(error)),), message_id, known)
    return SourceMessage(
        kind=known,
        raw=raw,
        body=body,
        message_id=message_id,
        event=identifier(body.get("event")),
        user_id=identifier(body.get("userId")),
        anonymous_id=identifier(body.get("anonymousId")),
        group_id=identifier(body.get("groupId")) if known is _GROUP else None,
        previous_id=identifier(body.get("previousId")) if known is _ALIAS else None,
        time=our_time(time, sent_at=sent_at, received_at=received_at),
        properties=_properties(body, known),
        traits=_traits(body, known),
    )


def _each_by_itself(body: bytes, received_at: datetime) -> Sequence[ReadMessage]:
    """The messages of a batch of which one is malformed: it does not fail the others. Raises `BodyRefused`."""
    batch = decode_body(body, _RawBatch)
    sent_at = time_or_none(batch.sentAt)
    return [
        one if isinstance(one, MalformedMessage) else read_message(*one, sent_at=sent_at, received_at=received_at)
        for one in decode_messages(batch.batch)
    ]


def _single(body: bytes, kind: MessageKind, received_at: datetime) -> ReadMessage:
    """One message; gets its type from the path and loses its key, so that the dead topic may keep it."""
    found: Any = decode_body(body, dict[str, Any])
    found.pop("writeKey", None)
    found["type"] = kind.value
    sent_at = time_or_none(found.get("sentAt"))
    return read_message(msgspec.json.encode(found), found, sent_at=sent_at, received_at=received_at)


def _properties(body: dict[str, Any], kind: MessageKind) -> dict[str, Any]:
    found = body.get("properties")
    properties = found if isinstance(found, dict) else {}
    if kind is _TRACK:
        return properties
    if kind in (MessageKind.PAGE, MessageKind.SCREEN) and isinstance(name := body.get("name"), str):
        return {"name": name, **properties}
    return properties


def _traits(body: dict[str, Any], kind: MessageKind) -> dict[str, Any]:
    """The traits; RudderStack's clients send those of a person under `context`."""
    found = body.get("traits")
    traits = found if isinstance(found, dict) else {}
    if kind is _IDENTIFY and isinstance(context := find(body, ("context", "traits")), dict):
        return {**context, **traits}
    return traits
