"""Who is a customer, what they pay, and how that changed, counted day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean

from common.contracts.signals import Band
from support.kpi_recount.account import ONE_DAY, Account, midnight
from support.kpi_recount.shares import mean, share

YEAR = 365.25


@dataclass
class Movement:
    """How an account's revenue moved in a span."""

    new: float = 0.0
    expansion: float = 0.0
    contraction: float = 0.0
    lost: float = 0.0
    left: bool = False
    up_sold: bool = False
    cross_sold: bool = False


def revenue(accounts: Sequence[Account], first: date, last: date) -> dict[str, float | None]:
    before = [one.state(first - ONE_DAY) for one in accounts]
    after = [one.state(last) for one in accounts]
    moved = [_movement(one, first, last) for one in accounts]
    arr_before = sum(state.arr or 0.0 for state in before if state.customer)
    kept = [
        (old.arr or 0.0, (old.arr or 0.0) if new.customer and new.arr is None else (new.arr or 0.0))
        for old, new in zip(before, after, strict=True)
        if old.customer
    ]
    old_customers, customers = sum(old.customer for old in before), sum(new.customer for new in after)
    churned = sum(one.left and not new.customer for one, new in zip(moved, after, strict=True))
    expansion = sum(one.expansion for one in moved)
    return {
        "customers": customers,
        "arr": sum(state.arr or 0.0 for state in after if state.customer),
        "expansion_bookings": expansion,
        "net_new_bookings": expansion + sum(one.new - one.contraction - one.lost for one in moved),
        "value_expansion_rate": share(expansion, arr_before),
        "up_sell_rate": share(
            sum(one.up_sold and old.customer for one, old in zip(moved, before, strict=True)), old_customers
        ),
        "cross_sell_rate": share(
            sum(one.cross_sold and old.customer for one, old in zip(moved, before, strict=True)), old_customers
        ),
        "customer_churn_rate": share(churned, churned + customers),
        "gross_revenue_retention": share(sum(min(pair) for pair in kept), arr_before),
        "net_revenue_retention": share(sum(new for _, new in kept), arr_before),
        "logo_churn_rate": share(
            sum(old.customer and not new.customer for old, new in zip(before, after, strict=True)), old_customers
        ),
        "arr_at_risk": sum(one.state(last).arr or 0.0 for one in accounts if _is_at_risk(one, last)),
    }


def lifetimes(accounts: Sequence[Account], last: date) -> dict[str, float | None]:
    """Over all who were a customer on some day until the end of the span."""
    days = [(one, [state for _, state in one.states_until(last) if state.customer]) for one in accounts]
    lived = [(one, states) for one, states in days if states]
    paid = [sum(state.arr or 0.0 for state in states) + _still_to_pay(one, last) for one, states in lived]
    known = [one.state(last).arr for one in accounts if one.state(last).customer]
    purchase = mean([arr for arr in known if arr is not None])
    return {
        "lifetime_value": mean([each / YEAR for each in paid]),
        "expected_lifetime_value": purchase and purchase * fmean(len(states) for _, states in lived) / YEAR,
    }


def _movement(account: Account, first: date, last: date) -> Movement:
    found = Movement()
    day = first
    while day <= last:
        old, new = account.state(day - ONE_DAY), account.state(day)
        if new.customer and not old.customer:
            found.new += new.arr or 0.0
        elif old.customer and not new.customer:
            found.lost += old.arr or 0.0
            found.left = True
        elif new.customer and old.arr is not None and new.arr is not None:
            found.expansion += max(new.arr - old.arr, 0.0)
            found.contraction += max(old.arr - new.arr, 0.0)
            more = old.seats is not None and new.seats is not None and new.seats > old.seats
            found.cross_sold |= new.arr > old.arr and more
            found.up_sold |= new.arr > old.arr and not more
        day += ONE_DAY
    return found


def _is_at_risk(account: Account, last: date) -> bool:
    stand = account.health.stand(midnight(last + ONE_DAY))
    return account.state(last).customer and stand is not None and stand.band in (Band.RED, Band.YELLOW)


def _still_to_pay(account: Account, last: date) -> float:
    """From the end of the span to the end of the contract."""
    state = account.state(last)
    return 0.0 if state.end is None else (state.arr or 0.0) * max((state.end - last).days, 0)
