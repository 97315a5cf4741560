"""Who is a customer, what they pay, and how that changed, counted day by day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean

from common.contracts.signals import Band
from support.kpi_recount.account import ONE_DAY, STATUS, Account, midnight
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
    begun = [(_paid_before(one, first, last), new) for one, new in zip(accounts, after, strict=True)]
    started = [(sum(paid), new) for paid, new in begun if paid]
    kept = [(old, old if new.customer and new.arr is None else (new.arr or 0.0)) for old, new in started]
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
        "gross_revenue_retention": share(sum(min(pair) for pair in kept), sum(old for old, _ in kept)),
        "net_revenue_retention": share(sum(new for _, new in kept), sum(old for old, _ in kept)),
        "logo_churn_rate": share(sum(not new.customer for _, new in started), len(started)),
        "arr_at_risk": sum(one.state(last).arr or 0.0 for one in accounts if _is_at_risk(one, last)),
    }


def lifetimes(accounts: Sequence[Account], last: date) -> dict[str, float | None]:
    """Over all who were a customer on some day until the end of the span, also as an account merged into this one."""
    lived: list[int] = []
    paid: list[float] = []
    for account in accounts:
        if is_merged(account, last):
            continue
        states = [each for one in account.family(last) for each in one.states_until(last) if each[1].customer]
        if states:
            lived.append(len({day for day, _ in states}))
            paid.append(sum(state.arr or 0.0 for _, state in states) + _still_to_pay(account, last))
    known = [one.state(last).arr for one in accounts if one.state(last).customer]
    purchase = mean([arr for arr in known if arr is not None])
    return {
        "lifetime_value": mean([each / YEAR for each in paid]),
        "expected_lifetime_value": purchase and purchase * fmean(lived) / YEAR,
    }


def is_merged(account: Account, last: date) -> bool:
    """Whether it goes on as another account at the end of the day."""
    return account.merged_on is not None and account.merged_on <= last


def _paid_before(account: Account, first: date, last: date) -> list[float]:
    """What each of the accounts as which this one goes on paid when the span began, if it was a customer."""
    if is_merged(account, last):
        return []
    states = [one.state(first - ONE_DAY) for one in account.family(last)]
    return [state.arr or 0.0 for state in states if state.customer]


def _movement(account: Account, first: date, last: date) -> Movement:
    found = Movement()
    grown = taken_over = 0.0
    for merged, on in account.merged_into_this:
        old = merged.state(on - ONE_DAY)
        if first <= on <= last and old.customer and not _left(merged, on):
            if account.state(on - ONE_DAY).customer:
                grown += old.arr or 0.0
            else:
                taken_over += old.arr or 0.0
    day = first
    while day <= last:
        old, new = account.state(day - ONE_DAY), account.state(day)
        if new.customer and not old.customer:
            found.new += new.arr or 0.0
        elif old.customer and not new.customer:
            if _left(account, day):
                found.lost += old.arr or 0.0
                found.left = True
        elif new.customer and old.arr is not None and new.arr is not None:
            found.expansion += max(new.arr - old.arr, 0.0)
            found.contraction += max(old.arr - new.arr, 0.0)
            more = old.seats is not None and new.seats is not None and new.seats > old.seats
            found.cross_sold |= new.arr > old.arr and more
            found.up_sold |= new.arr > old.arr and not more
        day += ONE_DAY
    found.expansion = max(found.expansion - grown, 0.0)
    if taken_over > 0.0 and found.new > 0.0:
        # The same customer under another id: it began nothing, and pays more or less than before.
        change, found.new = found.new - taken_over, 0.0
        found.expansion += max(change, 0.0)
        found.contraction += max(-change, 0.0)
    if grown or taken_over:
        found.up_sold = found.cross_sold = False
    return found


def _left(account: Account, day: date) -> bool:
    told = [STATUS[one.name] for one in account.of(day) if one.name in STATUS]
    return told[-1:] == ["churned"]


def _is_at_risk(account: Account, last: date) -> bool:
    stand = account.health.stand(midnight(last + ONE_DAY))
    return account.state(last).customer and stand is not None and stand.band in (Band.RED, Band.YELLOW)


def _still_to_pay(account: Account, last: date) -> float:
    """From the end of the span to the end of the contract."""
    state = account.state(last)
    return 0.0 if state.end is None else (state.arr or 0.0) * max((state.end - last).days, 0)
