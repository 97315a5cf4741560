"""Contracts and invoices."""

from common.catalogue.standard_event import DATED, StandardEvent
from common.catalogue.values import CalendarDate, Currency, Identifier, Label, Money, Prose, Seats


class ContractStarted(StandardEvent, frozen=True, kw_only=True):
    """A contract began, for a new customer or for one who came back."""

    event_name = "contract.started"
    reach = DATED
    example = {"arr": 50000, "seats": 10, "contract_start": "2026-01-01", "contract_end": "2026-12-31"}

    arr: Money | None = None
    seats: Seats | None = None
    contract_start: CalendarDate | None = None
    contract_end: CalendarDate | None = None


class ContractChanged(StandardEvent, frozen=True, kw_only=True):
    """The contract has another amount, other seats or other dates. These become the account's facts.

    `arr` is a year's revenue after the change.
    """

    event_name = "contract.changed"
    reach = DATED
    example = {"arr": 62000, "seats": 14}

    arr: Money | None = None
    seats: Seats | None = None
    contract_start: CalendarDate | None = None
    contract_end: CalendarDate | None = None


class ContractRenewed(StandardEvent, frozen=True, kw_only=True):
    """The customer decided to stay."""

    event_name = "contract.renewed"
    reach = DATED
    example = {"arr": 62000, "contract_end": "2027-12-31"}

    arr: Money | None = None
    seats: Seats | None = None
    contract_start: CalendarDate | None = None
    contract_end: CalendarDate | None = None


class ContractEnded(StandardEvent, frozen=True, kw_only=True):
    """The contract is over: the customer has left."""

    event_name = "contract.ended"
    reach = DATED
    example = {"reason": "merged with another customer"}

    reason: Prose | None = None


class ContractCancelRequested(StandardEvent, frozen=True, kw_only=True):
    """The customer gave notice, or asked how to. `requested_by` is who did, if that is not whom `user_id` names."""

    event_name = "contract.cancel_requested"
    example = {"reason": "budget", "requested_by": "Ann Lee, CFO"}

    reason: Prose | None = None
    requested_by: Label | None = None


class ContractDowngradeRequested(StandardEvent, frozen=True, kw_only=True):
    """The customer asked for less: fewer seats, or a smaller plan. `requested_by` is as in a cancellation."""

    event_name = "contract.downgrade_requested"
    example = {"reason": "team of four from July on"}

    reason: Prose | None = None
    requested_by: Label | None = None


class InvoicePaid(StandardEvent, frozen=True, kw_only=True):
    """An invoice was paid. `invoice` is its id."""

    event_name = "invoice.paid"
    example = {"invoice": "in-2026-07", "amount": 4200, "currency": "EUR"}

    invoice: Identifier | None = None
    amount: Money | None = None
    currency: Currency | None = None


class InvoicePaymentFailed(StandardEvent, frozen=True, kw_only=True):
    """The payment of an invoice failed. `invoice` is its id."""

    event_name = "invoice.payment_failed"
    example = {"invoice": "in-2026-07", "amount": 4200, "currency": "EUR"}

    invoice: Identifier | None = None
    amount: Money | None = None
    currency: Currency | None = None
