"""What the signals were worth, counted against the truth. Pure arithmetic; signals in, figures out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from common.contracts.signals import Severity, Signal

DAY = 86_400.0


@dataclass(frozen=True)
class Truth:
    """When an account's trouble began and when it gave notice; None where that never happened."""

    account_id: str
    name: str
    story: str
    trouble: datetime | None
    leaves: datetime | None


@dataclass(frozen=True)
class Verdict:
    """`caught` is the first alarm of the trouble, `early` what was raised before there was any."""

    truth: Truth
    caught: Signal | None
    early: tuple[Signal, ...]

    @property
    def days_after(self) -> float | None:
        """From the beginning of the trouble to the first alarm."""
        if self.caught is None or self.truth.trouble is None:
            return None
        return (self.caught.at - self.truth.trouble).total_seconds() / DAY

    @property
    def days_ahead(self) -> float | None:
        """From the first alarm to the notice."""
        if self.caught is None or self.truth.leaves is None:
            return None
        return (self.truth.leaves - self.caught.at).total_seconds() / DAY


@dataclass(frozen=True)
class StoryRow:
    """`after` and `ahead` are medians in days, `ahead` of those that left; `missed` are names."""

    story: str
    accounts: int
    caught: int
    after: float | None
    ahead: float | None
    missed: tuple[str, ...]


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


def verdict(truth: Truth, alarms: Sequence[Signal]) -> Verdict:
    """`alarms` are this account's in order of `at`; what comes with or after the notice catches nothing."""
    if truth.trouble is None:
        return Verdict(truth, None, tuple(alarms))
    in_time = (alarm for alarm in alarms if truth.leaves is None or alarm.at < truth.leaves)
    return Verdict(
        truth,
        next((alarm for alarm in in_time if alarm.at >= truth.trouble), None),
        tuple(alarm for alarm in alarms if alarm.at < truth.trouble),
    )


def verdicts(truths: Iterable[Truth], alarms: Mapping[str, Sequence[Signal]]) -> list[Verdict]:
    return [verdict(truth, alarms.get(truth.account_id, ())) for truth in truths]


def by_story(judged: Sequence[Verdict]) -> list[StoryRow]:
    """One row per story of trouble, in the order in which they first appear."""
    stories = dict.fromkeys(one.truth.story for one in judged if one.truth.trouble is not None)
    return [_row(story, [one for one in judged if one.truth.story == story]) for story in stories]


def false_alarms(judged: Iterable[Verdict]) -> list[Verdict]:
    """Accounts without any trouble that were alarmed all the same."""
    return [one for one in judged if one.truth.trouble is None and one.early]


def _row(story: str, told: Sequence[Verdict]) -> StoryRow:
    return StoryRow(
        story=story,
        accounts=len(told),
        caught=sum(one.caught is not None for one in told),
        after=_median(one.days_after for one in told),
        ahead=_median(one.days_ahead for one in told),
        missed=tuple(one.truth.name for one in told if one.caught is None),
    )


def _median(days: Iterable[float | None]) -> float | None:
    known = [day for day in days if day is not None]
    return median(known) if known else None
