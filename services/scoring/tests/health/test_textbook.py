"""What the core shows is what the table of kinds says, worked out from the whole history."""

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.examples import examples
from support.random_cases import NAMES, SECOND, START, Moment, RandomCase, cards, event, random_cases
from support.scorer_api import Scorer, View
from support.textbook import Textbook
from support.textbook_history import DAY
from support.textbook_weights import applies

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

_BLINK = 1e-6


@settings(_RELAXED, max_examples=examples(600))
@given(random_cases(), st.lists(st.floats(0, 500), max_size=5))
def test_every_kind_of_metric_reads_as_the_table_says(case: RandomCase, ages: Sequence[float]) -> None:
    reads_as_the_textbook(case, ages)


@st.composite
def late_days(draw: st.DrawFn) -> RandomCase:
    """All that happened within ten days is recorded after them, in any order: most days are heard of twice."""
    zone = draw(st.sampled_from(["Pacific/Auckland", "America/Los_Angeles", None]))
    end = START + 10 * DAY
    known = Moment(event("account.updated", START, event_id="facts", time_zone=zone), end)
    quarters = draw(st.lists(st.integers(0, 40), min_size=2, max_size=12))
    moments = [Moment(event(NAMES[0], START + n * DAY / 4, event_id=f"e{i}"), end) for i, n in enumerate(quarters)]
    return RandomCase(draw(cards(1.0, ("active_days",))), (known, *moments), 1.0)


@settings(_RELAXED, max_examples=examples(100))
@given(late_days(), st.lists(st.floats(0, 100), max_size=3))
def test_a_day_counts_once_in_whatever_order_its_events_come(case: RandomCase, ages: Sequence[float]) -> None:
    reads_as_the_textbook(case, ages)


def reads_as_the_textbook(case: RandomCase, ages: Sequence[float]) -> None:
    scorer, whole = Scorer(case.card, "card"), Textbook(case.card, case.moments)
    account = scorer.create("acme")
    for moment in case.moments:
        scorer.apply(account, moment.event, moment.at)
    for age in [0.0, *ages]:
        at = account.clock + age * case.unit / SECOND
        view, textbook = scorer.view(account, at), whole.of(at)
        assert view.health.stage == textbook.stage
        # Just before and after too: right at the least of evidence rounding may tell them apart.
        said = [reads(textbook, at, off) for off in (0.0, -_BLINK, _BLINK)]
        assert any(near(shows(view), each) for each in said), (shows(view), said)


def shows(view: View) -> dict[str, float]:
    """Score and coverage; points and weight of each metric that has points."""
    found = {"score": view.health.score, "coverage": view.health.coverage}
    for part in view.level.contributions:
        if part.dimension != "cap":
            found[part.metric] = part.points
            found[f"weight of {part.metric}"] = part.weight
    return found


def reads(textbook: Textbook, at: float, off: float) -> dict[str, float]:
    """The same, as the textbook has it. What does not apply at a stage is not shown, nor anything if nothing counts."""
    health = textbook.health(at, off)
    found = {"score": health.score, "coverage": health.coverage}
    weights = textbook.weights(at, off)
    for index, metric in enumerate(textbook.card.metrics):
        points = textbook.points(metric.name, at + off)
        if weights.counting and points is not None and applies(metric, textbook.stage):
            found[metric.name] = points
            found[f"weight of {metric.name}"] = dict(weights.counting).get(index, 0.0)
    return found


def near(found: dict[str, float], said: dict[str, float]) -> bool:
    """A blink is much for a half-life of a tenth of a second."""
    return found.keys() == said.keys() and all(abs(value - said[name]) < 1e-2 for name, value in found.items())
