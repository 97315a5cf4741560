"""A flag and the band that it brings are one signal: two would be two alarms of one moment."""

from common.contracts.signals import Band, Kind
from scoring.health.account import Account
from scoring.health.bands import GREEN, RED, is_below
from scoring.health.transitions import Transition


def carry_band(account: Account, told: list[Transition]) -> list[Transition]:
    """What one evaluation tells, with the worse band as part of the flag whose cap brings it, if one does.

    Of several flags the one with the lowest cap carries the band. It comes first, so that whatever else is told of the
    moment belongs to the episode that it opens.
    """
    bands = [each for each in told if each.kind is Kind.BAND]
    if not bands or is_better(bands[0]):
        return told
    band = Band(bands[0].to)
    line = account.model.bands[account.context.stage].line(band)
    caps = {flag.name: flag.points for flag in account.flags if flag.available}
    flags = [each for each in told if each.kind is Kind.FLAG and is_below(caps[each.to], line)]
    if not flags:
        return told
    carrier = min(flags, key=lambda each: (caps[each.to], each.to))
    others = [each for each in told if each is not bands[0] and each is not carrier]
    return [carrier._replace(was=bands[0].was, brings=band), *others]


def is_better(transition: Transition) -> bool:
    """Whether the band that it tells is better than the one before."""
    return transition.band is GREEN or transition.was is RED
