"""How soon customers got value, counted again from their milestones."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import median

from support.kpi_recount.account import ONE_DAY, Account, midnight
from support.kpi_recount.revenue import is_merged
from support.kpi_recount.shares import share

VALUE = "first_value"


def onboarding(
    accounts: Sequence[Account], first: date, last: date, *, steps: Mapping[str, int]
) -> dict[str, float | None]:
    """`steps` are the days that the scorecard gives for each step of onboarding."""
    customers = [one for one in accounts if not is_merged(one, last) and _was_ever_customer(one, last)]
    new = [one for one in customers if first <= _start(one, last) <= last]
    due = [one for one in customers if _is_last_due(_dues(one, steps, last), first, last)]
    days = [
        max((reached - midnight(_start(one, last))) / ONE_DAY, 0.0)
        for one in customers
        if (reached := _reached(one, VALUE, last)) is not None and reached >= midnight(first)
    ]
    return {
        "time_to_value": median(days) if days else None,
        "activation_rate": share(sum(_reached(one, VALUE, last) is not None for one in new), len(new)),
        "on_time_onboarding_rate": share(sum(_is_on_time(one, steps, last) for one in due), len(due)),
    }


def _was_ever_customer(account: Account, last: date) -> bool:
    """Also as an account that was merged into this one. That changes on days of events and of the start only."""
    for one in account.family(last):
        begin = one.held_from
        if begin and any(one.state(max(begin, day)).customer for day in (begin, *(e.time.date() for e in one.events))):
            return True
    return False


def _start(account: Account, last: date) -> date:
    return min(one.start for one in account.family(last) if one.start is not None)


def _reached(account: Account, step: str, last: date) -> datetime | None:
    """For the first time, until the end of the span, by any of the accounts as which this one goes on."""
    done = [
        event.time
        for one in account.family(last)
        for event in one.of(last)
        if event.name == "milestone.reached" and event.properties["step"] == step
    ]
    return min(done, default=None)


def _dues(account: Account, steps: Mapping[str, int], last: date) -> dict[str, datetime]:
    """When each step is over: at the end of the planned day, else as the scorecard says."""
    found = {step: midnight(_start(account, last)) + timedelta(days=days) for step, days in steps.items()}
    of_others: dict[str, datetime] = {}
    for one in account.family(last):
        planned = {
            event.properties["step"]: midnight(date.fromisoformat(event.properties["due"]) + ONE_DAY)
            for event in one.of(last)
            if event.name == "milestone.planned" and event.properties["step"] in steps
        }
        if one is account:
            own = planned
        else:
            of_others |= {step: min(due, of_others.get(step, due)) for step, due in planned.items()}
    return found | of_others | own


def _is_last_due(dues: Mapping[str, datetime], first: date, last: date) -> bool:
    """A step that is over at midnight was due on the day before."""
    return bool(dues) and midnight(first) < max(dues.values()) <= midnight(last + ONE_DAY)


def _is_on_time(account: Account, steps: Mapping[str, int], last: date) -> bool:
    reached = {step: _reached(account, step, last) for step in steps}
    return all((at := reached[step]) is not None and at < due for step, due in _dues(account, steps, last).items())
