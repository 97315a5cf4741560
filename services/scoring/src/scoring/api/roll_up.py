"""Adds up the accounts below one: sums and means over groups, each of one account or of many."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from common.contracts.signals import Band
from scoring.api import answers
from scoring.postgres.queries import AccountStatus
from scoring.postgres.snapshot import FamilyGroup, FamilyMember

_AT_RISK: Final = (Band.RED, Band.YELLOW)
# The worst first, as the list sorts by band.
_SEVERITY: Final = (Band.RED, Band.YELLOW, Band.INSUFFICIENT, Band.GREEN)


class RollUpOrigin(Struct, frozen=True, kw_only=True):
    """The fields of the answer that are not sums over its groups."""

    churned: int
    unreadable: int
    exact: bool
    complete: bool
    cycle: bool
    as_of: datetime


def roll_up(groups: Sequence[FamilyGroup], worst: Iterable[FamilyMember], origin: RollUpOrigin) -> answers.Children:
    """`groups` are those of customers, `worst` the members to be shown."""
    return answers.Children(
        count=sum(group.accounts for group in groups),
        churned=origin.churned,
        unreadable=origin.unreadable,
        arr=sum(group.arr for group in groups),
        arr_unknown=sum(group.accounts for group in groups if group.unknown),
        arr_at_risk=sum(group.arr for group in groups if group.band in _AT_RISK),
        score=_mean_score([group for group in groups if group.band is not Band.INSUFFICIENT]),
        bands={band: sum(group.accounts for group in groups if group.band is band) for band in _SEVERITY},
        worst=tuple(
            answers.ChildAccount(each.account_id, each.name, each.score, each.band, each.arr) for each in worst
        ),
        exact=origin.exact,
        complete=origin.complete,
        cycle=origin.cycle,
        as_of=origin.as_of,
    )


def group_of(member: FamilyMember) -> FamilyGroup:
    """One customer as a group of its own."""
    arr, points = member.arr or 0.0, member.score or 0.0
    scored = member.score is not None
    return FamilyGroup(
        root=False,
        deep=False,
        status=AccountStatus.ACTIVE,
        band=member.band,
        unknown=member.arr is None,
        accounts=1,
        scored=int(scored),
        arr=arr,
        scored_arr=arr if scored else 0.0,
        points=points,
        points_by_arr=points * arr,
    )


def worst_first(member: FamilyMember) -> tuple[int, float, str]:
    """A sort key, the worst first; one that cannot be read comes last."""
    rank = len(_SEVERITY) if member.band is None else _SEVERITY.index(member.band)
    return rank, 0.0 if member.score is None else member.score, member.account_id


def _mean_score(groups: Sequence[FamilyGroup]) -> float | None:
    """The mean weighed by ARR. Who has no known ARR weighs as much as the others do on average.

    Without any ARR all weigh alike; None without any score.
    """
    known, unknown = _Sums(), _Sums()
    for group in groups:
        (unknown if group.unknown else known).add(group)
    scored = known.scored + unknown.scored
    if not scored:
        return None
    if known.arr <= 0.0:
        return (known.points + unknown.points) / scored
    each = known.arr / known.scored
    return (known.points_by_arr + each * unknown.points) / (known.arr + each * unknown.scored)


class _Sums:
    def __init__(self) -> None:
        self.scored = 0
        self.arr = self.points = self.points_by_arr = 0.0

    def add(self, group: FamilyGroup) -> None:
        self.scored += group.scored
        self.arr += group.scored_arr
        self.points += group.points
        self.points_by_arr += group.points_by_arr
