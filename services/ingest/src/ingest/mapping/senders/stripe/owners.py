"""Finds the accounts of Stripe's objects. Pure."""

from typing import Any

from ingest.mapping.item import Link
from ingest.mapping.paths import first_value, parse_path
from ingest.mapping.senders.section import WebhookSection
from ingest.mapping.senders.stripe.snapshot import StripeSnapshot, account_key
from ingest.mapping.senders.stripe.subscription import SubscriptionState
from ingest.mapping.senders.trees import text_at


class StripeOwners:
    """The accounts of subscriptions, customers and invoices, by what mapping.yml says of one webhook."""

    def __init__(self, section: WebhookSection) -> None:
        self._section = section

    def named_in(self, tree: dict[str, Any]) -> set[str]:
        """Accounts that an object itself names."""
        named = {self._section.account_in(one) for one in (tree, _subscription_details(tree))}
        return {one for one in named if one is not None}

    def of_subscription(self, one: SubscriptionState, snapshot: StripeSnapshot) -> str | None:
        return one.account or self.of_customer(one.customer, snapshot)

    def of_customer(self, customer: str, snapshot: StripeSnapshot) -> str | None:
        stored = snapshot.customers.get(customer)
        if stored is not None and stored.account is not None:
            return stored.account
        return self._section.default_account_of(customer)

    def of_invoice(self, tree: dict[str, Any], customer: str | None, snapshot: StripeSnapshot) -> str | None:
        """The account that the invoice names, else its subscription, else the customer."""
        if (named := self._section.account_in(tree)) is not None:
            return named
        subscription = snapshot.subscriptions.get(subscription_of_invoice(tree) or "")
        if subscription is not None:
            return self.of_subscription(subscription.state, snapshot)
        named = self._section.account_in(_subscription_details(tree))
        return named or (self.of_customer(customer, snapshot) if customer else None)

    def subscriptions_of(self, account: str | None, customer: str, snapshot: StripeSnapshot) -> list[SubscriptionState]:
        """The subscriptions of an account; without an account those of the customer."""
        key = account_key(account, customer)
        states = [one.state for one in snapshot.subscriptions.values()]
        return [one for one in states if account_key(self.of_subscription(one, snapshot), one.customer) == key]


def subscription_of_invoice(tree: dict[str, Any]) -> str | None:
    """The subscription's id; in new versions of the API it is under `parent`."""
    return text_at(tree, "subscription") or text_at(tree, "parent.subscription_details.subscription")


def identity_of(customer: str) -> str:
    return f"stripe:{customer}"


def links_of(customer: str, account: str | None) -> tuple[Link, ...]:
    """The links that make later messages of the customer find the account."""
    return () if account is None else (Link(identity_of(customer), account_id=account),)


def _subscription_details(invoice: dict[str, Any]) -> Any:
    return first_value(invoice, map(parse_path, ("parent.subscription_details", "subscription_details")))
