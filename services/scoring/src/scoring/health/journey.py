"""What an account keeps of its journey: since when it is in its stage and ready for expansion, and former usage."""

from typing import Final, final

from scoring.health.state_format import NO_STAGE, FormerFigure

# A sample of former usage is kept every 28 days, and three of them: so the oldest is 56 to 84 days old.
SAMPLE_EVERY: Final = 28
MOST_SAMPLES: Final = 3


@final
class UsageSample:
    """Points and value of each metric, in the order of the card, at the UTC moment `at`."""

    __slots__ = ("at", "figures")

    def __init__(self, at: float, figures: list[FormerFigure]) -> None:
        self.at = at
        self.figures = figures


@final
class JourneyState:
    """`stage` is the one that the account was in last (an index into STAGES), entered at `stage_since` (UTC).

    `ready_since` is when the conditions of expansion came to hold, None while they do not. `samples` are of former
    usage, the oldest first.
    """

    __slots__ = ("ready_since", "samples", "stage", "stage_since")

    def __init__(self) -> None:
        self.stage = NO_STAGE
        self.stage_since: float | None = None
        self.ready_since: float | None = None
        self.samples: list[UsageSample] = []

    def enter(self, stage: int, at: float) -> None:
        """Notes the stage at the UTC moment `at`."""
        if stage != self.stage:
            self.stage, self.stage_since = stage, at

    def add_sample(self, sample: UsageSample) -> None:
        self.samples = [*self.samples, sample][-MOST_SAMPLES:]

    def copy(self) -> "JourneyState":
        copy = JourneyState()
        copy.stage, copy.stage_since, copy.ready_since = self.stage, self.stage_since, self.ready_since
        copy.samples = self.samples
        return copy
