"""Receipts in words that a customer success manager reads: `-14 active seats (silence)`.

Parts are netted by metric, the biggest come first, the small ones together. Points are rounded so that they add up to
the difference of the rounded scores beside them.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import floor

from msgspec import Struct

from common.contracts.signals import Change, Driver, Level, MovingEvent, Part
from scoring.health import Card
from scoring.health.metrics.definition import CurvedDefinition, MetricDefinition

_CAP = "cap"
_ACRONYMS = frozenset(["api", "arr", "crm", "csat", "csm", "mrr", "nps", "qbr", "roi", "sla", "sms", "sso", "ui"])


class Phrase(Struct, frozen=True):
    """`points` and what they are for. `name` is the metric's or flag's; "" stands for all smaller ones."""

    points: int
    words: str
    name: str = ""

    def __str__(self) -> str:
        if self.name:
            return f"{self.points:+d} {self.words}"
        return f"{self.words} ({self.points:+d})" if self.points else self.words


class _Sum(Struct):
    name: str
    points: float
    words: str


def why_it_moved(
    change: Change, card: Card, *, level: Level | None = None, missed: Sequence[str] = (), most: int = 4
) -> tuple[Phrase, ...]:
    """The parts of a change as phrases; `missed` are the milestone steps that are overdue now.

    `level` is that of the moment after it: a flag that caps the score then may hide points that others moved.
    """
    by_name: dict[str, list[Part]] = {}
    for part in change.parts:
        by_name.setdefault(part.metric, []).append(part)
    capping = frozenset() if level is None else _capping(level)
    writer = _PhraseWriter(card, change.events, missed, capping)
    sums = [_Sum(name, sum(p.points for p in ps), writer.words_of_change(name, ps)) for name, ps in by_name.items()]
    return _phrases(sums, total=round(change.after) - round(change.before), most=most)


def why_it_stands(level: Level, card: Card, *, missed: Sequence[str] = (), most: int = 4) -> tuple[Phrase, ...]:
    """The parts of a level as phrases: what lies between the reference and the score."""
    writer = _PhraseWriter(card, (), missed)
    sums = [_Sum(part.metric, part.contribution, writer.words_of_level(part.metric)) for part in level.contributions]
    return _phrases(sums, total=round(level.score) - round(level.reference), most=most)


def sentence(change: Change, phrases: Iterable[Phrase]) -> str:
    """`72 to 38 since 3 May: -20 active seats (silence), -9 NPS (nps.answered), and 3 smaller parts (-5)`"""
    moved = f"{round(change.before)} to {round(change.after)} since {change.since.day} {change.since:%B}"
    reasons = ", ".join(map(str, phrases))
    return f"{moved}: {reasons}" if reasons else moved


def in_words(name: str) -> str:
    """`active_seats` is "active seats", `sso_live` is "SSO live"."""
    return " ".join(word.upper() if word in _ACRONYMS else word for word in name.split("_"))


class _PhraseWriter:
    def __init__(
        self,
        card: Card,
        events: Sequence[MovingEvent],
        missed: Sequence[str],
        capping: frozenset[str] = frozenset(),
    ) -> None:
        self._metrics: Mapping[str, MetricDefinition] = {metric.name: metric for metric in card.metrics}
        self._flags = {flag.name for flag in card.flags}
        self._events = events
        self._missed = missed
        self._capping = capping

    def words_of_change(self, name: str, parts: list[Part]) -> str:
        """Names the driver that did most in the direction of the net sum."""
        down = sum(part.points for part in parts) < 0
        main = max(parts, key=lambda part: -part.points if down else part.points)
        if main.driver is Driver.CAP:
            return f"{in_words(name)} {self._cap_words(name, main)}"
        if main.driver is Driver.CONTEXT:
            return f"{in_words(name)} (weighs differently now)"
        if main.points < 0 and (overdue := self._overdue(name)):
            return f"{in_words(name)}: {overdue}"
        if main.driver is Driver.EVENT:
            return f"{in_words(name)} ({self._event_of(name, main)})"
        return f"{in_words(name)} ({main.driver})"

    def _cap_words(self, name: str, main: Part) -> str:
        if main.points < 0:
            return "caps the score"
        # The others fell below a cap that holds: it takes less than before, for it hides a part of their fall.
        return "hides what others lost" if name in self._capping else "no longer caps the score"

    def words_of_level(self, name: str) -> str:
        if name in self._flags and name not in self._metrics:
            return f"{in_words(name)} caps the score"
        overdue = self._overdue(name)
        return f"{in_words(name)}: {overdue}" if overdue else in_words(name)

    def _overdue(self, name: str) -> str:
        """`SSO live missed`. The card does not list planned steps: any that it gives to no metric may be one."""
        metric = self._metrics.get(name)
        # Of most accounts no step is overdue, and this is asked for each part of each receipt.
        if metric is None or not self._missed:
            return ""
        of_card = frozenset([step for each in self._metrics.values() for step in each.step_names])
        steps = [step for step in self._missed if metric.owns_step(step, of_card)]
        return f"{', '.join(map(in_words, steps))} missed" if steps else ""

    def _event_of(self, name: str, main: Part) -> str:
        """The name of the event that moved most, if the receipt kept one."""
        events = _events_of(self._metrics.get(name))
        fitting = [e for e in self._events if e.name in events and (e.points < 0) == (main.points < 0)]
        return max(fitting, key=lambda event: abs(event.points)).name if fitting else "activity"


def _capping(level: Level) -> frozenset[str]:
    return frozenset([part.metric for part in level.contributions if part.dimension == _CAP])


def _events_of(metric: MetricDefinition | None) -> tuple[str, ...]:
    if metric is None:
        return ()
    # Of a ratio only the events above the line: those below it move the ratio, but nobody would call them the cause.
    return metric.events if isinstance(metric, CurvedDefinition) else metric.listens


def _phrases(sums: list[_Sum], *, total: int, most: int) -> tuple[Phrase, ...]:
    ordered = sorted(sums, key=lambda part: (-abs(part.points), part.name))
    named = [part for part in ordered[:most] if abs(part.points) >= 0.5]
    smaller = [part for part in ordered[len(named) :] if abs(part.points) >= 0.005]
    if smaller:
        words = _small_parts(len(smaller), among_others=bool(named))
        named.append(_Sum("", sum(part.points for part in smaller), words))
    shares = _whole([part.points for part in named], total=total)
    phrases = (Phrase(points, part.words, part.name) for part, points in zip(named, shares, strict=True))
    return tuple(phrase for phrase in phrases if phrase.points or not phrase.name)


def _small_parts(count: int, *, among_others: bool) -> str:
    size = "smaller" if among_others else "small"
    parts = f"one {size} part" if count == 1 else f"{count} {size} parts"
    return f"and {parts}" if among_others else parts


def _whole(points: list[float], *, total: int) -> list[int]:
    """Rounds to whole numbers that add up to `total`: those with the largest remainders are rounded up.

    Parts too small for a phrase may leave a difference of one more, so the smallest remainder may go down instead.
    """
    whole = [floor(each) for each in points]
    by_remainder = sorted(range(len(points)), key=lambda index: whole[index] - points[index])
    missing = total - sum(whole)
    for index in by_remainder[:missing] if missing >= 0 else by_remainder[missing:]:
        whole[index] += 1 if missing > 0 else -1
    return whole
