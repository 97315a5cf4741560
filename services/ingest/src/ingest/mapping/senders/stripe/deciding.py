"""Decides which events a message of Stripe becomes. Pure: it depends only on the message and the snapshot."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from ingest.errors import FieldError, FieldErrorReason
from ingest.mapping.item import DraftEvent, IgnoredReason
from ingest.mapping.paths import first_value, parse_path
from ingest.mapping.senders.stripe.contract import ContractChange, changes, contract_of, facts_event, is_replaced
from ingest.mapping.senders.stripe.money import Rates, UnknownCurrency, in_units
from ingest.mapping.senders.stripe.objects import Invoice, StripeCustomer, StripeEvent, field_error
from ingest.mapping.senders.stripe.owners import StripeOwners, identity_of, links_of, subscription_of_invoice
from ingest.mapping.senders.stripe.section import StripeSection
from ingest.mapping.senders.stripe.snapshot import (
    KnownCustomer,
    KnownSubscription,
    ObjectVersion,
    StripeDecision,
    StripeSnapshot,
    account_key,
)
from ingest.mapping.senders.stripe.subscription import SubscriptionState, read_subscription, reason_of
from ingest.mapping.senders.trees import known

SUBSCRIPTION: Final = "customer.subscription."
CUSTOMER_TYPES: Final = frozenset(["customer.created", "customer.updated"])
_FAILED, _PAID, _VOIDED = "invoice.payment_failed", "invoice.paid", "invoice.voided"
INVOICE_TYPES: Final = frozenset([_FAILED, _PAID, _VOIDED])
_CREATED: Final = "customer.subscription.created"
_DELETED: Final = "customer.subscription.deleted"
SUBSCRIPTION_TYPES: Final = frozenset(
    [_CREATED, _DELETED, *(f"{SUBSCRIPTION}{verb}" for verb in ("updated", "paused", "resumed"))]
)
# The order of messages within one second: creation, change, end.
_STAGES: Final = {_CREATED: 0, _DELETED: 2}
_OBJECT: Final = "data.object"
_MICROSECOND: Final = timedelta(microseconds=1)


class StripeDecider:
    """The rules of one webhook."""

    def __init__(self, webhook: str, section: StripeSection) -> None:
        self._webhook = webhook
        self._section = section
        self._owners = StripeOwners(section)
        self._rates = Rates(section.currency, section.rates)
        self._fact_paths = {name: tuple(map(parse_path, paths)) for name, paths in section.fact_paths().items()}

    def decide(self, event: StripeEvent, snapshot: StripeSnapshot) -> StripeDecision:
        """The events and the new records. `snapshot` must have the message's customer and all of its accounts."""
        try:
            if event.type in SUBSCRIPTION_TYPES:
                return self._subscription(event, snapshot)
            if event.type in CUSTOMER_TYPES:
                return self._customer(event, snapshot)
            return self._invoice(event, snapshot)
        except msgspec.ValidationError as error:
            return StripeDecision(errors=(field_error(error, _OBJECT),))
        except UnknownCurrency as error:
            return StripeDecision(errors=(self._no_rate(error.currency),))

    def accounts_in(self, event: StripeEvent) -> set[str]:
        """Accounts that the message itself names."""
        return self._owners.named_in(event.data.object)

    def _subscription(self, event: StripeEvent, snapshot: StripeSnapshot) -> StripeDecision:
        told_before = self._before(event)
        now = self._read(event.data.object).after(told_before)
        version = ObjectVersion(event.created, _STAGES.get(event.type, 1))
        stored = snapshot.subscriptions.get(now.id)
        if stored is not None and _is_older(now, version, stored):
            return StripeDecision(ignored=IgnoredReason.NOTHING_TO_TELL)
        was = told_before if stored is None else stored.state
        account = self._owners.of_subscription(now, snapshot)
        written = [KnownSubscription(version, now)]
        former = None if was is None else self._owners.of_subscription(was, snapshot)
        if former not in (None, account):
            return self._subscription_moved(event, [former, account], written, snapshot)
        others = [one for one in self._owners.subscriptions_of(account, now.customer, snapshot) if one.id != now.id]
        before = contract_of([*others, was] if was is not None else others, self._rates)
        after = contract_of([*others, now], self._rates)
        if not before.live and not after.live:
            return StripeDecision(ignored=IgnoredReason.NOTHING_TO_TELL, subscriptions=written)
        # An account that has left keeps its last facts, which show what was lost.
        facts = [facts_event(before, after, self._rates)] if after.live else []
        reason = reason_of(event.data.object, self._section.reason)
        replaced = was is not None and is_replaced(was, others, _time(event).date(), self._rates)
        told = [*facts, *changes(before, after, was, now, reason=reason, replaced=replaced)]
        key = account_key(account, now.customer)
        at = _next_time(event, snapshot, [key])
        return StripeDecision(
            events=tuple(self._draft(event, one, account, now.customer, at) for one in told),
            links=links_of(now.customer, now.account),
            subscriptions=written,
            told={key: at},
        )

    def _subscription_moved(
        self,
        event: StripeEvent,
        accounts: Sequence[str | None],
        written: Sequence[KnownSubscription],
        snapshot: StripeSnapshot,
    ) -> StripeDecision:
        """The subscription now belongs to another account: facts of both change, and no contract begins or ends."""
        [now] = (one.state for one in written)
        after = StripeSnapshot(snapshot.customers, {**snapshot.subscriptions, now.id: written[0]}, snapshot.told)
        drafts: list[DraftEvent] = []
        told = self._moved(event, accounts, now.customer, after, drafts)
        links = links_of(now.customer, now.account)
        return StripeDecision(events=tuple(drafts), links=links, subscriptions=written, told=told)

    def _customer(self, event: StripeEvent, snapshot: StripeSnapshot) -> StripeDecision:
        """The facts of the customer; also those of the contract, if this message is the first to name the account."""
        tree = event.data.object
        customer = msgspec.convert(tree, StripeCustomer)
        version = ObjectVersion(event.created)
        stored = snapshot.customers.get(customer.id)
        if stored is not None and stored.version > version:
            return StripeDecision(ignored=IgnoredReason.NOTHING_TO_TELL)
        # If metadata is removed, the account that it named stays.
        named = self._section.account_in(tree) or (stored.account if stored else None)
        written = KnownCustomer(customer.id, version, named)
        after = StripeSnapshot({**snapshot.customers, customer.id: written}, snapshot.subscriptions, snapshot.told)
        account = self._owners.of_customer(customer.id, after)
        found = {name: first_value(tree, paths) for name, paths in self._fact_paths.items()}
        drafts = [
            self._draft(event, ContractChange("account.updated", known(**found)), account, customer.id, _time(event))
        ]
        moments: dict[str, datetime] = {}
        before = self._owners.of_customer(customer.id, snapshot)
        if account != before:
            moments = self._moved(event, [before, account], customer.id, after, drafts)
        links = links_of(customer.id, named)
        return StripeDecision(events=tuple(drafts), links=links, customers=[written], told=moments)

    def _moved(
        self,
        event: StripeEvent,
        accounts: Sequence[str | None],
        customer: str,
        snapshot: StripeSnapshot,
        drafts: list[DraftEvent],
    ) -> dict[str, datetime]:
        """Adds facts for the accounts between which subscriptions moved; returns the time of each account's facts."""
        if not any(one.state.customer == customer for one in snapshot.subscriptions.values()):
            return {}
        keys = {account_key(one, customer): one for one in accounts}
        at = _next_time(event, snapshot, keys)
        for account in keys.values():
            if account is not None:
                left = self._owners.subscriptions_of(account, customer, snapshot)
                drafts.append(self._facts(event, left, account, customer, at))
        return dict.fromkeys(keys, at)

    def _invoice(self, event: StripeEvent, snapshot: StripeSnapshot) -> StripeDecision:
        tree = event.data.object
        invoice = msgspec.convert(tree, Invoice)
        # A first payment that fails begins no subscription, so nobody owes anything: Stripe voids the invoice.
        if event.type != _PAID and invoice.billing_reason == "subscription_create" and not _is_live(tree, snapshot):
            return StripeDecision(ignored=IgnoredReason.NOTHING_TO_TELL)
        # Nothing is owed of a voided invoice, so it clears its failure as a payment of nothing does.
        name = _FAILED if event.type == _FAILED else _PAID
        amount = {_FAILED: invoice.amount_due, _PAID: invoice.amount_paid, _VOIDED: 0}[event.type]
        currency = invoice.currency.upper() if invoice.currency else None
        units = None if amount is None or currency is None else float(in_units(Decimal(amount), currency))
        properties = known(invoice=invoice.id, amount=units, currency=currency)
        account = self._owners.of_invoice(tree, invoice.customer, snapshot)
        draft = self._draft(event, ContractChange(name, properties), account, invoice.customer or "", _time(event))
        return StripeDecision(events=(draft,))

    def _facts(
        self,
        event: StripeEvent,
        subscriptions: Sequence[SubscriptionState],
        account: str | None,
        customer: str,
        at: datetime,
    ) -> DraftEvent:
        """The facts of an account that has lost or won subscriptions to or from another one."""
        contract = contract_of(subscriptions, self._rates)
        change = facts_event(contract, contract, self._rates)
        return self._draft(event, change, account, customer, at, suffix=":contract")

    def _read(self, tree: dict[str, Any]) -> SubscriptionState:
        return read_subscription(
            tree,
            seats_of=self._section.seats,
            reason_paths=self._section.reason,
            account=self._section.account_in(tree),
        )

    def _before(self, event: StripeEvent) -> SubscriptionState | None:
        """The state of a subscription before this message, as the message says; None if it did not exist."""
        tree = event.data.object
        if event.type == _CREATED:
            return None
        previous = event.data.previous_attributes or {}
        if event.type == _DELETED:
            # Stripe does not send the state before an end, but the subscription was live.
            previous = {"status": "active", "cancellation_details": None, **previous}
        try:
            return self._read(_merged(tree, previous))
        except msgspec.ValidationError:
            return self._read(tree)

    def _draft(
        self,
        event: StripeEvent,
        change: ContractChange,
        account: str | None,
        customer: str,
        at: datetime,
        *,
        suffix: str = "",
    ) -> DraftEvent:
        return DraftEvent(
            name=change.name,
            event_id=f"{event.id}:{change.name}{suffix}",
            time=at,
            account_id=account,
            known_by=(identity_of(customer),) if account is None and customer else (),
            properties=change.properties,
            lenient=True,
        )

    def _no_rate(self, currency: str) -> FieldError:
        ours = self._rates.currency
        detail = (
            f"no rate from {currency or 'a price without currency'} to {ours}: add it in mapping.yml "
            f"under webhooks.{self._webhook}.rates, then have Stripe send this event again"
        )
        return FieldError(f"{_OBJECT}.currency", FieldErrorReason.BAD_VALUE, detail)


