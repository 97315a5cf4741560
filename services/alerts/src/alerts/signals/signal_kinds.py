"""The kinds of signals, and what alerts does differently for each.

A kind is added by one entry in `_RULES`, with its functions above it. A kind without an entry is recorded, routed and
told like any other, by its plain name.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from alerts.languages.language import Language, Scores
from alerts.signals.score import score_before
from common.contracts.signals import Band, Facts, Kind, Override, Severity, Signal


class Tone(StrEnum):
    """The colour of a message."""

    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"
    GREY = "grey"

    @property
    def mark(self) -> str:
        return _MARKS[self]

    @property
    def colour(self) -> str:
        return _COLOURS[self]


_MARKS = {Tone.RED: "🔴", Tone.YELLOW: "🟡", Tone.GREEN: "🟢", Tone.GREY: "⚪"}
_COLOURS = {Tone.RED: "#d92d20", Tone.YELLOW: "#eab308", Tone.GREEN: "#16a34a", Tone.GREY: "#64748b"}
_DEPLOYMENT = "deployment"
_MOST_STEPS = 3
_BAND_TONES = {Band.RED: Tone.RED, Band.YELLOW: Tone.YELLOW, Band.GREEN: Tone.GREEN, Band.INSUFFICIENT: Tone.GREY}


class KindNames(Protocol):
    """The names and days that a kind needs to speak to one recipient."""

    @property
    def language(self) -> Language: ...

    def flag(self, name: str) -> str: ...

    def step(self, name: str) -> str: ...

    def outcome(self, name: str) -> str: ...

    def withdrawn(self, name: str) -> str:
        """A flag, a step, an outcome or `arr`: a retraction does not say which of these."""

    def is_good(self, outcome: str) -> bool: ...

    def figure(self, metric: str, value: float | None) -> str:
        """The metric with its value, "" if the playbooks do not say how that is shown."""

    def override(self, override: Override, *, seen: datetime) -> str:
        """A band that a person has set, as of a moment: until when, by whom and why."""

    def local(self, moment: datetime) -> datetime: ...

    def due_day(self, due: datetime, facts: Facts) -> date:
        """The last day on which a step was in time, in the account's time zone."""


class KindRules(Struct, frozen=True, kw_only=True):
    """`describe` is one line of English for logs and the API, `tell` what a message says, `tone` its colour.

    `always_told`: even of an account that has left, or of an episode that somebody acknowledged. `ends_with_episode`:
    the account's recovery takes it back. `about_health`: its message shows score, renewal and outlook.
    `is_its_reason`: its own name is the label `reason`, not the metric that took the most points. `is_own_alert`: it
    has a message of its own, as scoring gives it an episode of its own: it is no part of the trouble that is open.
    """

    describe: Callable[[Signal], str]
    tell: Callable[[Signal, KindNames], str]
    tone: Callable[[Signal, KindNames], Tone]
    always_told: bool = False
    ends_with_episode: bool = True
    about_health: bool = True
    is_its_reason: bool = False
    is_own_alert: bool = False


def rules_of(kind: str) -> KindRules:
    return _RULES.get(str(kind), _UNKNOWN)


def unknown_kind(name: str) -> Kind:
    """A member of `Kind` for a name that this release does not know; it is not listed among the members."""
    # All code compares and encodes members of `Kind`, so an unknown name becomes one, too.
    kind = str.__new__(Kind, name)
    kind._name_ = kind._value_ = name
    return kind


def scores(signal: Signal) -> Scores:
    return Scores(round(score_before(signal)), round(signal.after.score))


def plain(name: str) -> str:
    return name.replace("_", " ")


def _tone_of_severity(signal: Signal, names: KindNames) -> Tone:
    # As bad as the account stands: in a red account a small thing is shown red, too.
    critical = signal.severity is Severity.CRITICAL or signal.after.band is Band.RED
    return Tone.RED if critical else Tone.YELLOW


def _describe_flag(signal: Signal) -> str:
    band = f" {signal.told_band} {scores(signal).was}>{scores(signal).now}" if signal.told_band else ""
    return f"flag {plain(signal.to)}{band}"


def _tell_step(signal: Signal, names: KindNames) -> str:
    # By the signal's own year: mail threads by the title, so it must read the same whenever it is written.
    due, missed = names.due_day(signal.since, signal.facts), names.local(signal.at)
    return names.language.overdue(names.step(signal.to), due, year=due.year != missed.year)


def _describe_first_look(signal: Signal) -> str:
    others = sum(one.kind is not Kind.BAND for one in signal.standing)
    return f"first look {plain(signal.to)} {round(signal.after.score)}{f', {others} open' if others else ''}"


def overriding(signal: Signal) -> Override | None:
    """The override that the signal tells: a band that a person has set."""
    return signal.after.override if signal.kind is Kind.BAND else None


def _describe_band(signal: Signal) -> str:
    override = overriding(signal)
    by_hand = "" if override is None else f", set by {override.by or 'hand'} until {override.until:%Y-%m-%d %H:%M}"
    return f"{plain(signal.to)} {scores(signal).was}>{scores(signal).now}{by_hand}"


def _tell_band(signal: Signal, names: KindNames) -> str:
    if (override := overriding(signal)) is not None:
        return names.override(override, seen=signal.at)
    return names.language.now_in(Band(signal.to), scores(signal))


def _days_to_renewal(signal: Signal, seen: date) -> int | None:
    return None if signal.facts.contract_end is None else (signal.facts.contract_end - seen).days


