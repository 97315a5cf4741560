"""What stands in an account: its band, the flags that are up, the steps that are missed."""

from typing import Final

from common.contracts.signals import Band, Kind, OpenCondition, Severity
from scoring.health.account import Account
from scoring.health.bands import RED, YELLOW
from scoring.health.flag_telling import is_shown, was_told
from scoring.health.journey_told import open_onboarding_steps
from scoring.health.model import CardModel
from scoring.health.moments import to_datetime
from scoring.health.transitions import expected_flags, may_grow

TROUBLE: Final = (YELLOW, RED)
# A flag with a cap below this has the severity of red.
_CRITICAL_CAP: Final = 30.0
_GRAVEST_FIRST: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
_IN_ORDER: Final = (Kind.BAND, Kind.FLAG, Kind.MILESTONE_MISSED, Kind.RENEWAL_WINDOW, Kind.EXPANSION_READY)
_NO_TROUBLE: Final = (Kind.RENEWAL_WINDOW, Kind.EXPANSION_READY)


def find_standing(account: Account) -> list[OpenCondition]:
    """All that was told and stands, the gravest first; of equally grave ones the band, then flags, then missed steps.

    An open renewal window, and readiness for expansion of an account that is well, are no trouble and come last. Of an
    account whose contract has ended nothing is told, and of one that has given notice not that it is silent.
    """
    state = account.state
    found: list[OpenCondition] = []
    if state.ended:
        return found
    untold = expected_flags(account)
    if state.band is not None and state.band in TROUBLE:
        crossed = account.change.since if state.band_since is None else state.band_since
        found.append(OpenCondition(Kind.BAND, state.band.value, to_datetime(crossed)))
    for flag in account.flags:
        crossing = state.flags.get(flag.name)
        if crossing is not None and was_told(flag, crossing) and flag.name not in untold:
            found.append(OpenCondition(Kind.FLAG, flag.name, to_datetime(crossing.since), flag.count))
    for due, step in account.told_steps:
        if state.missed.get(step) == due:
            found.append(OpenCondition(Kind.MILESTONE_MISSED, step, to_datetime(due)))
    context, told = account.context, state.journey
    if context.window_open and told.window is not None:
        found.append(OpenCondition(Kind.RENEWAL_WINDOW, "open", to_datetime(context.stage_dates.window)))
    since = account.journey.ready_since
    if told.expanding and since is not None and may_grow(account, state):
        found.append(OpenCondition(Kind.EXPANSION_READY, "expansion", to_datetime(since)))
    keys = [
        (_GRAVEST_FIRST.index(gravity(account, each)), _IN_ORDER.index(each.kind), each.since, each.to, index)
        for index, each in enumerate(found)
    ]
    return [found[key[-1]] for key in sorted(keys)]


def find_trouble(account: Account) -> list[OpenCondition]:
    """What stands and is trouble: all but an open renewal window and readiness for expansion."""
    return [each for each in find_standing(account) if each.kind not in _NO_TROUBLE]


def find_for_review(account: Account) -> list[OpenCondition]:
    """What stands beside an open renewal window; flags that are only shown, such as open tickets, come last."""
    found = [each for each in find_standing(account) if each.kind is not Kind.RENEWAL_WINDOW]
    for flag in account.flags:
        crossing = account.state.flags.get(flag.name)
        if crossing is not None and not flag.tells and is_shown(flag, crossing):
            found.append(OpenCondition(Kind.FLAG, flag.name, to_datetime(crossing.since), flag.count))
    return found


def find_steps_left(account: Account) -> list[OpenCondition]:
    """The steps of onboarding that are not done, in the order in which they were due."""
    return [
        OpenCondition(Kind.MILESTONE_MISSED, step, to_datetime(due)) for due, step in open_onboarding_steps(account)
    ]


def gravity(account: Account, condition: OpenCondition) -> Severity:
    """How grave a condition is, as the severity of the signal that told it."""
    if condition.kind in _NO_TROUBLE:
        return Severity.INFO
    if condition.kind is Kind.BAND:
        return Severity.CRITICAL if condition.to == Band.RED.value else Severity.WARNING
    return flag_severity(account.model, condition.to) if condition.kind is Kind.FLAG else Severity.WARNING


def flag_severity(model: CardModel, name: str) -> Severity:
    return Severity.CRITICAL if model.flag_caps[name] < _CRITICAL_CAP else Severity.WARNING
