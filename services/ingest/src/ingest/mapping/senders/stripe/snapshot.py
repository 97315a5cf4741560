"""The records by which a message of Stripe is decided, and the decision."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from ingest.errors import FieldError
from ingest.mapping.item import DraftEvent, IgnoredReason, Link
from ingest.mapping.senders.stripe.subscription import SubscriptionState


class ObjectVersion(Struct, frozen=True, order=True):
    """Of two messages about one object the later one holds. Within a second, `stage` of its life decides."""

    created: int
    stage: int = 0


class KnownCustomer(Struct, frozen=True):
    id: str
    version: ObjectVersion
    account: str | None


class KnownSubscription(Struct, frozen=True):
    version: ObjectVersion
    state: SubscriptionState


class StripeSnapshot(Struct, frozen=True):
    """The customers and subscriptions that a message may change, by id, as they are stored when it is decided.

    `told` is the time of the latest facts of each account, by `account_key`.
    """

    customers: Mapping[str, KnownCustomer]
    subscriptions: Mapping[str, KnownSubscription]
    told: Mapping[str, datetime]


class StripeDecision(Struct, frozen=True, kw_only=True):
    """The events of a message, or why there are none, and the new records."""

    events: tuple[DraftEvent, ...] = ()
    links: tuple[Link, ...] = ()
    errors: tuple[FieldError, ...] = ()
    ignored: IgnoredReason | None = None
    customers: Sequence[KnownCustomer] = ()
    subscriptions: Sequence[KnownSubscription] = ()
    told: Mapping[str, datetime] = {}


def account_key(account: str | None, customer: str) -> str:
    """The key of an account; of its customer, as long as no message has named the account."""
    return f"account {account}" if account is not None else f"customer {customer}"
