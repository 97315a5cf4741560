"""The states and paths of the core say what the table of kinds says, worked out from the whole history."""

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.core.keeping import course_of
from scoring.core.plan import Plan
from scoring.core.scorer import Scorer
from support.textbook import Textbook
from support.worlds import SECOND, World, played, worlds

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

_BLINK = 1e-6


@settings(_RELAXED, max_examples=600)
@given(worlds(), st.lists(st.floats(0, 500), max_size=5))
def test_every_kind_of_metric_reads_as_the_table_says(world: World, ages: Sequence[float]) -> None:
    account, _ = played(Scorer(world.card, "card"), world.story)
    plan = Plan(world.card)
    course, textbook = course_of(account, plan), Textbook(world.card, world.story)
    assert course.stage == textbook.stage
    for age in [0.0, *ages]:
        at = account.clock + age * world.unit / SECOND
        points = course.sight(at).metrics.points
        for metric in plan.metrics:
            # Just before and after too: right at the least of evidence rounding may tell them apart.
            said = [textbook.points(metric.name, at + around) for around in (-_BLINK, 0.0, _BLINK)]
            assert any(near(points[metric.index], each) for each in said), (metric.name, points, said)


def near(found: float | None, said: float | None) -> bool:
    if found is None or said is None:
        return found is said
    # A blink is much for a half-life of a tenth of a second.
    return abs(found - said) < 1e-2
