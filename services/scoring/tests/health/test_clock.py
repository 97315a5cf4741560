"""The clock seam: where nights count less, what fades or waits goes by operational time, what has a date by UTC.

The textbook knows no clock. It is given the same events with all their moments mapped through the clock first.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import floor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import scoring.health.applying
import scoring.health.scorer
from common.contracts.signals import Kind, Signal
from scoring.core_form import core_form
from scoring.health.account import Account
from scoring.health.card import Card
from scoring.health.clock import Clock
from scoring.health.metrics.definition import MetricDefinition
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone
from scoring.health.metrics.silence.definition import Silence
from scoring.health.moments import LAST, parse_day, to_datetime
from scoring.health.scorer import Scorer
from scoring.health.transitions import would_change_at
from scoring.health.view import View
from support.examples import examples
from support.random_cases import SECOND, Moment, RandomCase, event, random_cases
from support.scripted_account import DAWN, IDENTITY, SLIDE, ScriptedAccount, card
from support.textbook import Textbook
from support.textbook_history import DAY, History

pytestmark = pytest.mark.skipif(core_form() == "compiled", reason="interpreted code cannot subclass the compiled Clock")
_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
# All moments that have a date are within this; whole days count alike, so beyond it there is nothing to bend.
_CALENDAR = DAY * 1e8
_DENSE = 300
_MOST_TIMERS = 3
# A mapped event has whole microseconds, and fast hours count ten times.
_BLINK = 5e-6

Knots = Sequence[tuple[float, float]]


class BentClock(Clock):
    """Some hours count more, others less, and a UTC day counts as a day: midnights are where they are.

    `knots` are (second of the day, operational second of the day), from (0, 0) to (86400, 86400).
    """

    def __init__(self, knots: Knots) -> None:
        self._there = list(knots)
        self._back = [(tau, second) for second, tau in knots]

    def operational(self, moment: float) -> float:
        return _bend(self._there, moment)

    def wall(self, tau: float) -> float:
        return _bend(self._back, tau)


def _bend(knots: Knots, moment: float) -> float:
    if not -_CALENDAR < moment < _CALENDAR:
        return moment
    midnight = floor(moment / DAY) * DAY
    second = moment - midnight
    before = min(bisect_right(knots, second, key=lambda knot: knot[0]), len(knots) - 1) - 1
    (a, p), (b, q) = knots[before], knots[before + 1]
    return midnight + p + (q - p) * (second - a) / (b - a)


@st.composite
def clocks(draw: st.DrawFn) -> BentClock:
    """Rates from a tenth to ten, some that change within minutes of where the cases begin (22:13:20)."""
    bends = [0.0, *sorted(draw(st.sets(st.sampled_from(_BENDS), min_size=1, max_size=4))), DAY]
    lengths = [late - early for early, late in pairwise(bends)]
    counted = [length * draw(st.sampled_from([0.1, 0.3, 1.0])) for length in lengths]
    knots, tau, whole = [(0.0, 0.0)], 0.0, sum(counted)
    for end, length in zip(bends[1:], counted, strict=True):
        tau += length / whole * DAY
        knots.append((end, tau))
    return BentClock([*knots[:-1], (DAY, DAY)])


_BENDS = (6 * 3_600.0, 18 * 3_600.0, 80_003.0, 80_012.5, 80_040.0, 80_100.0, 80_900.0, 83_000.0)


def mapped(moments: Sequence[Moment], clock: Clock) -> list[Moment]:
    found = []
    for moment in moments:
        happened, properties = moment.event, moment.event.properties
        if happened.name == "milestone.planned":
            due, day = properties["due"], parse_day(properties["due"])
            # A date is over at the end of its day, in UTC.
            properties = {**properties, "due": clock.operational(due if day is None else (day + 1) * DAY)}
        time = to_datetime(clock.operational(happened.time.timestamp()))
        found.append(Moment(replace(happened, time=time, properties=properties), clock.operational(moment.at)))
    return found


def mapped_card(original: Card, moments: Sequence[Moment], clock: Clock) -> Card:
    """Steps of the card are due a number of UTC days after the start: those moments are mapped too."""
    start = History(original, moments).start
    begin = clock.operational(start)

    def of(metric: MetricDefinition) -> MetricDefinition:
        if not isinstance(metric, Milestone):
            return metric
        due = {name: clock.operational(start + step.due * DAY) for name, step in metric.steps.items()}
        steps = {name: replace(step, due=(due[name] - begin) / DAY) for name, step in metric.steps.items()}
        return replace(metric, steps=steps)

    return replace(original, metrics=tuple([of(metric) for metric in original.metrics]))


def in_utc(case: RandomCase) -> RandomCase:
    """Without time zones: the days of another zone do not begin where the clock has its midnights.

    And without a stage that time alone ends: it is counted in days, as dates are.
    """

    def of(moment: Moment) -> Moment:
        properties = {name: value for name, value in moment.event.properties.items() if name != "time_zone"}
        return replace(moment, event=replace(moment.event, properties=properties))

    card = replace(case.card, default_stage="onboarding")
    return replace(case, card=card, moments=tuple([of(moment) for moment in case.moments]))


@settings(_RELAXED, max_examples=examples(300))
@given(random_cases(), clocks(), st.lists(st.floats(0, 500), max_size=3))
def test_all_but_dates_goes_by_the_clock(case: RandomCase, clock: BentClock, ages: Sequence[float]) -> None:
    case = in_utc(case)
    scorer = Scorer(case.card, "card", clock=clock)
    account, evaluated = scorer.create("acme"), scorer.create("acme")
    for count, moment in enumerate(case.moments, 1):
        step = scorer.apply(account, moment.event, moment.at)
        with pytest.MonkeyPatch.context() as patch:
            for module in (scoring.health.scorer, scoring.health.applying):
                patch.setattr(module, "try_incremental", lambda *_: False)
            assert scorer.apply(evaluated, moment.event, moment.at) == step
        assert scorer.dump(account) == scorer.dump(evaluated)
        moments = case.moments[:count]
        reads_as_the_textbook(replace(case, moments=moments), clock, scorer.view(account, account.clock))
    is_due_first_at(scorer, account, clock, scorer.find_due(account))
    for age in (0.0, *ages):
        reads_as_the_textbook(case, clock, scorer.view(account, account.clock + age * case.unit / SECOND))
    for _ in range(_MOST_TIMERS):
        if (due := scorer.find_due(account)) is None:
            return
        closes = account.closes_at
        for signal in scorer.advance(account, due).signals:
            # What is told with a request may have been confirmed within it.
            if due != closes:
                waited(case.card, clock, signal)
        assert account.clock == due
        reads_as_the_textbook(case, clock, scorer.view(account, due))
        is_due_first_at(scorer, account, clock, scorer.find_due(account))


def is_due_first_at(scorer: Scorer, account: Account, clock: Clock, due: int | None) -> None:
    """An account that was just loaded, evaluated second by second, changes then and not before."""
    loaded = scorer.load("acme", scorer.dump(account))
    for second in seconds(floor(account.clock), due):
        changes = would_change_at(loaded, loaded.state, clock.operational(float(second)))
        changes = changes or second == loaded.closes_at
        assert changes == (second == due), (second, due)


def seconds(begin: int, due: int | None) -> Iterator[int]:
    """The first and the last ones all, and some of those between."""
    end = LAST if due is None else due
    yield from range(begin + 1, min(begin + _DENSE, end) + 1)
    yield from range(max(begin + _DENSE, end - _DENSE), end + 1)
    yield from (begin + (end - begin) * step // 50 for step in range(1, 50) if end - begin > 50)
    yield from (begin + 2**power for power in range(8, 40) if begin + 2**power < end)


def reads_as_the_textbook(case: RandomCase, clock: Clock, view: View) -> None:
    """Score and steps that are missed."""
    at, moments = view.at.timestamp(), case.moments
    textbook = Textbook(mapped_card(case.card, moments, clock), mapped(moments, clock))
    scores = [textbook.health(clock.operational(at), off).score for off in (0.0, -_BLINK, _BLINK)]
    # A milestone without grace falls by a hundred points a second.
    steep = any(isinstance(metric, Milestone) and metric.grace == 0.0 for metric in case.card.metrics)
    near = 1e-5 if case.unit == 1.0 and not steep else 5e-2
    # Where two things jump within a blink, the core may have seen the one and not yet the other.
    jumps = max(scores) - min(scores) >= near
    assert jumps or any(abs(view.health.score - score) < near for score in scores), (view.health.score, scores)
    steps = Textbook(case.card, moments).steps(told=False)
    due = {(step, to_datetime(due)) for step, due in steps.items() if due <= at}
    assert {(missed.step, missed.due) for missed in view.missed} == due


def waited(original: Card, clock: Clock, signal: Signal) -> None:
    """What silence confirms has waited for its minimum duration, and no second longer."""
    since, at = signal.since.timestamp(), signal.at.timestamp()
    if since == at or signal.kind is Kind.MILESTONE_MISSED:
        return
    flag = next((each for each in original.flags if signal.kind is Kind.FLAG and each.name == signal.to), None)
    silences = {metric.name for metric in original.metrics if isinstance(metric, Silence) and metric.who == "champions"}
    # What says of the champions that they are silent may have waited for a flag that said it of everybody.
    if flag is not None and flag.when is not None and flag.when.metric in silences:
        return
    bands = original.bands.get(signal.after.stage) or original.bands["default"]
    duration = flag.hold if flag is not None and isinstance(flag.hold, float) else bands.min_duration
    over = clock.operational(since) + duration * DAY
    assert clock.operational(at - 1.0) - _BLINK < over <= clock.operational(at) + _BLINK


def test_answers_are_read_together_by_their_operational_age() -> None:
    """The six hours of a night count a tenth: an answer that lives for six hours outlives them."""
    mean = Gauge(
        name="mean",
        dimension="roi",
        events=("answered",),
        key="user_id",
        read="mean",
        ttl=0.25,
        curves={"default": IDENTITY},
    )
    scorer = Scorer(card(mean), "card", clock=BentClock([(0.0, 0.0), (0.25 * DAY, 0.025 * DAY), (DAY, DAY)]))
    account = scorer.create("acme")
    for at, who, value in ((DAWN, "ann", 10), (DAWN + 0.25 * DAY, "bob", 50)):
        scorer.apply(account, event("answered", at, event_id=who, user_id=who, value=value), at)
    assert scorer.view(account, account.clock).health.score == 30.0


class DoubleClock(Clock):
    """An hour counts two."""

    def operational(self, moment: float) -> float:
        return 2.0 * moment

    def wall(self, tau: float) -> float:
        return tau / 2.0


def test_a_worsening_waits_by_operational_time() -> None:
    script = ScriptedAccount(card(SLIDE))
    script.scorer = Scorer(card(SLIDE), "card", clock=DoubleClock())
    script.account = script.scorer.create("acme")
    script.does("mood.read", 0, value=100)
    (signal,) = script.waits(16.5).signals
    # A point is half a day; the two days of patience are one.
    assert signal.since == to_datetime(DAWN + 15 * DAY + 1)
    assert signal.at == to_datetime(DAWN + 16 * DAY + 1)
