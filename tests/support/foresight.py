"""The oracle of the next crossing: it evaluates second by second, and computes no crossing.

A model of one account, made of the card and the events alone. It follows what a core tells and shows, and says at
which seconds silence would change anything. Of the core it knows the card, and the answers that its public API gives.
"""

from collections.abc import Sequence
from math import floor
from typing import NamedTuple

from common.contracts import ids
from common.contracts.signals import Health, Signal
from scoring.health.card import Card
from support.random_cases import Moment
from support.scorer_api import View
from support.textbook import Textbook, TextbookHealth
from support.textbook_alerts import (
    Cause,
    Evaluation,
    ModelRequest,
    ModelState,
    ToldSignal,
    as_told,
    closed,
    moved,
)
from support.textbook_flags import flag_rules
from support.textbook_history import DAY
from support.textbook_seconds import seconds_to_try
from support.textbook_shown import shown, shown_by


class Rounding(NamedTuple):
    """How far off a core may be: it adds up floats in another order, and the float of a moment has steps of 2.4e-7 s.

    `seconds` move what fades. What has a date, a wait that is over say, keeps to it.
    """

    seconds: float = 0.0
    points: float = 0.0


_EXACT = Rounding()
_ROUNDINGS = (
    _EXACT,
    Rounding(seconds=-1e-6),
    Rounding(seconds=1e-6),
    Rounding(points=-1e-9),
    Rounding(points=1e-9),
)


