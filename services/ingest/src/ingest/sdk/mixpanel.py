"""Mixpanel's format: events to /track and /import, profiles of people to /engage, of groups to /groups."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from msgspec import Raw

from ingest.errors import BodyRefused, FieldError, FieldErrorReason
from ingest.mapping.item import IgnoredReason
from ingest.mapping.message import MessageKind, SourceMessage
from ingest.mapping.paths import find, identifier
from ingest.mapping.rules import SourceRules
from ingest.sdk.client_time import parse_time
from ingest.sdk.form_body import read_form, without_form
from ingest.sdk.json_body import check_count, check_values, decode_body, decode_messages
from ingest.sdk.undecoded import identifier_at
from ingest.sdk.wire_format import MalformedMessage, PassedOverMessage, ReadMessage, RequestHead

MIXPANEL: Final = "mixpanel"
_TOKENS: Final = (("properties", "token"), ("$token",), ("token",))
_PROPERTIES: Final = "properties"
_KINDS: Final = {
    "$identify": MessageKind.IDENTIFY,
    "$create_alias": MessageKind.ALIAS,
    "$mp_web_page_view": MessageKind.PAGE,
}
# The simplified API begins the distinct_id of an anonymous person with this.
_DEVICE: Final = "$device:"
# Properties that the clients add to each event; names that begin with $ or mp_ are theirs, too.
_ADDED: Final = frozenset(["token", "distinct_id", "time"])


class MixpanelContent(StrEnum):
    """Which content a path takes."""

    EVENTS = "events"
    PEOPLE = "people"
    GROUPS = "groups"


class MixpanelFormat:
    """Of one request. `imports`: the path is that of imports, which Mixpanel answers in another way."""

    name = MIXPANEL

    def __init__(self, content: MixpanelContent = MixpanelContent.EVENTS, *, imports: bool = False) -> None:
        self._content = content
        self._imports = imports
        self._verbose: bool | None = None

    @property
    def history(self) -> bool:
        return self._imports

    def token_of_body(self, body: bytes) -> str | None:
        """The token of the first message that can be read: all messages of a request have one key."""
        tokens = (identifier_at(one, path) for one in _split(without_form(body)) for path in _TOKENS)
        return next(filter(None, tokens), None)

    def read(
        self, body: bytes, head: RequestHead, rules: SourceRules, *, received_at: datetime
    ) -> Sequence[ReadMessage]:
        content, fields = read_form(body)
        self._verbose = _is_verbose(head, fields)
        return [
            one if isinstance(one, MalformedMessage) else read_message(*one, content=self._content, rules=rules)
            for one in decode_messages(_split(content), secrets=_TOKENS)
        ]

    def success(self, counts: Mapping[str, Any]) -> Mapping[str, Any] | int:
        """With `verbose=1` a status of 1, and `error` beside it; without it 1 and nothing else.

        The client for Java says nothing of `verbose` with imports, and expects the status OK.
        """
        if not self._verbose and not (self._imports and self._verbose is None):
            return 1
        status = 1 if self._verbose else "OK"
        return {"code": 200, "status": status, "error": None, "num_records_imported": counts["messages"], **counts}

    def failure(self, status: int, code: str, message: str) -> Mapping[str, Any]:
        return {"code": code, "status": 0, "error": message, "message": message}


def read_message(
    raw: bytes | Raw, body: dict[str, Any], *, content: MixpanelContent, rules: SourceRules
) -> ReadMessage:
    """One event, or the profile of a person or a group."""
    # Removes all: a message may have its key twice.
    if any([_pop(body, path) for path in _TOKENS]):
        raw = msgspec.json.encode(body)
    match content:
        case MixpanelContent.EVENTS:
            return _event(raw, body, rules)
        case MixpanelContent.PEOPLE:
            return _person(raw, body)
        case MixpanelContent.GROUPS:
            return _group(raw, body, rules)


def _is_verbose(head: RequestHead, fields: Mapping[str, Sequence[str]]) -> bool | None:
    """The parameter `verbose` of the address or of the form; None without one."""
    text = head.parameter("verbose", "") or next(iter(fields.get("verbose", ())), "")
    return text.lower() in ("1", "true") if text else None


def _split(content: bytes) -> Sequence[Raw]:
    """The messages of a body: an array, one object, or an object in each line."""
    if content.startswith(b"["):
        return decode_body(content, list[Raw])
    lines = [line for one in content.split(b"\n") if (line := one.strip())]
    # One object that is written over several lines has more than a brace on few of them.
    if len(lines) > 1 and all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        check_count(lines)
        check_values(content)
        return [_line(line) for line in lines]
    return [decode_body(content, Raw)]


def _line(line: bytes) -> Raw:
    """As it came if it is no JSON: then it is refused alone."""
    try:
        return decode_body(line, Raw)
    except BodyRefused:
        return Raw(line)


def _event(raw: bytes | Raw, body: dict[str, Any], rules: SourceRules) -> ReadMessage:
    event, properties = identifier(body.get("event")), _object(body.get(_PROPERTIES))
    message_id = identifier(properties.get("$insert_id"))
    kind = MessageKind.TRACK if event is None or event in rules.names else _kind(event)
    if kind is None:
        return PassedOverMessage(raw, IgnoredReason.UNKNOWN_TYPE, message_id, event or "")
    try:
        time = parse_time(properties.get("time"))
    except ValueError as error:
        wrong = FieldError("properties.time", FieldErrorReason.BAD_TIME, str(error))
        return MalformedMessage(raw, (wrong,), message_id, event or "")
    user, anonymous, previous = _people(properties, kind)
    return SourceMessage(
        kind=kind,
        raw=raw,
        body=body,
        message_id=message_id,
        event=event,
        user_id=user,
        anonymous_id=anonymous,
        previous_id=previous,
        time=time,
        properties=_own(properties),
        member=True,
    )


def _person(raw: bytes | Raw, body: dict[str, Any]) -> ReadMessage:
    """A profile. mixpanel-js also sets the groups of a person in it: under `account` they are properties."""
    return SourceMessage(
        kind=MessageKind.IDENTIFY,
        raw=raw,
        body={**body, _PROPERTIES: _object(body.get("$set"))},
        user_id=identifier(body.get("$distinct_id")),
        traits=_traits(body),
        member=True,
    )


def _group(raw: bytes | Raw, body: dict[str, Any], rules: SourceRules) -> ReadMessage:
    """A group is an account if mapping.yml names its key as a property of events under `account`."""
    key = identifier(body.get("$group_key"))
    if key is None or (_PROPERTIES, key) not in rules.account:
        return PassedOverMessage(raw, IgnoredReason.NOTHING_TO_TELL, label=key or "")
    return SourceMessage(
        kind=MessageKind.GROUP, raw=raw, body=body, group_id=identifier(body.get("$group_id")), traits=_traits(body)
    )


def _kind(event: str) -> MessageKind | None:
    """The kind of an event; None for events that Mixpanel's clients send by themselves."""
    return _KINDS.get(event) if event.startswith("$") else MessageKind.TRACK