def _is_older(now: SubscriptionState, version: ObjectVersion, stored: KnownSubscription) -> bool:
    """Whether a message came late. Stripe's times are whole seconds, in which a subscription may change twice."""
    if stored.version == version:
        return now.precedes(stored.state)
    return stored.version > version


def _is_live(invoice: dict[str, Any], snapshot: StripeSnapshot) -> bool:
    """Whether Stripe has said that the invoice's subscription is live."""
    subscription = snapshot.subscriptions.get(subscription_of_invoice(invoice) or "")
    return subscription is not None and subscription.state.live


def _time(event: StripeEvent) -> datetime:
    return datetime.fromtimestamp(event.created, UTC)


def _next_time(event: StripeEvent, snapshot: StripeSnapshot, keys: Iterable[str]) -> datetime:
    """A time after all facts that were published of these accounts: a late message changes the sum from now on."""
    return max([_time(event), *(snapshot.told[key] + _MICROSECOND for key in keys if key in snapshot.told)])


def _merged(tree: dict[str, Any], previous: dict[str, Any]) -> dict[str, Any]:
    """The object before a change; `previous` has only the changed fields, also of objects inside it."""
    merged = dict(tree)
    for name, value in previous.items():
        inner = merged.get(name)
        merged[name] = {**inner, **value} if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged
