"""All senders of webhooks that are known by name."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, NamedTuple, Union

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from common.documents.error_texts import describe, invalid, wrong
from common.documents.findings import did_you_mean
from common.documents.json_schema import JsonSchema
from common.documents.value_types import text
from ingest.mapping.senders.generic import GenericSection, GenericSender
from ingest.mapping.senders.hubspot import HubSpotSection, HubSpotSender
from ingest.mapping.senders.intercom import IntercomSection, IntercomSender
from ingest.mapping.senders.section import WebhookSection
from ingest.mapping.senders.sender import WebhookSender
from ingest.mapping.senders.stripe.section import StripeSection
from ingest.mapping.senders.stripe.sender import StripeSender
from ingest.mapping.senders.zendesk import ZendeskSection, ZendeskSender


class SenderKind(NamedTuple):
    """What mapping.yml says of such a webhook, and what reads its messages."""

    section: type[WebhookSection]
    make: Callable[[str, Any], WebhookSender]


SENDERS: Final[Mapping[str, SenderKind]] = {
    "stripe": SenderKind(StripeSection, StripeSender),
    "zendesk": SenderKind(ZendeskSection, ZendeskSender),
    "intercom": SenderKind(IntercomSection, IntercomSender),
    "hubspot": SenderKind(HubSpotSection, HubSpotSender),
    "standard": SenderKind(GenericSection, GenericSender),
    "json": SenderKind(GenericSection, GenericSender),
}


def sender_of(webhook: str, section: WebhookSection) -> WebhookSender:
    return SENDERS[section.sender].make(webhook, section)


def _entry(value: object) -> WebhookSection:
    """Reads an entry by the model of its sender, so that errors are about that sender only."""
    if not isinstance(value, dict):
        raise PydanticCustomError("model_type", "not a mapping")
    if "sender" not in value:
        raise ValueError(f"'sender' is missing: one of {', '.join(SENDERS)}")
    sender = value["sender"]
    kind = SENDERS.get(sender) if isinstance(sender, str) else None
    if kind is not None:
        return kind.section.model_validate(value)
    near = did_you_mean(sender, tuple(SENDERS)) if isinstance(sender, str) else ""
    why = f"unknown sender {describe(sender)}{near or ', known: ' + ', '.join(SENDERS)}"
    raise invalid(wrong(why, sender, "sender"))


def _by_sender(schema: JsonSchema) -> None:
    """With if/then instead of anyOf an editor reports errors of the selected sender only."""
    models = dict(zip(_SECTIONS, schema.pop("anyOf"), strict=True))
    schema |= {
        "type": "object",
        "properties": {"sender": {"enum": list(SENDERS), "description": "Who sends the messages."}},
        "required": ["sender"],
        "allOf": [
            {"if": {"properties": {"sender": {"const": name}}, "required": ["sender"]}, "then": models[kind.section]}
            for name, kind in SENDERS.items()
        ],
    }


_SECTIONS: Final = tuple(dict.fromkeys(kind.section for kind in SENDERS.values()))

WebhookName = Annotated[
    str, text(r"^[a-z0-9][a-z0-9_-]{0,63}$", "the name of a webhook: small letters, digits, _ and -")
]
WebhookEntry = Annotated[
    WebhookSection,
    PlainValidator(_entry, json_schema_input_type=Union[_SECTIONS]),  # noqa: UP007 (of a tuple)
    Field(json_schema_extra=_by_sender),
]
