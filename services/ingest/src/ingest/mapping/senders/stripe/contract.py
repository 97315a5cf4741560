"""Adds the subscriptions of an account up to one contract, and says what a change means. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct

from ingest.mapping.senders.stripe.money import Rates
from ingest.mapping.senders.stripe.subscription import SubscriptionState
from ingest.mapping.senders.trees import known

# How long before the end of a subscription the one begins that takes its place.
_REPLACED_WITHIN: Final = timedelta(days=1)


class AccountContract(Struct, frozen=True):
    """`arr` is None if a price is in tiers, because Stripe sends no amount for it. Dates as in `SubscriptionState`."""

    live: bool
    paying: bool
    leaving: bool
    arr: float | None
    seats: int | None
    start: str | None
    end: str | None

    @property
    def facts(self) -> dict[str, Any]:
        return known(arr=self.arr, seats=self.seats, contract_start=self.start, contract_end=self.end)


class ContractChange(Struct, frozen=True):
    """An event that a change of a subscription means for its account."""

    name: str
    properties: dict[str, Any]


def contract_of(subscriptions: Iterable[SubscriptionState], rates: Rates) -> AccountContract:
    """The sum of these subscriptions; trials and paused ones count 0. Raises `UnknownCurrency`."""
    live = [one for one in subscriptions if one.live]
    paying = [one for one in live if one.paying]
    seats = [one.seats for one in live if one.seats is not None]
    return AccountContract(
        live=bool(live),
        paying=bool(paying),
        leaving=bool(live) and all(one.leaving for one in live),
        arr=_arr(paying, rates),
        seats=sum(seats) if seats else None,
        start=min((one.start for one in live if one.start), default=None),
        end=max((one.end for one in live if one.end), default=None),
    )


def facts_event(before: AccountContract, after: AccountContract, rates: Rates) -> ContractChange:
    """The facts of the contract now. If an end was taken back, `contract_end` is null, which clears it."""
    cleared = {"contract_end": None} if before.end is not None and after.end is None else {}
    return ContractChange("account.updated", {**after.facts, **cleared, "currency": rates.currency})


def is_replaced(was: SubscriptionState, others: Iterable[SubscriptionState], day: date, rates: Rates) -> bool:
    """Whether others that began on this day or the day before cost at least as much: the customer changed plans.

    In Stripe Checkout a new subscription begins, and then the old one ends. Raises `UnknownCurrency`.
    """
    since = (day - _REPLACED_WITHIN).isoformat()
    begun = [one for one in others if one.live and not one.leaving and one.start is not None and one.start >= since]
    new, old = _arr(begun, rates), _arr([was], rates)
    return bool(begun) and (new is None or old is None or new >= old)


def changes(
    before: AccountContract,
    after: AccountContract,
    was: SubscriptionState | None,
    now: SubscriptionState,
    *,
    reason: str | None,
    replaced: bool = False,
) -> Iterator[ContractChange]:
    """The events of a change, with reasons. `was` and `now` are the changed subscription before and after."""
    # If another subscription took its place, the customer changed plans. If one goes on, the customer pays less.
    if _is_notice(was, now) and not replaced:
        name = "contract.cancel_requested" if after.leaving or not after.live else "contract.downgrade_requested"
        yield ContractChange(name, known(reason=reason))
    resumed = was is not None and was.live and not was.trialing
    if after.paying and not before.paying and not resumed:
        yield ContractChange("contract.started", after.facts)
    elif before.live and not after.live:
        yield ContractChange("contract.ended", known(reason=reason))
    elif after.paying or before.paying:
        if (before.arr, before.seats) != (after.arr, after.seats):
            yield ContractChange("contract.changed", after.facts)
        if _stays(was, now):
            yield ContractChange("contract.renewed", after.facts)


def _arr(paying: list[SubscriptionState], rates: Rates) -> float | None:
    total = Decimal(0)
    for one in paying:
        if one.yearly is None:
            return None
        total += rates.convert(one.yearly, one.currency) if one.yearly else 0
    return float(round(total, 2))


def _is_notice(was: SubscriptionState | None, now: SubscriptionState) -> bool:
    """Whether the customer gave notice, or a reason for an earlier notice: it may come some minutes later."""
    asked = now.leaving if now.live else now.asked_for
    if was is None or not asked or not (was.live or now.live):
        return False
    return (was.live and not was.leaving) or (now.explained and not was.explained)


def _stays(was: SubscriptionState | None, now: SubscriptionState) -> bool:
    """Whether a notice was taken back, or another long period began."""
    if was is None or not (was.live and now.live) or now.leaving:
        return False
    return was.leaving or (was.end is not None and now.end is not None and now.end > was.end)
