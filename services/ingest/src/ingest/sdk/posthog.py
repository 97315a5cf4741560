"""PostHog's format: batches of its servers' clients, single events and arrays of its browser client."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from ingest.errors import FieldError, FieldErrorReason
from ingest.mapping.item import IgnoredReason
from ingest.mapping.message import MessageKind, SourceMessage
from ingest.mapping.paths import identifier
from ingest.mapping.rules import SourceRules
from ingest.receiving.content_encoding import body_decoder
from ingest.sdk.client_time import our_time, parse_time, time_or_none
from ingest.sdk.form_body import without_form
from ingest.sdk.json_body import decode_body, decode_messages
from ingest.sdk.undecoded import first_of, identifier_at
from ingest.sdk.wire_format import MalformedMessage, PassedOverMessage, ReadMessage, RequestHead

POSTHOG: Final = "posthog"
# Our events get only the properties that the product has set.
_OWN: Final = "$"
_SECRETS: Final = ("api_key", "token")
_SECRET_PATHS: Final = tuple((*holder, name) for holder in ((), ("properties",)) for name in _SECRETS)
# Where an event has its key.
_TOKENS: Final = (("api_key",), ("token",), ("properties", "token"))
_GROUPS: Final = ("properties", "$groups")
_GZIP: Final = b"\x1f\x8b"
_MOST_INFLATED: Final = 1_000_000
_KINDS: Final = {
    "$identify": MessageKind.IDENTIFY,
    "$set": MessageKind.IDENTIFY,
    "$groupidentify": MessageKind.GROUP,
    "$create_alias": MessageKind.ALIAS,
    "$merge_dangerously": MessageKind.ALIAS,
    "$pageview": MessageKind.PAGE,
    "$screen": MessageKind.SCREEN,
}


class _PostHogKey(Struct):
    """Undecoded, so that a number out of range refuses its event only."""

    api_key: Raw = Raw()
    token: Raw = Raw()
    batch: Raw = Raw()
    properties: Raw = Raw()


class _PostHogBatch(Struct):
    batch: list[Raw] | None = None
    sent_at: Any = None
    historical_migration: Any = None


class PostHogFormat:
    """Of one request."""

    name = POSTHOG

    def __init__(self) -> None:
        self.history = False

    def token_of_body(self, body: bytes) -> str | None:
        content = without_form(_plain(body))
        if content.startswith(b"["):
            return _token_of_array(decode_body(content, Raw))
        return _token(decode_body(content, _PostHogKey))

    def read(
        self, body: bytes, head: RequestHead, rules: SourceRules, *, received_at: datetime
    ) -> Sequence[ReadMessage]:
        batch = _split(without_form(_plain(body)))
        self.history = batch.historical_migration is True
        sent_at = time_or_none(batch.sent_at)
        if sent_at is None:
            # The query parameter with the browser client's time of sending, in milliseconds.
            text = head.parameter("_", "")
            sent_at = time_or_none(int(text)) if text.isdecimal() and len(text) < 16 else None
        return [
            one
            if isinstance(one, MalformedMessage)
            else read_message(*one, rules=rules, sent_at=sent_at, received_at=received_at)
            for one in decode_messages(batch.batch or (), secrets=_SECRET_PATHS)
        ]

    def success(self, counts: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"status": 1, **counts}

    def failure(self, status: int, code: str, message: str) -> Mapping[str, Any]:
        """PostHog's clients log the field `detail`."""
        return {"code": code, "message": message, "detail": message}


def read_message(
    raw: bytes | Raw, body: dict[str, Any], *, rules: SourceRules, sent_at: datetime | None, received_at: datetime
) -> ReadMessage:
    """One event; `sent_at` is when the client sent it, by its own clock."""
    found = body.get("properties")
    properties: dict[str, Any] = found if isinstance(found, dict) else {}
    if not _without_secrets(body, properties):
        raw = msgspec.json.encode(body)
    event = identifier(body.get("event"))
    message_id = identifier(body.get("uuid")) or identifier(properties.get("$insert_id"))
    kind = _kind(event, properties, rules)
    if isinstance(kind, IgnoredReason):
        return PassedOverMessage(raw, kind, message_id, event or "")
    try:
        time = _time(body, received_at)
    except ValueError as error:
        wrong = FieldError("timestamp", FieldErrorReason.BAD_TIME, str(error))
        return MalformedMessage(raw, (wrong,), message_id, event or "")
    user, anonymous, previous = _people(body, properties, event)
    return SourceMessage(
        kind=kind,
        raw=raw,
        body=body,
        message_id=message_id,
        event=event,
        user_id=user,
        anonymous_id=anonymous,
        group_id=identifier(properties.get("$group_key")) if kind is MessageKind.GROUP else None,
        previous_id=previous,
        time=our_time(time, sent_at=sent_at, received_at=received_at),
        properties={name: value for name, value in properties.items() if not name.startswith(_OWN)},
        traits=_traits(body, properties, kind),
        member=True,
    )