def _people(properties: dict[str, Any], kind: MessageKind) -> tuple[str | None, str | None, str | None]:
    """The user, the anonymous id, and what an alias replaces."""
    user, device = identifier(properties.get("$user_id")), identifier(properties.get("$device_id"))
    distinct = identifier(properties.get("distinct_id"))
    if kind is MessageKind.IDENTIFY:
        return identifier(properties.get("$identified_id")) or distinct, identifier(properties.get("$anon_id")), None
    if kind is MessageKind.ALIAS:
        return identifier(properties.get("alias")), None, distinct
    if user is None and distinct is not None and distinct.startswith(_DEVICE):
        return None, distinct.removeprefix(_DEVICE), None
    return user or distinct, device, None


def _traits(body: dict[str, Any]) -> dict[str, Any]:
    """Mixpanel's own properties of a profile have a $ before their names: $name, $email."""
    found = {**_object(body.get("$set_once")), **_object(body.get("$set"))}
    return {name.removeprefix("$"): value for name, value in found.items()}


def _own(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in properties.items() if name not in _ADDED and not name.startswith(("$", "mp_"))
    }


def _pop(body: dict[str, Any], path: tuple[str, ...]) -> bool:
    holder = find(body, path[:-1])
    return isinstance(holder, dict) and holder.pop(path[-1], None) is not None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
