"""Reads the messages of Stripe. `StripeIntake` decides what they become, by the stored records."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ingest.errors import FieldError, FieldErrorReason
from ingest.mapping.item import IgnoredReason, IntakeItem
from ingest.mapping.senders.signatures import Headers, StripeSignature
from ingest.mapping.senders.stripe.deciding import (
    CUSTOMER_TYPES,
    INVOICE_TYPES,
    SUBSCRIPTION_TYPES,
    StripeDecider,
)
from ingest.mapping.senders.stripe.objects import Id, StripeEvent, field_error
from ingest.mapping.senders.stripe.owners import subscription_of_invoice
from ingest.mapping.senders.stripe.section import StripeSection
from ingest.mapping.senders.trees import decode_object
from ingest.receiving.bounds import ID_CHARS

_TYPES: Final = SUBSCRIPTION_TYPES | CUSTOMER_TYPES | INVOICE_TYPES


class _Ids(Struct):
    id: Id
    customer: Id | None = None


class StripeItem(IntakeItem, frozen=True, kw_only=True):
    """A message whose events `decider` makes, by the stored records of its customer."""

    webhook: str
    event: StripeEvent
    decider: StripeDecider


class StripeSender:
    def __init__(self, webhook: str, section: StripeSection) -> None:
        self._webhook = webhook
        self._decider = StripeDecider(webhook, section)

    signature: Final = StripeSignature()

    def read(self, body: bytes, headers: Headers, *, received_at: datetime) -> Sequence[IntakeItem]:
        tree = decode_object(body)
        try:
            event = msgspec.convert(tree, StripeEvent)
        except msgspec.ValidationError as error:
            return [IntakeItem(raw=body, at=received_at, label="stripe", errors=(field_error(error, ""),))]
        at = min(datetime.fromtimestamp(event.created, UTC), received_at)
        item = IntakeItem(raw=body, at=at, label=event.type, message_id=event.id)
        if event.type not in _TYPES:
            return [replace(item, ignored=IgnoredReason.UNKNOWN_TYPE)]
        if (unusable := self._unusable_id(event)) is not None:
            return [replace(item, errors=(unusable,))]
        return [
            StripeItem(
                raw=body,
                at=at,
                label=event.type,
                message_id=event.id,
                webhook=self._webhook,
                event=event,
                decider=self._decider,
            )
        ]

    def _unusable_id(self, event: StripeEvent) -> FieldError | None:
        """An error for an id that cannot be stored, checked before any lookup by it."""
        tree = event.data.object
        try:
            msgspec.convert(tree, _Ids)
            msgspec.convert(subscription_of_invoice(tree), Id | None)
        except msgspec.ValidationError as error:
            return field_error(error, "data.object")
        if any(len(one) > ID_CHARS or "\x00" in one for one in self._decider.accounts_in(event)):
            detail = f"expected an account id of at most {ID_CHARS} characters"
            return FieldError("data.object", FieldErrorReason.BAD_VALUE, detail)
        return None
