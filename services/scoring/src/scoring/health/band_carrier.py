"""A flag and the band that it brings are one signal: two would be two alarms of one moment."""

from common.contracts.signals import Band, Kind
from scoring.health.account import Account
from scoring.health.bands import is_below
from scoring.health.trigger import Transition, is_better


def carry_band(account: Account, told: list[Transition]) -> list[Transition]:
    """What one evaluation tells, with the worse band as part of the flag whose cap brings it, if one does.

    Of several flags the one with the lowest cap carries the band. It comes first, so that whatever else is told of the
    moment belongs to the episode that it opens.
    """
    bands = [each for each in told if each.kind is Kind.BAND]
    # A band that a person sets is told by itself.
    if not bands or account.state.override is not None:
        return told
    # So is that of a customer who has come back: none was known before.
    if is_better(bands[0]) or bands[0].was is None:
        return told
    band = Band(bands[0].to)
    line = account.model.bands[account.context.stage].line(band)
    caps = {flag.name: flag.points for flag in account.caps if flag.available}
    flags = [each for each in told if each.kind is Kind.FLAG and each.to in caps and is_below(caps[each.to], line)]
    if not flags:
        return told
    carrier = min(flags, key=lambda each: (caps[each.to], each.to))
    others = [each for each in told if each is not bands[0] and each is not carrier]
    return [carrier._replace(was=bands[0].was, brings=band), *others]


def carries(account: Account, told: list[Transition], band: Transition) -> bool:
    """Whether one of the flags that are told carries this band."""
    return any([each.brings is not None for each in carry_band(account, [*told, band])])
