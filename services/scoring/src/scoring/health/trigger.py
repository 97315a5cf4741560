"""Why an account is evaluated (`Trigger`), and what changes in its alert state by that (`Transition`)."""

from typing import NamedTuple

from common.contracts.signals import Band, Kind
from scoring.health.bands import GREEN, RED
from scoring.health.state_format import Cause, CausingEvent, Crossing, WithdrawnSignal


class Trigger(NamedTuple):
    """Why an account is evaluated: an event, time, or the end of a request.

    `points_lost` is what it cost; below 0 it brought points. `first` if the account had no record before it. `outcomes`
    are those that the event decides. A request has many events: `crossed` says which of them crossed each line, and
    `decided` which of them decided each outcome. `withdrawn` is what was told of an event that is retracted, `event`
    what is kept of the event.
    """

    cause: Cause
    points_lost: float = 0.0
    history: bool = False
    first: bool = False
    outcomes: tuple[str, ...] = ()
    crossed: dict[str, Crossing] | None = None
    decided: tuple[tuple[str, Crossing], ...] = ()
    withdrawn: tuple[WithdrawnSignal, ...] = ()
    event: CausingEvent | None = None

    def crossed_at(self, moment: float) -> Crossing:
        """A line crossed by this at a UTC moment."""
        return Crossing(moment, self.cause, self.history, event=self.event)

    def crossing(self, line: str, present: Crossing) -> Crossing:
        """How a line came to be crossed that was not before; `line` as in `crossed_lines`."""
        return present if self.crossed is None else self.crossed.get(line, present)


class Transition(NamedTuple):
    """One change of the alert state; `shown_only` if it is shown but not told. `was` is the band before a change of it.

    `withdraws` is the kind of the signal that a retraction withdraws. `brings` is the band that a flag brings; no other
    signal tells that band. `days` is the time to value of a reached value, and how late a late onboarding is.
    """

    kind: Kind
    to: str
    crossing: Crossing
    shown_only: bool = False
    was: Band | None = None
    arr_before: float | None = None
    withdraws: Kind | None = None
    brings: Band | None = None
    days: float | None = None

    @property
    def band(self) -> Band | None:
        """The band that this tells, by itself or with a flag."""
        return Band(self.to) if self.kind is Kind.BAND else self.brings


def is_better(transition: Transition) -> bool:
    """Whether the band that it tells is better than the one before."""
    return transition.band is GREEN or transition.was is RED
