"""The company's own words: what it calls what is measured, and what its people do when something happens."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from alerts.core.labels import Labels, labels
from alerts.messages.tongue import ValueFormat
from alerts.routing.matchers import Matcher
from alerts.words import plain
from common.contracts.signals import Signal

Texts = Mapping[str, str]
"""By language."""


class NameCategory(StrEnum):
    """What a name is the name of, as the file calls it."""

    METRICS = "metrics"
    FLAGS = "flags"
    STEPS = "steps"
    OUTCOMES = "outcomes"
    STAGES = "stages"
    TIERS = "tiers"


class PlaybookName(Struct, frozen=True):
    """`reading`: how a metric's value is shown, if it is. `good`: whether an outcome is good news, if it is either."""

    texts: Texts
    reading: ValueFormat | None = None
    good: bool | None = None


class NextStep(Struct, frozen=True):
    """What to do about the signals that all matchers fit."""

    matchers: tuple[Matcher, ...]
    texts: Texts

    def fits(self, known: Labels) -> bool:
        return all(matcher.matches(known) for matcher in self.matchers)


class Playbooks(Struct, frozen=True):
    names: Mapping[NameCategory, Mapping[str, PlaybookName]] = {}
    plays: tuple[NextStep, ...] = ()

    def name(self, of: NameCategory, name: str, *, language: str) -> str:
        """What the file does not name is called what it is, without underscores."""
        known = self.known(of, name)
        return known.texts[language] if known else plain(name)

    def known(self, of: NameCategory, name: str) -> PlaybookName | None:
        return self.names.get(of, {}).get(name)

    def next_step(self, signal: Signal, *, language: str) -> str | None:
        """The first line that fits."""
        known = labels(signal)
        return next((play.texts[language] for play in self.plays if play.fits(known)), None)
