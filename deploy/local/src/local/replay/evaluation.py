"""What a replay of real data came to, counted against who withdrew and when. Pure arithmetic."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from common.contracts.signals import Band, Kind, Severity, Signal

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class AccountLifetime:
    """An account from the moment it could be seen to the moment it left, or to the end of the data."""

    account_id: str
    outcome: str
    since: datetime
    until: datetime
    left: bool


@dataclass(frozen=True)
class Evaluation:
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


def is_alarm(signal: Signal) -> bool:
    """Whether it asks somebody to act: worse news that is not an import's."""
    return signal.severity is not Severity.INFO and not signal.history


def alarms_by_account(signals: Iterable[Signal]) -> dict[str, list[Signal]]:
    """In order of `at`."""
    found: dict[str, list[Signal]] = {}
    for signal in sorted(signals, key=lambda signal: signal.at):
        if is_alarm(signal):
            found.setdefault(signal.account_id, []).append(signal)
    return found


def evaluate(
    lifetimes: Sequence[AccountLifetime],
    signals: Sequence[Signal],
    alarms: Mapping[str, Sequence[Signal]],
    *,
    left_from: datetime,
    lead: timedelta,
) -> Evaluation:
    """`alarms` are by account in order of `at`; `left_from` is when leaving begins to count."""
    alive = {lifetime.account_id: _until(alarms.get(lifetime.account_id, ()), lifetime.until) for lifetime in lifetimes}
    weeks = sum((lifetime.until - lifetime.since) / WEEK for lifetime in lifetimes)
    raised = sum(map(len, alive.values()))
    left = [lifetime for lifetime in lifetimes if lifetime.left and lifetime.until >= left_from]
    bands = _bands(signals)
    return Evaluation(
        kinds=_kinds(signals),
        alarms=raised,
        weekly=100 * raised / weeks if weeks else 0.0,
        left=len(left),
        signalled=sum(bool(_until(alive[lifetime.account_id], lifetime.until - lead)) for lifetime in left),
        standing=sum(_in_trouble(bands.get(lifetime.account_id, ()), lifetime.until - lead) for lifetime in left),
        stayed=_stayed(lifetimes, alive),
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
        # A first look tells the band as well.
        if signal.told_band is not None or signal.kind is Kind.FIRST_LOOK:
            found.setdefault(signal.account_id, []).append(signal)
    return found


def _in_trouble(bands: Sequence[Signal], moment: datetime) -> bool:
    told = _until(bands, moment)
    return bool(told) and told[-1].after.band in (Band.YELLOW, Band.RED)


def _stayed(
    lifetimes: Sequence[AccountLifetime], alarms: Mapping[str, Sequence[Signal]]
) -> tuple[tuple[str, int, int], ...]:
    stayed = [lifetime for lifetime in lifetimes if not lifetime.left]
    everybody = Counter(lifetime.outcome for lifetime in stayed)
    alarmed = Counter(lifetime.outcome for lifetime in stayed if alarms[lifetime.account_id])
    return tuple((outcome, count, alarmed[outcome]) for outcome, count in everybody.most_common())
