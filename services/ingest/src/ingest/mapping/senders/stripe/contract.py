"""Adds the subscriptions of an account up to one contract, and says what a change means. Pure."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from msgspec import Struct

from ingest.mapping.senders.stripe.money import Rates
from ingest.mapping.senders.stripe.subscription import SubscriptionState
from ingest.mapping.senders.trees import known


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


def changes(
    before: AccountContract,
    after: AccountContract,
    was: SubscriptionState | None,
    now: SubscriptionState,
    *,
    reason: str | None,
) -> Iterator[ContractChange]:
    """The events of a change, with reasons. `was` and `now` are the changed subscription before and after."""
    if _is_notice(was, now):
        # If another subscription goes on, the customer stays and pays less.
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