def _describe_renewal(signal: Signal) -> str:
    days = _days_to_renewal(signal, signal.at.date())
    return f"renewal window {signal.to}" if days is None else f"renewal in {days} days"


def _tell_renewal(signal: Signal, names: KindNames) -> str:
    # By the signal's own day and year, as a missed step: mail threads by the title.
    seen, end = names.local(signal.at).date(), signal.facts.contract_end
    days = _days_to_renewal(signal, seen)
    if days is None or end is None:
        return names.language.journey.renewal_open()
    return names.language.renewal(days, end, year=end.year != seen.year)


def _whole_days(signal: Signal) -> int | None:
    return None if signal.days is None else int(signal.days)


def _describe_late(signal: Signal) -> str:
    steps = ", ".join(plain(one.to) for one in signal.standing)
    return f"{plain(signal.to)} {_whole_days(signal) or 0} days late{f': {steps}' if steps else ''}"


def _tell_late(signal: Signal, names: KindNames) -> str:
    steps = [names.step(one.to) for one in signal.standing[:_MOST_STEPS]]
    if (more := len(signal.standing) - len(steps)) > 0:
        steps.append(names.language.more(more))
    return names.language.journey.late(steps, max(0, _whole_days(signal) or 0))


def _tell_ready(signal: Signal, names: KindNames) -> str:
    """With the value of the deployment metric that has the most points, such as the seats in use."""
    known = (part for part in signal.receipt.level.contributions if part.dimension == _DEPLOYMENT)
    figures = [(-part.points, figure) for part in known if (figure := names.figure(part.metric, part.value))]
    return names.language.journey.ready(min(figures)[1] if figures else "")


def _tell_contraction(signal: Signal, names: KindNames) -> str:
    return names.language.contracted(signal.arr_before or 0.0, signal.facts.arr or 0.0)


_RULES: Mapping[str, KindRules] = {
    Kind.BAND.value: KindRules(
        describe=_describe_band,
        tell=_tell_band,
        tone=lambda signal, names: _BAND_TONES[Band(signal.to)],
    ),
    Kind.FLAG.value: KindRules(
        describe=_describe_flag,
        tell=lambda signal, names: names.flag(signal.to),
        tone=_tone_of_severity,
        is_its_reason=True,
    ),
    Kind.MILESTONE_MISSED.value: KindRules(
        describe=lambda signal: f"missed {plain(signal.to)}", tell=_tell_step, tone=_tone_of_severity
    ),
    Kind.CONTRACTION.value: KindRules(
        describe=lambda signal: f"ARR {signal.arr_before or 0.0:,.0f}>{signal.facts.arr or 0.0:,.0f}",
        tell=_tell_contraction,
        tone=_tone_of_severity,
        # What the contract is worth does not come back with the health.
        ends_with_episode=False,
    ),
    Kind.OUTCOME.value: KindRules(
        describe=lambda signal: f"outcome {plain(signal.to)}",
        tell=lambda signal, names: names.outcome(signal.to),
        tone=lambda signal, names: Tone.GREEN if names.is_good(signal.to) else Tone.GREY,
        always_told=True,
        ends_with_episode=False,
        about_health=False,
    ),
    # A recovery does not end a renewal, because it comes by date. Its tone is that of the account's band.
    Kind.RENEWAL_WINDOW.value: KindRules(
        describe=_describe_renewal,
        tell=_tell_renewal,
        tone=lambda signal, names: _BAND_TONES[signal.after.band],
        ends_with_episode=False,
        is_own_alert=True,
    ),
    Kind.EXPANSION_READY.value: KindRules(
        describe=lambda signal: f"ready for {plain(signal.to)}",
        tell=_tell_ready,
        tone=lambda signal, names: Tone.GREEN,
        ends_with_episode=False,
        is_its_reason=True,
        is_own_alert=True,
    ),
    # A recovery does not end a late onboarding: its steps are still not done.
    Kind.ONBOARDING_LATE.value: KindRules(
        describe=_describe_late,
        tell=_tell_late,
        tone=_tone_of_severity,
        ends_with_episode=False,
        is_its_reason=True,
    ),
    Kind.VALUE_REACHED.value: KindRules(
        describe=lambda signal: f"reached {plain(signal.to)} after {_whole_days(signal) or 0} days",
        tell=lambda signal, names: names.language.journey.reached(names.step(signal.to), _whole_days(signal)),
        tone=lambda signal, names: Tone.GREEN,
        ends_with_episode=False,
        about_health=False,
        is_its_reason=True,
        is_own_alert=True,
    ),
    Kind.RETRACTED.value: KindRules(
        describe=lambda signal: f"withdrawn {plain(signal.to)}",
        tell=lambda signal, names: names.language.withdrawn(names.withdrawn(signal.to)),
        tone=lambda signal, names: Tone.GREY,
        # Whoever was told of a mistake is told that it was one.
        always_told=True,
        ends_with_episode=False,
        is_its_reason=True,
    ),
    # Told with those of other accounts: `messages/first_look.py` says how.
    Kind.FIRST_LOOK.value: KindRules(
        describe=_describe_first_look,
        tell=lambda signal, names: names.language.now_in(Band(signal.to), scores(signal)),
        tone=lambda signal, names: _BAND_TONES[Band(signal.to)],
    ),
}

_UNKNOWN = KindRules(
    describe=lambda signal: f"{plain(signal.kind.value)} {plain(signal.to)}",
    tell=lambda signal, names: names.flag(f"{signal.kind.value} {signal.to}"),
    tone=_tone_of_severity,
)
