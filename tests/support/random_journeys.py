"""Random cases whose cards have a journey, and whose events say where in it the account is."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from hypothesis import strategies as st
from msgspec.structs import replace

from scoring.health.card import Expansion, Journey, When
from scoring.health.metrics.milestone.definition import Milestone
from support.random_cases import START, Moment, RandomCase, event, random_cases

DAY = 86_400.0
_OPS: tuple[Literal[">=", ">", "<=", "<"], ...] = (">=", ">", "<=", "<")
_STEPS = ("kickoff", "live", "value", "extra")
_ZONES = ("Pacific/Auckland", "America/Los_Angeles", None)


@st.composite
def journey_cases(draw: st.DrawFn) -> RandomCase:
    """Every third event is about the journey. Some come so late that they change where it began."""
    case: RandomCase = draw(random_cases())
    watched = [metric.name for metric in case.card.metrics if not isinstance(metric, Milestone)]
    journey = Journey(
        renewal_window=draw(st.sampled_from([None, 1.0, 30.0, 90.0])),
        expansion=draw(st.none() | _expansions(watched, case.unit)) if watched else None,
        value=draw(st.sampled_from([None, "value", "kickoff"])),
    )
    moments: list[Moment] = []
    for moment in case.moments:
        moments.append(moment)
        if draw(st.integers(0, 2)) == 0:
            name, properties = draw(_turns(moment.at))
            at = moment.at + draw(st.sampled_from([0.0, 0.5]))
            more, event_id = draw(st.integers(0, 3)) == 0, f"j{len(moments)}"
            moments.append(Moment(event(name, at, event_id=event_id, more=more, **properties), at))
    return RandomCase(replace(case.card, journey=journey), tuple(moments), case.unit)


@st.composite
def _expansions(draw: st.DrawFn, watched: list[str], unit: float) -> Expansion:
    whens = [
        When(name, draw(st.sampled_from(_OPS)), draw(st.sampled_from([0.0, 0.5, 1.0, 3.0])))
        for name in draw(st.lists(st.sampled_from(watched), min_size=1, max_size=2, unique=True))
    ]
    return Expansion(
        when=tuple(whens),
        hysteresis=draw(st.sampled_from([0.0, 0.1, 0.5])),
        min_duration=draw(st.sampled_from([0.0, 2.0, 30.0])) * unit,
    )


@st.composite
def _turns(draw: st.DrawFn, at: float) -> tuple[str, dict[str, Any]]:
    if draw(st.booleans()):
        return "milestone.reached", {"step": draw(st.sampled_from(_STEPS))}
    today = datetime.fromtimestamp(max(at, START), UTC).date()
    fields = {
        "contract_start": (today - timedelta(days=draw(st.sampled_from([0, 3, 80, 400])))).isoformat(),
        "contract_end": (today + timedelta(days=draw(st.sampled_from([-1, 0, 1, 40, 100, 365])))).isoformat(),
        "stage": draw(st.sampled_from([None, None, "onboarding", "adoption"])),
        "time_zone": draw(st.sampled_from(_ZONES)),
    }
    kept = draw(st.sets(st.sampled_from(sorted(fields)), min_size=1))
    return "account.updated", {field: value for field, value in fields.items() if field in kept}
