"""What playbooks.yml says: the company's names for what is measured, and the next step for a signal."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from alerts.languages.language import ValueFormat
from alerts.routing.labels import Labels, labels
from alerts.routing.matchers import Matcher
from alerts.signals.signal_kinds import plain
from common.contracts.signals import Signal

Texts = Mapping[str, str]
"""By language."""


class NameCategory(StrEnum):
    """What a name belongs to, by its key in the file."""

    METRICS = "metrics"
    FLAGS = "flags"
    STEPS = "steps"
    OUTCOMES = "outcomes"
    STAGES = "stages"
    TIERS = "tiers"


class PlaybookName(Struct, frozen=True):
    """`value_format`: how a metric's value is shown; `good`: whether an outcome is good news. None: not said."""

    texts: Texts
    value_format: ValueFormat | None = None
    good: bool | None = None


class NextStep(Struct, frozen=True):
    """What to do about the signals that all matchers match."""

    matchers: tuple[Matcher, ...]
    texts: Texts

    def fits(self, known: Labels) -> bool:
        return all(matcher.matches(known) for matcher in self.matchers)


class Playbooks(Struct, frozen=True):
    names: Mapping[NameCategory, Mapping[str, PlaybookName]] = {}
    next_steps: tuple[NextStep, ...] = ()

    def name(self, category: NameCategory, name: str, *, language: str) -> str:
        """A name that the file does not have is shown as it was posted, without underscores."""
        known = self.known(category, name)
        return known.texts[language] if known else plain(name)

    def known(self, category: NameCategory, name: str) -> PlaybookName | None:
        return self.names.get(category, {}).get(name)

    def next_step(self, signal: Signal, *, language: str) -> str | None:
        """That of the first entry that matches."""
        known = labels(signal)
        return next((step.texts[language] for step in self.next_steps if step.fits(known)), None)
