"""KPIs of the stage onboarding: how soon do customers get value, and are the milestones on time?"""

import numpy as np

from scoring.health.moments import DAY
from scoring.kpis.entry_log import Flags
from scoring.kpis.kpi import Figure, Kpi, Unit, median, share_of
from scoring.kpis.span_figures import SpanFigures

_STAGE = "onboarding"


def _time_to_value(span: SpanFigures, chosen: Flags) -> Figure:
    days = span.value_reached / DAY
    reached = chosen & span.onboards & (days >= span.first) & (days < span.last + 1)
    return median(np.maximum(days[reached] - span.start_days[reached], 0.0))


def _activation_rate(span: SpanFigures, chosen: Flags) -> Figure:
    return share_of(np.isfinite(span.value_reached), chosen & span.is_new)


def _on_time_onboarding_rate(span: SpanFigures, chosen: Flags) -> Figure:
    due = span.onboards & (span.onboarding_due >= span.first) & (span.onboarding_due <= span.last)
    return share_of(span.onboarded_on_time, chosen & due)


ONBOARDING_KPIS = (
    Kpi(
        name="time_to_value",
        title="Time to value",
        number=1,
        stage=_STAGE,
        unit=Unit.DAYS,
        formula="The median number of days from the start of the contract to first value, over the customers "
        "who reached it in the span. Whoever cancelled before the start never was one. First value is the step "
        "that the scorecard names in `journey: value`.",
        source="contract_start, contract.started; milestone.reached",
        compute=_time_to_value,
    ),
    Kpi(
        name="activation_rate",
        title="Activation rate",
        number=2,
        stage=_STAGE,
        unit=Unit.SHARE,
        formula="Customers who began in the span and reached first value by its end / customers who began in the span.",
        source="contract_start, contract.started; milestone.reached",
        compute=_activation_rate,
    ),
    Kpi(
        name="on_time_onboarding_rate",
        title="On-time onboarding rate",
        number=3,
        stage=_STAGE,
        unit=Unit.SHARE,
        formula="Customers who reached every step of onboarding before it was due / customers whose last step "
        "was due in the span. A step is due as `milestone.planned` says, else as the scorecard does.",
        source="contract_start; milestone.planned, milestone.reached",
        compute=_on_time_onboarding_rate,
    ),
)