class Model:
    """`states` are those that the account may be in: one, or a few where rounding decides.

    Every method fails where none of them agrees with the core; those that agree are kept.
    """

    def __init__(self, card: Card) -> None:
        self.states = [ModelState()]
        self._card = card
        self._clock = 0.0
        self._moments: list[Moment] = []
        self._last: Moment | None = None
        self._textbook: Textbook | None = None
        self._rules = flag_rules(card)
        self._of_silence = self._rules.of_champions | self._rules.of_everybody

    def hears(self, moment: Moment, signals: Sequence[Signal]) -> None:
        """An event tells these signals. The timers before it have fired."""
        before = self._textbook
        self._clock = max(self._clock, moment.at)
        begun = [(state, list[ToldSignal](), rounding) for state in self.states for rounding in _ROUNDINGS]
        if before is not None:
            begun = [(*self._silent_since_last_second(state, rounding), rounding) for state, _, rounding in begun]
        if moment.event.more:
            begun = [(self._opened(state, before, rounding), told, rounding) for state, told, rounding in begun]
        self._moments.append(moment)
        self._textbook = Textbook(self._card, self._moments)
        found = []
        for state, told, rounding in begun:
            now = self._after(moment, before, rounding)
            after, news = moved(state, now)
            if after.request is not None and not moment.event.more:
                after, news = closed(after, now)
            found.append((after, told + news))
        self._keep(found, signals)
        self._last = moment

    def waits(self, second: int, signals: Sequence[Signal]) -> None:
        """Silence tells these signals at this second."""
        self._clock = float(second)
        found = []
        for rounding in _ROUNDINGS:
            now = self._evaluate(second, rounding, ids.silence(second))
            for state in self.states:
                after, news = moved(state, now)
                if after.request is not None and second == closing(after.request):
                    after, news = closed(after, self._of_last(now))
                found.append((after, news))
        self._keep(found, signals)

    def foresees(self, due: int | None) -> None:
        """`due` is the first second at which anything changes."""
        seconds = self._seconds_to_try(due)
        wrong = [self._first_wrong(state, seconds, due) for state in self.states]
        assert None in wrong, f"{wrong[0]} {'does not change' if wrong[0] == due else 'changes'} anything, due is {due}"
        self.states = [state for state, second in zip(self.states, wrong, strict=True) if second is None]

    def reads(self, view: View) -> None:
        """Somebody who looks now sees this."""
        healths = [self._health(self._clock, rounding) for rounding in _ROUNDINGS]
        assert any(near(health, view.health) for health in healths), (view.health, healths)
        evaluation = self._evaluate(self._clock, _EXACT, "look")
        kept = [state for state in self.states if shown(state, evaluation) == shown_by(view)]
        assert kept, (shown(self.states[0], evaluation), shown_by(view))
        self.states = kept

    def changes_at(self, state: ModelState, second: int, rounding: Rounding = _EXACT) -> bool:
        if state.request is not None and second == closing(state.request):
            return True
        if second == self._read().ends:
            return True
        return moved(state, self._evaluate(second, rounding, "silence"))[0] != state

    def _opened(self, state: ModelState, before: Textbook | None, rounding: Rounding) -> ModelState:
        """The first event of a request with more to come: all is compared with how the account stood before it."""
        if state.request is not None:
            return state
        score = None if before is None else before.of(self._clock).health(self._clock, rounding.seconds).score
        return state._replace(request=ModelRequest(state, self._clock, score, {}))

    def _of_last(self, now: Evaluation) -> Evaluation:
        """Where nothing was crossed, a request that was never ended names its last event."""
        assert self._last is not None
        event = self._last.event
        return now._replace(cause=(event.source, event.event_id), history=event.history)

    def _silent_since_last_second(self, state: ModelState, rounding: Rounding) -> tuple[ModelState, list[ToldSignal]]:
        """Silence may have crossed a line before the event did: it was silence if the next second would say so too."""
        second = floor(self._clock) + 1
        if self._clock == floor(self._clock) or not self.changes_at(state, second, rounding):
            return state, []
        return moved(state, self._evaluate(self._clock, rounding, ids.silence(second)))

    def _after(self, moment: Moment, before: Textbook | None, rounding: Rounding) -> Evaluation:
        event, lost = moment.event, 0.0
        if before is not None:
            lost = (
                before.of(self._clock).health(self._clock, rounding.seconds).score
                - self._health(self._clock, rounding).score
            )
        return self._evaluate(self._clock, rounding, (event.source, event.event_id))._replace(
            history=event.history,
            lost=lost,
            first=before is None,
            outcomes=tuple(outcome.name for outcome in self._card.outcomes if event.name in outcome.events),
        )

    def _evaluate(self, at: float, rounding: Rounding, cause: Cause) -> Evaluation:
        textbook, health = self._read().of(at), self._health(at, rounding)
        return Evaluation(
            at=at,
            score=round(health.score + rounding.points, 6),
            sufficient=health.sufficient,
            flags={name: name in self._rules.derived for name in health.caps} if health.caps else {},
            rules=self._rules,
            caps=health.caps,
            untold=self._of_silence if textbook.history.left else frozenset(),
            steps=textbook.steps(told=False),
            told=textbook.steps(told=True),
            bands=textbook.bands,
            arr=textbook.history.arr,
            enough=self._card.contraction,
            ended=textbook.history.ended,
            override=textbook.history.override_at(at),
            cause=cause,
        )

    def _keep(self, found: Sequence[tuple[ModelState, list[ToldSignal]]], signals: Sequence[Signal]) -> None:
        told = [as_told(signal) for signal in signals]
        assert any(news == told for _, news in found), f"told {told}, expected {found[0][1]}"
        kept: list[ModelState] = []
        for state, news in found:
            if news == told and state not in kept:
                kept.append(state)
        self.states = kept

    def _first_wrong(self, state: ModelState, seconds: Sequence[int], due: int | None) -> int | None:
        for second in seconds:
            right = second == due
            if self.changes_at(state, second) is not right and not any(
                self.changes_at(state, second, rounding) is right for rounding in _ROUNDINGS
            ):
                return second
        return None

    def _seconds_to_try(self, until: int | None) -> list[int]:
        textbook = self._read()
        crossed = [each for state in self.states for each in (*state.waiting.values(), *state.flags.values())]
        later = textbook.of(textbook.ends)
        waits = {*self._rules.holds.values(), *(each.bands.min_duration * DAY for each in (textbook, later))}
        steps = [*textbook.steps(told=False).values(), *later.steps(told=False).values()]
        dates = [*steps, *(each.since + wait for each in crossed for wait in waits)]
        dates += [state.override.ends for state in self.states if state.override is not None]
        dates += [closing(state.request) for state in self.states if state.request is not None]
        return seconds_to_try(textbook, self._clock, dates=dates, until=until)

    def _health(self, at: float, rounding: Rounding) -> TextbookHealth:
        return self._read().of(at).health(at, rounding.seconds)

    def _read(self) -> Textbook:
        assert self._textbook is not None, "no event has come yet"
        return self._textbook


def closing(request: ModelRequest) -> float:
    """A request may stay open for a minute from the second of its first event."""
    return floor(request.since) + 60.0


def near(expected: TextbookHealth, found: Health) -> bool:
    """A millionth of a second is much for a half-life of a tenth of one; how exact a score is, its crossings say."""
    return abs(expected.score - found.score) < 1e-2 and abs(expected.coverage - found.coverage) < 1e-9
