"""CloudEvents 1.0 over HTTP: binary (attributes in headers), structured, and batches."""

import re
from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID, uuid5

import msgspec
from msgspec import Raw

from ingest.errors import BodyErrorReason, BodyRefused, FieldError, FieldErrorReason
from ingest.mapping.message import MessageKind, SourceMessage
from ingest.mapping.paths import first_identifier, identifier
from ingest.mapping.rules import SourceRules
from ingest.sdk.client_time import parse_time
from ingest.sdk.json_body import decode_body, decode_messages
from ingest.sdk.wire_format import MalformedMessage, ReadMessage, RequestHead

CLOUDEVENTS: Final = "cloudevents"
_IDS: Final = UUID("b9cf6d0c-4f9a-5b60-9b0e-5f3f4a0f0c1d")
_BATCH: Final = "application/cloudevents-batch"
_STRUCTURED: Final = "application/cloudevents"
_REQUIRED: Final = ("id", "source", "type", "specversion")
_VERSION: Final = "1.0"
# By the specification a type begins with the producer's domain, reversed.
_DOMAIN: Final = re.compile(r"(?:com|org|net|io|dev|ai|app|co|cloud|eu|de|uk)\.[a-z0-9-]+\.(?=.)", re.IGNORECASE)
_TYPE_VERSION: Final = re.compile(r"\.v\d+$")
_USER: Final = (("userid",), ("data", "user_id"), ("data", "userId"))


class CloudEventsFormat:
    name = CLOUDEVENTS
    history = False

    def token_of_body(self, body: bytes) -> str | None:
        """None: a CloudEvent has no field for a key."""
        return None

    def read(
        self, body: bytes, head: RequestHead, rules: SourceRules, *, received_at: datetime
    ) -> Sequence[ReadMessage]:
        media_type = (head.header(b"content-type") or "").lower()
        if media_type.startswith(_BATCH):
            raws = decode_body(body, list[Raw])
        elif media_type.startswith(_STRUCTURED):
            raws = [decode_body(body, Raw)]
        else:
            return [_binary(body, media_type, head, rules)]
        return [
            one if isinstance(one, MalformedMessage) else read_message(*one, rules=rules)
            for one in decode_messages(raws)
        ]

    def success(self, counts: Mapping[str, Any]) -> Mapping[str, Any]:
        return counts

    def failure(self, status: int, code: str, message: str) -> Mapping[str, Any]:
        return {"code": code, "message": message}


def event_id(source: str, id_: str) -> str:
    """The event id for a (source, id) of a CloudEvent: different producers may use the same ids."""
    return str(uuid5(_IDS, msgspec.json.encode([source, id_]).decode()))


def read_message(raw: bytes | Raw, body: dict[str, Any], *, rules: SourceRules) -> ReadMessage:
    """One event in its JSON format."""
    errors = [
        FieldError(name, FieldErrorReason.MISSING, "every CloudEvent has it")
        for name in _REQUIRED
        if identifier(body.get(name)) is None
    ]
    if not errors and body["specversion"] != _VERSION:
        errors = [FieldError("specversion", FieldErrorReason.BAD_VALUE, f"only {_VERSION} is known here")]
    type_ = identifier(body.get("type")) or ""
    time, data = None, None
    try:
        time = parse_time(body.get("time"))
    except ValueError as error:
        errors.append(FieldError("time", FieldErrorReason.BAD_TIME, str(error)))
    try:
        data = _data(body)
    except ValueError as error:
        errors.append(FieldError("data_base64", FieldErrorReason.BAD_VALUE, str(error)))
    if errors:
        return MalformedMessage(raw, tuple(errors), identifier(body.get("id")), type_)
    body = {**body, "data": data}
    return SourceMessage(
        kind=MessageKind.TRACK,
        raw=raw,
        body=body,
        message_id=event_id(str(body["source"]), str(body["id"])),
        event=type_ if type_ in rules.names or type_ in rules.ignored else short_type(type_),
        user_id=first_identifier(body, _USER),
        time=time,
        properties=data if isinstance(data, dict) else {} if data is None else {"data": data},
    )


def short_type(type_: str) -> str:
    """`report.exported` of `com.example.report.exported.v1`."""
    return _DOMAIN.sub("", _TYPE_VERSION.sub("", type_), count=1)


def _binary(body: bytes, media_type: str, head: RequestHead, rules: SourceRules) -> ReadMessage:
    """The event of a binary message, as if it were structured. Header values are percent-encoded."""
    found: dict[str, Any] = {name: unquote(value) for name, value in head.headers_with_prefix(b"ce-").items()}
    if not found:
        detail = "no ce- headers: a CloudEvent is application/cloudevents+json, a batch of them, or has its attributes"
        raise BodyRefused(BodyErrorReason.UNKNOWN_TYPE, f"{detail} in headers")
    if body.strip():
        if "json" not in (media_type or "json"):
            found["data"] = None
        else:
            try:
                found["data"] = msgspec.json.decode(body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                wrong = FieldError("data", FieldErrorReason.MALFORMED, f"not JSON: {error}")
                return MalformedMessage(body, (wrong,), found.get("id"), found.get("type", ""))
    return read_message(msgspec.json.encode(found), found, rules=rules)


def _data(body: dict[str, Any]) -> Any:
    """The data; data in base64 has to be JSON. Raises `ValueError`."""
    encoded = body.get("data_base64")
    if encoded is None:
        return body.get("data")
    try:
        return msgspec.json.decode(b64decode(str(encoded), validate=True))
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise ValueError("expected JSON in base64") from None
