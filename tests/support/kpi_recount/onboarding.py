"""How soon customers got value, counted again from their milestones."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import median

from support.kpi_recount.account import ONE_DAY, Account, midnight
from support.kpi_recount.shares import share

VALUE = "first_value"


def onboarding(
    accounts: Sequence[Account], first: date, last: date, *, steps: Mapping[str, int]
) -> dict[str, float | None]:
    """`steps` are the days that the scorecard gives for each step of onboarding."""
    new = [one for one in accounts if one.start is not None and first <= one.start <= last]
    due = [one for one in accounts if _is_last_due(_dues(one, steps, last), first, last)]
    days = [
        max((reached - midnight(one.start)) / ONE_DAY, 0.0)
        for one in accounts
        if one.start is not None and (reached := _reached(one, VALUE, last)) is not None and reached >= midnight(first)
    ]
    return {
        "time_to_value": median(days) if days else None,
        "activation_rate": share(sum(_reached(one, VALUE, last) is not None for one in new), len(new)),
        "on_time_onboarding_rate": share(sum(_is_on_time(one, steps, last) for one in due), len(due)),
    }


def _reached(account: Account, step: str, last: date) -> datetime | None:
    """For the first time, until the end of the span."""
    done = (e.time for e in account.of(last) if e.name == "milestone.reached" and e.properties["step"] == step)
    return next(done, None)


def _dues(account: Account, steps: Mapping[str, int], last: date) -> dict[str, datetime]:
    """When each step is over: at the end of the planned day, else as the scorecard says."""
    if account.start is None:
        return {}
    found = {step: midnight(account.start) + timedelta(days=days) for step, days in steps.items()}
    for one in account.of(last):
        if one.name == "milestone.planned" and one.properties["step"] in steps:
            found[one.properties["step"]] = midnight(date.fromisoformat(one.properties["due"]) + ONE_DAY)
    return found


def _is_last_due(dues: Mapping[str, datetime], first: date, last: date) -> bool:
    """A step that is over at midnight was due on the day before."""
    return bool(dues) and midnight(first) < max(dues.values()) <= midnight(last + ONE_DAY)


def _is_on_time(account: Account, steps: Mapping[str, int], last: date) -> bool:
    reached = {step: _reached(account, step, last) for step in steps}
    return all((at := reached[step]) is not None and at < due for step, due in _dues(account, steps, last).items())
