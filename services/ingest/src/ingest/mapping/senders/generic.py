"""Webhooks of any other system, whose messages mapping.yml describes.

The sender `standard` signs by Standard Webhooks, `json` sends an API key: workflows of HubSpot, Salesforce.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from pydantic import Field, PlainValidator

from common.documents.error_texts import expected
from common.documents.model import DocumentModel
from common.documents.value_types import DistinctList, Given, by_shape, choice, text
from ingest.errors import BodyErrorReason, BodyRefused, FieldError
from ingest.mapping.item import DraftEvent, IgnoredReason, IntakeItem
from ingest.mapping.paths import Path, find, first_identifier, first_value, parse_path
from ingest.mapping.senders.section import WebhookSection
from ingest.mapping.senders.signatures import Headers, SignatureScheme, StandardSignature
from ingest.mapping.senders.trees import decode_json, known, time_told
from ingest.mapping.value_types import OurName, Paths, PathText
from ingest.receiving.bounds import BOUNDS

_Property = Annotated[str, text(r"^[^\s.]{1,128}$", "the name of a property of the event")]
_USUAL_ID: Final = ("id", "event_id")
_Scalar = str | int | float | bool


def _scalar(value: object) -> _Scalar:
    if isinstance(value, str | int | float | bool):
        return value
    raise expected("a text, a number, true or false")


_Value = Annotated[_Scalar, PlainValidator(_scalar, json_schema_input_type=_Scalar)]


class EventSection(DocumentModel):
    """Messages that become one event."""

    when: dict[PathText, Annotated[Any, by_shape(tuple, DistinctList[_Value], _Value)]] = Field(
        {}, max_length=20, description="Values that a message has at these paths (default: every message is meant)."
    )
    name: OurName = Field(description="The event that such a message becomes.")
    account: Given[Paths] = Field(None, description="As above, for these messages.")
    user: Given[Paths] = Field(None, description="Where a message names the person who did it.")
    properties: dict[_Property, Paths] = Field(
        {}, max_length=100, description="Properties of the event, each with the paths that it may come from."
    )


class GenericSection(WebhookSection):
    """Messages of any system; the first of `events` whose `when` holds says what a message becomes."""

    usual_account: ClassVar = ("account_id", "data.account_id")

    sender: Annotated[str, choice("json", "standard")] = Field(
        description="json: it sends an API key. standard: it signs by Standard Webhooks."
    )
    messages: Given[PathText] = Field(
        None, description="Where a body has its list of messages (default: it is one message, or a list of them)."
    )
    id: Given[Paths] = Field(
        None,
        description="Where a message has an id of its own, not of what it is about, that it keeps when it is sent "
        "again (default: the signed id of Standard Webhooks, else id or event_id).",
    )
    time: Paths = Field(
        ("time", "timestamp"),
        description="When it happened: RFC 3339, or seconds or milliseconds since 1970. Without a zone it is UTC. A "
        "message with another value here is refused.",
    )
    events: tuple[EventSection, ...] = Field(
        min_length=1, max_length=200, description="What messages become; the first that fits counts."
    )

    def user_paths(self) -> Sequence[Path]:
        return [parse_path(path) for one in self.events for path in one.user or ()]


class _EventRule(Struct, frozen=True):
    when: Sequence[tuple[Path, tuple[Any, ...]]]
    name: str
    account: Sequence[Path]
    user: Sequence[Path]
    properties: Mapping[str, Sequence[Path]]


class GenericSender:
    def __init__(self, webhook: str, section: GenericSection) -> None:
        self._webhook = webhook
        self._rules = [_rule(one, section) for one in section.events]
        self._messages = parse_path(section.messages) if section.messages else None
        self._id = tuple(map(parse_path, section.id or _USUAL_ID))
        self._id_is_given = section.id is not None
        self._time = tuple(map(parse_path, section.time))
        self._signed = section.sender == "standard"
        self.signature: SignatureScheme | None = StandardSignature() if self._signed else None

    def read(self, body: bytes, headers: Headers, *, received_at: datetime) -> Sequence[IntakeItem]:
        tree = decode_json(body)
        listed = tree if self._messages is None else find(tree, self._messages)
        messages = listed if isinstance(listed, list) else [listed]
        if len(messages) > BOUNDS.items:
            detail = f"{len(messages)} messages: at most {BOUNDS.items}"
            raise BodyRefused(BodyErrorReason.TOO_MANY_ITEMS, detail)
        # Standard Webhooks signs an id with the body. It is the message's id if the body has only one message.
        signed_id = headers.header(b"webhook-id") if self._signed and len(messages) == 1 else None
        return [self._item(one, received_at, signed_id, body if len(messages) == 1 else None) for one in messages]

    def _item(self, message: Any, received_at: datetime, signed_id: str | None, raw: bytes | None) -> IntakeItem:
        found = time_told(message, self._time)
        time = found if isinstance(found, datetime) else None
        own_id = first_identifier(message, self._id)
        # In many systems the body's `id` is that of an object: two messages about it would be one.
        message_id = own_id or signed_id if self._id_is_given else signed_id or own_id
        item = IntakeItem(
            raw=raw if raw is not None else msgspec.json.encode(message),
            at=min(time or received_at, received_at),
            label=self._webhook,
            message_id=message_id,
        )
        rule = next((one for one in self._rules if _fits(one, message)), None)
        if rule is None:
            return replace(item, ignored=IgnoredReason.UNKNOWN_TYPE)
        if isinstance(found, FieldError):
            return replace(item, label=rule.name, errors=(found,))
        return replace(item, label=rule.name, events=(self._draft(rule, message, message_id, time),))

    def _draft(self, rule: _EventRule, message: Any, message_id: str | None, time: datetime | None) -> DraftEvent:
        account = first_identifier(message, rule.account)
        user = first_identifier(message, rule.user)
        return DraftEvent(
            name=rule.name,
            event_id=message_id,
            time=time,
            account_id=account,
            known_by=(user,) if account is None and user is not None else (),
            user_id=user,
            properties=known(**{name: first_value(message, paths) for name, paths in rule.properties.items()}),
            lenient=True,
        )


def _rule(one: EventSection, section: GenericSection) -> _EventRule:
    when = [(parse_path(path), value if isinstance(value, tuple) else (value,)) for path, value in one.when.items()]
    return _EventRule(
        when=when,
        name=one.name,
        account=tuple(map(parse_path, one.account)) if one.account else section.account_paths(),
        user=tuple(map(parse_path, one.user or ())),
        properties={name: tuple(map(parse_path, paths)) for name, paths in one.properties.items()},
    )


def _fits(rule: _EventRule, message: Any) -> bool:
    return all(_is_among(find(message, path), values) for path, values in rule.when)


def _is_among(value: Any, values: Sequence[Any]) -> bool:
    # In Python True equals 1.
    return any(type(value) is type(one) and value == one for one in values)
