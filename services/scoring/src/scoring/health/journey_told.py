"""What of an account's journey is told: a renewal window, a late onboarding, readiness for expansion, first value."""

from math import inf
from typing import Final, NamedTuple

from common.contracts.signals import Kind
from scoring.health.account import Account
from scoring.health.context import EXPANSION, NOT_POSTED
from scoring.health.hold import is_held_back
from scoring.health.moments import DAY, day_number
from scoring.health.state_format import DecidedOutcome, JourneyTold

# Each is an episode of its own.
JOURNEY_KINDS: Final = (Kind.RENEWAL_WINDOW, Kind.EXPANSION_READY, Kind.ONBOARDING_LATE, Kind.VALUE_REACHED)
# An account that is ready for expansion again is told so after this long (seconds).
EXPANSION_AGAIN: Final = 90.0 * DAY
_EXPANSION: Final = "expansion"


class JourneyChange(NamedTuple):
    """Something new of the journey; `line` names it in a request, `since` (UTC) is None where the cause says it."""

    kind: Kind
    to: str
    line: str
    since: float | None = None
    days: float | None = None


def journey_to_tell(account: Account, told: JourneyTold) -> JourneyTold:
    """The account's journey as it will have been told once its changes are; `told` itself if nothing has changed.

    The account was just evaluated.
    """
    rules, context = account.model.stages, account.context
    if not rules.by_dates:
        return told
    window, end = told.window, account.facts.contract_end
    if context.window_open and end is not None:
        window = day_number(end)
    value = told.value
    if value is None and (done := _first_value(account)) is not None:
        value = DecidedOutcome(done[1], False)
    expanding = context.stage == EXPANSION and context.stage_dates.posted == NOT_POSTED
    # Onboarding goes on being new while nobody knows whether its last steps were done.
    is_new = context.is_new or (told.is_new and is_held_back(account, context.stage_dates.new_until, account.clock))
    # Nearly always there is nothing new, so nothing is made.
    if is_new == told.is_new and window == told.window and expanding == told.expanding and value is told.value:
        return told
    return JourneyTold(is_new, window, expanding, told.expansion, value)


def journey_changes(account: Account, before: JourneyTold, after: JourneyTold) -> list[JourneyChange]:
    """The changes between two results of `journey_to_tell`, as of the account's clock."""
    found: list[JourneyChange] = []
    dates, ready_since = account.context.stage_dates, account.journey.ready_since
    if after.window != before.window:
        found.append(JourneyChange(Kind.RENEWAL_WINDOW, "open", "renewal window", dates.window))
    # Onboarding whose steps are done is not late, nor is that of an account which an event shows to be older.
    if before.is_new and not after.is_new and -inf < dates.new_until <= account.clock:
        days = _days_late(account)
        found.append(JourneyChange(Kind.ONBOARDING_LATE, "onboarding", "onboarding late", dates.new_until, days))
    if after.expanding and not before.expanding:
        found.append(JourneyChange(Kind.EXPANSION_READY, _EXPANSION, _EXPANSION, ready_since))
    step = account.model.stages.value
    if after.value is not None and before.value is None and step is not None:
        found.append(JourneyChange(Kind.VALUE_REACHED, step, "value", days=_days_to_value(account)))
    return found


def open_onboarding_steps(account: Account) -> list[tuple[float, str]]:
    """The steps of onboarding that are not done, whatever the stage: when they were due (UTC), and their names."""
    found = [
        (step.due, step.name)
        for index in account.model.stages.onboarding_metrics
        for step in account.metrics[index].open_steps(account.context)
    ]
    return sorted(found)


def is_told_too_soon(before: JourneyTold, at: float) -> bool:
    """Whether readiness for expansion was told less than EXPANSION_AGAIN before the UTC moment `at`."""
    return before.expansion is not None and at < before.expansion + EXPANSION_AGAIN


def first_value_event(account: Account) -> int | None:
    """The hash of the event that brought first value; None if there is none."""
    done = _first_value(account)
    return None if done is None else done[1]


def _first_value(account: Account) -> tuple[float, int] | None:
    rules, first = account.model.stages, None
    if rules.value is None:
        return None
    for index in rules.step_metrics:
        done = account.metrics[index].done_by(rules.value)
        if done is not None and (first is None or done < first):
            first = done
    return first


def _days_late(account: Account) -> float:
    """Days since the last step that is not done was due."""
    steps = open_onboarding_steps(account)
    return max(account.clock - steps[-1][0], 0.0) / DAY if steps else 0.0


def _days_to_value(account: Account) -> float | None:
    """From the start of the contract, or from the account's beginning if the contract started after the value."""
    done = _first_value(account)
    if done is None:
        return None
    begin = account.context.start if account.context.start <= done[0] else account.born
    return max(done[0] - begin, 0.0) / DAY
