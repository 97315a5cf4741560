"""An optional metric counts from the first event of an account on. Before, the score is as if it were not there."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scoring.health.card import Card, fingerprint
from scoring.health.context import STAGES
from scoring.health.metrics.active_days.definition import ActiveDays
from scoring.health.metrics.definition import Knots, MetricDefinition
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone
from scoring.health.metrics.rate.definition import Rate
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.metrics.silence.definition import Silence
from scoring.health.weights import Weighting
from support.examples import examples
from support.random_cases import DIMENSIONS, RandomCase, cards, random_cases
from support.scorer_api import Scorer, View
from support.scripted_account import MOOD, ScriptedAccount, card

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

RISING: dict[str, Knots] = {"default": ((1.0, 20.0), (8.0, 100.0))}
FALLING: dict[str, Knots] = {"default": ((0.0, 100.0), (9.0, 0.0))}
RARE = ("rare",)
KINDS: tuple[MetricDefinition, ...] = (
    Rate(name="it", dimension="roi", events=RARE, half_life=7, curves=RISING, optional=True),
    ActiveDays(name="it", dimension="roi", events=RARE, half_life=7, curves=RISING, optional=True),
    Distinct(name="it", dimension="roi", events=RARE, key="user_id", half_life=7, curves=RISING, optional=True),
    Silence(name="it", dimension="roi", events=RARE, prior_gap=2, curves=FALLING, optional=True),
    Gauge(name="it", dimension="roi", events=RARE, curves=RISING, optional=True),
    Ratio(
        name="it",
        dimension="roi",
        events=RARE,
        denominator_events=RARE,
        min_denominator=0.5,
        half_life=7,
        curves=RISING,
        optional=True,
    ),
)
PLANNED = Milestone(name="it", dimension="roi", planned=True, optional=True)


@pytest.mark.parametrize("metric", KINDS, ids=lambda metric: metric.kind)
def test_an_optional_metric_waits_for_its_first_event(metric: MetricDefinition) -> None:
    script = ScriptedAccount(card(MOOD, metric, min_coverage=0.9))
    script.does("mood.read", 0, value=90)
    before = script.looks(30)
    assert (before.health.score, before.health.coverage) == (90, 1.0)
    assert script.points("it", 30) is None

    script.does("rare", 30, user_id="ann", value=4)

    assert script.points("it", 30) is not None
    assert script.looks(30).health.coverage == 1.0


def test_an_optional_metric_begins_with_its_earliest_day_though_that_comes_too_late_to_count() -> None:
    """1,024 days are known one by one. The prior fades from the earliest on, so nothing is left of it."""
    days = ActiveDays(
        name="it", dimension="roi", events=RARE, half_life=7, curves=RISING, optional=True, prior_per_week=50
    )
    points = []
    for late in (1_500, 3):
        script = ScriptedAccount(card(MOOD, days))
        script.does("mood.read", 0, value=90)
        script.does("rare", 2_000)
        script.does("rare", 2_000, late=late, history=True)
        points.append(script.points("it", 2_000))
    assert points == [20.0, 100.0]


def test_an_optional_metric_of_planned_steps_waits_for_a_plan() -> None:
    script = ScriptedAccount(card(MOOD, PLANNED, min_coverage=0.9))
    script.does("mood.read", 0, value=90)
    assert script.looks(1).health.coverage == 1.0
    script.does("milestone.planned", 2, step="review", due="2024-06-01")
    assert script.points("it", 2) == 100


def test_what_is_not_optional_is_still_missed() -> None:
    asked = Gauge(name="it", dimension="roi", events=RARE, curves=RISING)
    script = ScriptedAccount(card(MOOD, asked))
    script.does("mood.read", 0, value=90)
    assert script.looks(0).health.coverage == 0.5


GIVEN_FOUR = Rate(
    name="it", dimension="roi", events=RARE, half_life=7, curves=RISING, optional=True, prior_per_week=4 * 0.6931471
)
GIVEN_FOUR_PEOPLE = Distinct(
    name="it", dimension="roi", events=RARE, key="user_id", half_life=7, curves=RISING, optional=True, prior=4
)


@pytest.mark.parametrize("metric", [GIVEN_FOUR, GIVEN_FOUR_PEOPLE], ids=lambda metric: metric.kind)
def test_the_prior_is_given_where_the_metric_begins(metric: MetricDefinition) -> None:
    script = ScriptedAccount(card(MOOD, metric))
    script.does("mood.read", 0, value=90)

    script.does("rare", 700, user_id="ann")

    assert script.value("it", 700) == pytest.approx(5)
    assert script.value("it", 707) == pytest.approx(2.5)


@pytest.mark.parametrize("metric", [GIVEN_FOUR, GIVEN_FOUR_PEOPLE], ids=lambda metric: metric.kind)
def test_a_late_event_moves_the_beginning_whichever_comes_first(metric: MetricDefinition) -> None:
    """Of the same person twice: the earlier sight counts nothing in a distinct, but the metric began with it."""
    late, in_order = ScriptedAccount(card(MOOD, metric)), ScriptedAccount(card(MOOD, metric))
    for script in (late, in_order):
        script.does("mood.read", 0, value=90)
    late.does("rare", 21, user_id="ann")
    late.does("rare", 21, late=14, user_id="ann")
    in_order.does("rare", 7, user_id="ann")
    in_order.does("rare", 21, user_id="ann")
    assert late.value("it", 30) == pytest.approx(in_order.value("it", 30), rel=1e-12)

    body = late.scorer.dump(late.account)
    late.account = late.scorer.load("acme", body)

    assert late.value("it", 30) == pytest.approx(in_order.value("it", 30), rel=1e-12)
    assert late.scorer.dump(late.account) == body


def test_a_wrong_clock_does_not_begin_it_before_the_account() -> None:
    script, right = ScriptedAccount(card(MOOD, GIVEN_FOUR)), ScriptedAccount(card(MOOD, GIVEN_FOUR))
    for each in (script, right):
        each.does("mood.read", 0, value=90)
    script.does("rare", 0, late=28, user_id="ann")
    right.does("rare", 0, user_id="ann")
    # One event is worth a sixteenth after four half-lives; the prior is whole.
    assert script.value("it", 0) == pytest.approx(4 + 1 / 16)
    assert right.value("it", 0) == pytest.approx(5)


def test_a_metric_that_is_not_optional_keeps_its_fingerprint() -> None:
    plain = Rate(name="it", dimension="roi", events=RARE, half_life=7, curves=RISING)
    assert b"optional" not in msgspec.json.encode(plain)
    assert fingerprint(replace(plain, optional=True)) != fingerprint(plain)
    given = {"kind": "rate", "optional": False, "dimension": "roi", "events": RARE, "half_life": 7, "curves": RISING}
    assert Rate(name="it", **Rate.fields_of({**given, "prior_per_week": 0.0})) == plain


UNHEARD = tuple(replace(metric, name=f"unheard{number}") for number, metric in enumerate((*KINDS, PLANNED)))


@st.composite
def unheard(draw: st.DrawFn) -> tuple[RandomCase, Card]:
    """A case, and its card with optional metrics among the others whose events never come."""
    case = draw(random_cases())
    metrics = list(case.card.metrics)
    hears_steps = any(moment.event.name.startswith("milestone.") for moment in case.moments)
    choices = [metric for metric in UNHEARD if not (hears_steps and metric.has_steps)]
    for metric in draw(st.permutations(choices))[: draw(st.integers(1, 4))]:
        there = replace(metric, dimension=draw(st.sampled_from(DIMENSIONS)), share=draw(st.sampled_from([1.0, 9.0])))
        metrics.insert(draw(st.integers(0, len(metrics))), there)
    return case, replace(case.card, metrics=tuple(metrics))


@settings(_RELAXED, max_examples=examples(150))
@given(unheard(), st.floats(0, 200))
def test_optional_metrics_without_events_change_nothing_at_all(case: tuple[RandomCase, Card], age: float) -> None:
    told, more = case
    shown = [_shown(each, told, age) for each in (told.card, more)]
    assert shown[0] == shown[1]


def _shown(on: Card, case: RandomCase, age: float) -> list[object]:
    """To the bit: what was told at each step, and how the account reads in the end."""
    scorer = Scorer(on, "card")
    account = scorer.create("acme")
    found: list[object] = []
    for moment in case.moments:
        step = scorer.apply(account, moment.event, moment.at)
        found.append((account.score, account.band, [(each.kind, each.to, each.at) for each in step.signals]))
    view: View = scorer.view(account, account.clock + age * case.unit * 86_400)
    return [*found, view.health, view.level.contributions, view.forecast]


@settings(_RELAXED, max_examples=examples(300))
@given(cards(1.0), st.integers(0, 63), st.sampled_from(DIMENSIONS), st.sampled_from([0.3, 1.0, 9.0]))
def test_an_optional_metric_never_lowers_the_coverage(on: Card, available: int, dimension: str, share: float) -> None:
    more = replace(UNHEARD[0], dimension=dimension, share=share)
    with_it = Weighting(replace(on, metrics=(*on.metrics, more)))
    without = Weighting(on)
    bit = 1 << len(on.metrics)
    available &= bit - 1
    for stage in range(len(STAGES)):
        least = without.of(stage, available).coverage
        assert with_it.of(stage, available).coverage == least
        assert with_it.of(stage, available | bit).coverage >= least - 1e-12
