"""Amplitude's format (HTTP API V2 and its batches)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Raw, Struct

from ingest.errors import FieldError, FieldErrorReason
from ingest.mapping.item import IgnoredReason
from ingest.mapping.message import MessageKind, SourceMessage
from ingest.mapping.paths import identifier, only_identifier
from ingest.mapping.rules import SourceRules
from ingest.sdk.client_time import our_time, parse_time, time_or_none
from ingest.sdk.json_body import decode_body, decode_messages
from ingest.sdk.wire_format import MalformedMessage, PassedOverMessage, ReadMessage, RequestHead

AMPLITUDE: Final = "amplitude"
_KINDS: Final = {"$identify": MessageKind.IDENTIFY, "$groupidentify": MessageKind.GROUP}
# In the order in which they apply; later ones override earlier ones.
_SETTERS: Final = ("$setOnce", "$set")


class _AmplitudeKey(Struct):
    api_key: Any = None


class _AmplitudeUpload(Struct):
    events: list[Raw]
    client_upload_time: Any = None


class AmplitudeFormat:
    name = AMPLITUDE
    history = False

    def token_of_body(self, body: bytes) -> str | None:
        return identifier(decode_body(body, _AmplitudeKey).api_key)

    def read(
        self, body: bytes, head: RequestHead, rules: SourceRules, *, received_at: datetime
    ) -> Sequence[ReadMessage]:
        upload = decode_body(body, _AmplitudeUpload)
        sent_at = time_or_none(upload.client_upload_time)
        return [
            one
            if isinstance(one, MalformedMessage)
            else read_message(*one, rules=rules, sent_at=sent_at, received_at=received_at)
            for one in decode_messages(upload.events)
        ]

    def success(self, counts: Mapping[str, Any]) -> Mapping[str, Any]:
        """Amplitude's clients expect the status in the body, too."""
        return {"code": 200, "events_ingested": counts["messages"], **counts}

    def failure(self, status: int, code: str, message: str) -> Mapping[str, Any]:
        """Amplitude's Python client does not repeat a request that has these words in the answer."""
        error = f"Invalid API key: {message}" if status in (401, 403) else message
        return {"code": status, "reason": code, "error": error, "message": message}


def read_message(
    raw: bytes | Raw, body: dict[str, Any], *, rules: SourceRules, sent_at: datetime | None, received_at: datetime
) -> ReadMessage:
    """One event of an upload; `sent_at` is when the client uploaded it, by its own clock."""
    event, message_id = identifier(body.get("event_type")), identifier(body.get("insert_id"))
    kind = MessageKind.TRACK if event is None or event in rules.names else _KINDS.get(event, MessageKind.TRACK)
    group_id = _account_group(_object(body.get("groups")), rules) if kind is MessageKind.GROUP else None
    if kind is MessageKind.GROUP and group_id is None:
        # Groups may be of any kind, such as projects. mapping.yml lists under `account` which are accounts.
        return PassedOverMessage(raw, IgnoredReason.NOTHING_TO_TELL, message_id, event or "")
    try:
        time = parse_time(body.get("time"))
    except ValueError as error:
        return MalformedMessage(
            raw, (FieldError("time", FieldErrorReason.BAD_TIME, str(error)),), message_id, event or ""
        )
    holder = body.get("group_properties" if kind is MessageKind.GROUP else "user_properties")
    return SourceMessage(
        kind=kind,
        raw=raw,
        body=body,
        message_id=message_id,
        event=event,
        user_id=identifier(body.get("user_id")),
        anonymous_id=identifier(body.get("device_id")),
        group_id=group_id,
        time=our_time(time, sent_at=sent_at, received_at=received_at),
        properties=_object(body.get("event_properties")),
        traits=_traits(_object(holder)),
        member=True,
    )


def _account_group(groups: Mapping[str, Any], rules: SourceRules) -> str | None:
    """The id of the group, if mapping.yml has its type as a path `groups.TYPE` under `account`.

    If there are several groups of one type, none of them is the account.
    """
    types = (path[1] for path in rules.account if len(path) == 2 and path[0] == "groups")
    return next((found for one in types if (found := only_identifier(groups.get(one)))), None)


def _traits(properties: dict[str, Any]) -> dict[str, Any]:
    """The traits that a message sets. Without operations it sets its properties."""
    traits = {name: value for name, value in properties.items() if not name.startswith("$")}
    for setter in _SETTERS:
        traits |= _object(properties.get(setter))
    return traits


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
