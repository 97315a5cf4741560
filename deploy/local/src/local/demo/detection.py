"""What the signals were worth, counted against the truth. Pure arithmetic; signals in, figures out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from common.contracts.signals import Band, Kind, Signal

DAY = 86_400.0


@dataclass(frozen=True)
class GroundTruth:
    """When an account's trouble began and when it gave notice; None where that never happened."""

    account_id: str
    name: str
    scenario: str
    trouble: datetime | None
    leaves: datetime | None


@dataclass(frozen=True)
class Detection:
    """`caught` is the first alarm of the trouble, `early` what was raised before there was any."""

    truth: GroundTruth
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
class ScenarioRow:
    """`after` and `ahead` are medians in days, `ahead` of those that left; `missed` are names."""

    scenario: str
    accounts: int
    caught: int
    after: float | None
    ahead: float | None
    missed: tuple[str, ...]


def detect(truth: GroundTruth, alarms: Sequence[Signal]) -> Detection:
    """`alarms` are this account's in order of `at`; what comes with or after the notice catches nothing."""
    if truth.trouble is None:
        return Detection(truth, None, tuple(alarms))
    in_time = (alarm for alarm in alarms if truth.leaves is None or alarm.at < truth.leaves)
    return Detection(
        truth,
        next((alarm for alarm in in_time if alarm.at >= truth.trouble), None),
        tuple(alarm for alarm in alarms if alarm.at < truth.trouble),
    )


def detect_all(truths: Iterable[GroundTruth], alarms: Mapping[str, Sequence[Signal]]) -> list[Detection]:
    return [detect(truth, [*filter(says_trouble, alarms.get(truth.account_id, ()))]) for truth in truths]


def says_trouble(alarm: Signal) -> bool:
    """Whether an alarm says that the account is unwell, which may be right or wrong.

    A renewal window says that a date comes, and a first look may say green. A flag that quotes a customer and brings no
    band says what did happen: a detractor has answered.
    """
    if alarm.kind is Kind.RENEWAL_WINDOW:
        return False
    if alarm.kind is Kind.FIRST_LOOK:
        return alarm.to != Band.GREEN
    return alarm.kind is not Kind.FLAG or not alarm.said or alarm.told_band is not None


def by_scenario(judged: Sequence[Detection]) -> list[ScenarioRow]:
    """One row per story of trouble, in the order in which they first appear."""
    scenarios = dict.fromkeys(one.truth.scenario for one in judged if one.truth.trouble is not None)
    return [_row(scenario, [one for one in judged if one.truth.scenario == scenario]) for scenario in scenarios]


def false_alarms(judged: Iterable[Detection]) -> list[Detection]:
    """Accounts without any trouble that were alarmed all the same."""
    return [one for one in judged if one.truth.trouble is None and one.early]


def _row(scenario: str, detections: Sequence[Detection]) -> ScenarioRow:
    return ScenarioRow(
        scenario=scenario,
        accounts=len(detections),
        caught=sum(one.caught is not None for one in detections),
        after=_median(one.days_after for one in detections),
        ahead=_median(one.days_ahead for one in detections),
        missed=tuple(one.truth.name for one in detections if one.caught is None),
    )


def _median(days: Iterable[float | None]) -> float | None:
    known = [day for day in days if day is not None]
    return median(known) if known else None
