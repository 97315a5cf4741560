"""What a replay of real data came to, counted against who withdrew and when. Pure arithmetic."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from common.contracts.signals import Band, Kind, Signal

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Played:
    """`posting` and `total` are seconds from the first post: to the last answer, and to the last signal told."""

    signals: list[Signal]
    posted: int
    posting: float
    total: float


@dataclass(frozen=True)
class Life:
    """An account from the moment it could be seen to the moment it left, or to the end of the data."""

    account_id: str
    outcome: str
    since: datetime
    until: datetime
    left: bool


@dataclass(frozen=True)
class Figures:
    """`weekly` is alarms per 100 accounts and week, counted while the account was there.

    Of the accounts that `left` late enough, `signalled` had an alarm at least the lead ahead, and `standing`
    were in yellow or red at that moment. `stayed` says for each outcome of the others how many there were and
    how many of them had any alarm.
    """

    kinds: tuple[tuple[str, int], ...]
    alarms: int
    weekly: float
    left: int
    signalled: int
    standing: int
    stayed: tuple[tuple[str, int, int], ...]


def figures(
    lives: Sequence[Life],
    signals: Sequence[Signal],
    alarms: Mapping[str, Sequence[Signal]],
    *,
    left_from: datetime,
    lead: timedelta,
) -> Figures:
    """`alarms` are by account in order of `at`; `left_from` is when leaving begins to count."""
    alive = {life.account_id: _until(alarms.get(life.account_id, ()), life.until) for life in lives}
    weeks = sum((life.until - life.since) / WEEK for life in lives)
    raised = sum(map(len, alive.values()))
    left = [life for life in lives if life.left and life.until >= left_from]
    bands = _bands(signals)
    return Figures(
        kinds=_kinds(signals),
        alarms=raised,
        weekly=100 * raised / weeks if weeks else 0.0,
        left=len(left),
        signalled=sum(bool(_until(alive[life.account_id], life.until - lead)) for life in left),
        standing=sum(_in_trouble(bands.get(life.account_id, ()), life.until - lead) for life in left),
        stayed=_stayed(lives, alive),
    )


def _until(alarms: Sequence[Signal], moment: datetime) -> list[Signal]:
    return [alarm for alarm in alarms if alarm.at <= moment]


def _kinds(signals: Sequence[Signal]) -> tuple[tuple[str, int], ...]:
    """Bands by colour, everything else by its kind."""
    counted = Counter(
        f"to {signal.to}" if signal.kind is Kind.BAND else signal.kind.replace("_", " ") for signal in signals
    )
    return tuple(counted.most_common())


def _bands(signals: Sequence[Signal]) -> dict[str, list[Signal]]:
    found: dict[str, list[Signal]] = {}
    for signal in sorted(signals, key=lambda signal: signal.at):
        if signal.kind is Kind.BAND:
            found.setdefault(signal.account_id, []).append(signal)
    return found


def _in_trouble(bands: Sequence[Signal], moment: datetime) -> bool:
    told = _until(bands, moment)
    return bool(told) and told[-1].to in (Band.YELLOW, Band.RED)


def _stayed(lives: Sequence[Life], alarms: Mapping[str, Sequence[Signal]]) -> tuple[tuple[str, int, int], ...]:
    stayed = [life for life in lives if not life.left]
    everybody = Counter(life.outcome for life in stayed)
    alarmed = Counter(life.outcome for life in stayed if alarms[life.account_id])
    return tuple((outcome, count, alarmed[outcome]) for outcome, count in everybody.most_common())