def _plain(body: bytes) -> bytes:
    """The inflated body: the browser client compresses without a header, so the size is bounded here.

    Raises `BodyRefused`.
    """
    if not body.startswith(_GZIP):
        return body
    decoder = body_decoder("gzip", limit=_MOST_INFLATED)
    plain = decoder.feed(body)
    decoder.finish()
    return plain


def _split(content: bytes) -> _PostHogBatch:
    """An array and a single event are a batch, too."""
    if content.startswith(b"["):
        return _PostHogBatch(decode_body(content, list[Raw]))
    batch = decode_body(content, _PostHogBatch)
    if batch.batch is None:
        batch.batch = [decode_body(content, Raw)]
    return batch


def _token(found: _PostHogKey) -> str | None:
    token = identifier_at(found.api_key, ()) or identifier_at(found.token, ())
    return token or identifier_at(found.properties, ("token",)) or _token_of_array(found.batch)


def _token_of_array(messages: Raw) -> str | None:
    """The token of the first event: all events of a request have one key."""
    first = first_of(messages)
    return next((token for path in _TOKENS if (token := identifier_at(first, path))), None)


def _without_secrets(body: dict[str, Any], properties: dict[str, Any]) -> bool:
    """Removes API keys from the message; returns False if there was one."""
    found = [one.pop(name) for one in (body, properties) for name in _SECRETS if name in one]
    return not found


def _kind(event: str | None, properties: dict[str, Any], rules: SourceRules) -> MessageKind | IgnoredReason:
    if event is None or event in rules.names or not event.startswith(_OWN):
        return MessageKind.TRACK
    if event in rules.ignored:
        return IgnoredReason.BY_MAPPING
    kind = _KINDS.get(event)
    if kind is MessageKind.GROUP and (*_GROUPS, properties.get("$group_type")) not in rules.account:
        # Groups may be of any kind, such as projects. mapping.yml lists under `account` which are accounts.
        return IgnoredReason.NOTHING_TO_TELL
    return kind or IgnoredReason.UNKNOWN_TYPE


def _time(body: dict[str, Any], received_at: datetime) -> datetime | None:
    """Raises `ValueError`."""
    offset = body.get("offset")
    if body.get("timestamp") is None and isinstance(offset, int) and 0 <= offset < 10**10:
        return received_at - timedelta(milliseconds=offset)
    return parse_time(body.get("timestamp"))


def _people(
    body: dict[str, Any], properties: dict[str, Any], event: str | None
) -> tuple[str | None, str | None, str | None]:
    """The user, the anonymous id, and what an alias replaces."""
    distinct = identifier(body.get("distinct_id")) or identifier(properties.get("distinct_id"))
    if event == "$groupidentify":
        # Clients make up a distinct_id if the product gives none, and do not mark it.
        return None, None, None
    if event in ("$create_alias", "$merge_dangerously"):
        previous = identifier(properties.get("distinct_id")) or distinct
        return identifier(properties.get("alias")), None, previous
    if properties.get("$is_identified") is False or properties.get("$process_person_profile") is False:
        return None, distinct, None
    return distinct, identifier(properties.get("$anon_distinct_id")), None


def _traits(body: dict[str, Any], properties: dict[str, Any], kind: MessageKind) -> dict[str, Any]:
    """The traits of a message: `$set` overrides `$set_once`."""
    names = ("$group_set",) if kind is MessageKind.GROUP else ("$set_once", "$set")
    traits: dict[str, Any] = {}
    for name in names:
        for holder in (body, properties):
            found = holder.get(name)
            traits |= found if isinstance(found, dict) else {}
    return traits
