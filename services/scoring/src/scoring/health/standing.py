"""What stands in an account: its band, the flags that are up, the steps that are missed."""

from typing import Final

from common.contracts.signals import Band, Kind, OpenCondition, Severity
from scoring.health.account import Account
from scoring.health.bands import RED, YELLOW
from scoring.health.flag_telling import was_told
from scoring.health.moments import to_datetime
from scoring.health.signals import CRITICAL_CAP
from scoring.health.transitions import expected_flags

TROUBLE: Final = (YELLOW, RED)
_GRAVEST_FIRST: Final = (Severity.CRITICAL, Severity.WARNING)
_IN_ORDER: Final = (Kind.BAND, Kind.FLAG, Kind.MILESTONE_MISSED)


def find_standing(account: Account) -> list[OpenCondition]:
    """All that is told and stands, the gravest first; of equally grave ones the band, then flags, then missed steps.

    Of an account whose contract has ended nothing is told, and of one that has given notice not that it is silent.
    """
    state = account.state
    found: list[OpenCondition] = []
    if state.ended:
        return found
    untold = expected_flags(account)
    if state.band is not None and state.band in TROUBLE:
        since = account.change.since if state.band_since is None else state.band_since
        found.append(OpenCondition(Kind.BAND, state.band.value, to_datetime(since)))
    for flag in account.flags:
        crossing = state.flags.get(flag.name)
        if crossing is not None and was_told(flag, crossing) and flag.name not in untold:
            found.append(OpenCondition(Kind.FLAG, flag.name, to_datetime(crossing.since), flag.count))
    for due, step in account.told_steps:
        if state.missed.get(step) == due:
            found.append(OpenCondition(Kind.MILESTONE_MISSED, step, to_datetime(due)))
    keys = [
        (_GRAVEST_FIRST.index(gravity(account, each)), _IN_ORDER.index(each.kind), each.since, each.to, index)
        for index, each in enumerate(found)
    ]
    return [found[key[-1]] for key in sorted(keys)]


def gravity(account: Account, condition: OpenCondition) -> Severity:
    """How grave a condition is, as the severity of the signal that told it."""
    if condition.kind is Kind.BAND:
        return Severity.CRITICAL if condition.to == Band.RED.value else Severity.WARNING
    capped = condition.kind is Kind.FLAG and account.model.flag_caps[condition.to] < CRITICAL_CAP
    return Severity.CRITICAL if capped else Severity.WARNING
