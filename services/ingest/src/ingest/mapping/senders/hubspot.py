"""HubSpot: webhooks of an app of your own, which tell of companies property by property.

A body is a list of {subscriptionType, objectId, propertyName, propertyValue, occurredAt, ...}, in any order. All values
are texts, and times are milliseconds. Apps on HubSpot's newer platform name the type of the object by a number.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec.structs import replace
from pydantic import Field

from common.documents.value_types import choice, text
from ingest.errors import BodyErrorReason, BodyRefused
from ingest.mapping.item import IgnoredReason, IntakeItem, Link
from ingest.mapping.paths import find, identifier
from ingest.mapping.senders.drafting import Owner, refused_if_undated
from ingest.mapping.senders.section import WebhookSection
from ingest.mapping.senders.signatures import Headers, HubSpotSignature
from ingest.mapping.senders.trees import decode_json, text_at, time_told, to_time
from ingest.mapping.value_types import AccountFact
from ingest.receiving.bounds import BOUNDS

_COMPANY_CHANGED: Final = "company.propertyChange"
_OBJECT_CHANGED: Final = "object.propertyChange"
_COMPANIES: Final = "0-2"
_TIME: Final = (("occurredAt",),)
_VALUE: Final = ("propertyValue",)
# HubSpot promises of none of these that it is unique: one event may be told for several subscriptions and companies.
_IDS: Final = ("eventId", "subscriptionId", "objectId", "occurredAt")
_DATES: Final = frozenset(["contract_start", "contract_end"])

_PropertyName = Annotated[str, text(r"^\S{1,200}$", "the internal name of a property of companies")]


class HubSpotSection(WebhookSection):
    """Properties of companies in HubSpot."""

    usual_account: ClassVar = ()

    sender: Annotated[str, choice("hubspot")] = Field(description="Who sends the messages.")
    url: Annotated[
        str, text(r"^https?://\S{1,500}$", "an address such as https://events.example.com/v1/webhooks/crm")
    ] = Field(description="The address to which HubSpot posts, as the app's settings have it: HubSpot signs it.")
    account_property: _PropertyName = Field(
        "account_id", description="The property in which you keep the id of the account (default account_id)."
    )
    facts: dict[AccountFact, _PropertyName] = Field(
        {}, description="Facts of the account, each with the property that it comes from (default: the name)."
    )


class HubSpotSender:
    def __init__(self, webhook: str, section: HubSpotSection) -> None:
        self._section = section
        self._facts = {"name": "name", **section.facts}
        self.signature = HubSpotSignature(section.url)

    def read(self, body: bytes, headers: Headers, *, received_at: datetime) -> Sequence[IntakeItem]:
        tree = decode_json(body)
        messages = tree if isinstance(tree, list) else [tree]
        if len(messages) > BOUNDS.items:
            raise BodyRefused(BodyErrorReason.TOO_MANY_ITEMS, f"{len(messages)} messages: at most {BOUNDS.items}")
        return [self._item(one, received_at) for one in messages]

    def _item(self, message: Any, received_at: datetime) -> IntakeItem:
        kind = text_at(message, "subscriptionType") or "hubspot"
        told = time_told(message, _TIME)
        time = told if isinstance(told, datetime) else received_at
        ids = [identifier(find(message, (name,))) for name in _IDS]
        item = IntakeItem(
            raw=msgspec.json.encode(message),
            at=min(time, received_at),
            label=kind,
            message_id=None if None in ids else "-".join(filter(None, ids)),
        )
        if not _is_change_of_company(message):
            return replace(item, ignored=IgnoredReason.UNKNOWN_TYPE)
        company = _company(message)
        identity = f"hubspot:{company}"
        if company is not None and (account := self._account_of(message)) is not None:
            return replace(item, links=(Link(identity, account_id=account),))
        facts = self._facts_of(message)
        if company is None or not facts:
            return replace(item, ignored=IgnoredReason.NOTHING_TO_TELL)
        owner = Owner(self._section.account_in(message), (identity,), self._section.default_account_of(company))
        draft = owner.draft("account.updated", event_id=item.message_id, time=time, properties=facts)
        return refused_if_undated(replace(item, events=(draft,)), [told])

    def _account_of(self, message: Any) -> str | None:
        """The account of the company, if the message is of the property in which it is kept."""
        is_told = _is_change_of_company(message) and text_at(message, "propertyName") == self._section.account_property
        return identifier(find(message, _VALUE)) if is_told else None

    def _facts_of(self, message: Any) -> dict[str, Any]:
        """None for an empty value: HubSpot does not know it, but another source may have posted it."""
        name, value = text_at(message, "propertyName"), find(message, _VALUE)
        if value in (None, ""):
            return {}
        return {fact: _fact(fact, value) for fact, source in self._facts.items() if source == name}


def _is_change_of_company(message: Any) -> bool:
    kind = text_at(message, "subscriptionType")
    if kind == _OBJECT_CHANGED:
        return text_at(message, "objectTypeId") == _COMPANIES
    return kind == _COMPANY_CHANGED


def _company(message: Any) -> str | None:
    return identifier(find(message, ("objectId",)))


def _fact(fact: str, value: Any) -> Any:
    """The day of a date, which HubSpot writes as the milliseconds of its beginning in UTC."""
    if fact in _DATES and (moment := to_time(value)) is not None:
        return moment.astimezone(UTC).date().isoformat()
    return value
