"""KPIs of the stage adoption: do people use the product, and what do they say of it?"""

from functools import partial

import numpy as np

from scoring.kpis.entry_log import ADOPTION_POINTS, USE_OF, Flags
from scoring.kpis.kpi import Figure, Kpi, Unit, chosen_scores, mean, median, share
from scoring.kpis.span_figures import SpanFigures

_STAGE = "adoption"
_PROMOTER, _DETRACTOR = 9, 6
_SATISFIED = 4


def _adoption_score(span: SpanFigures, chosen: Flags) -> Figure:
    return mean(span.at_end(ADOPTION_POINTS)[chosen & span.customers])


def _use(metric: str, span: SpanFigures, chosen: Flags) -> Figure:
    return median(span.at_end(f"{USE_OF}{metric}")[chosen & span.customers])


def _nps(span: SpanFigures, chosen: Flags) -> Figure:
    scores = chosen_scores(span.last_answers("nps.answered"), chosen)
    if len(scores) == 0:
        return Figure(None, None, 0)
    balance = int(np.count_nonzero(scores >= _PROMOTER)) - int(np.count_nonzero(scores <= _DETRACTOR))
    return Figure(100.0 * balance / len(scores), None, len(scores))


def _csat(span: SpanFigures, chosen: Flags) -> Figure:
    scores = chosen_scores(span.all_answers("csat.answered"), chosen)
    return share(int(np.count_nonzero(scores >= _SATISFIED)), len(scores))


def use_kpi(metric: str) -> Kpi:
    """The KPI of one metric of the scorecard's dimension Adoption."""
    return Kpi(
        name=f"use.{metric}",
        title=f"Product and feature use: {metric}",
        number=5,
        stage=_STAGE,
        unit=Unit.METRIC,
        formula="The median over the customers at the end of the span of what the metric said when their last "
        "month ended.",
        source="the metrics of the scorecard in the dimension Adoption",
        compute=partial(_use, metric),
    )


ADOPTION_KPIS = (
    Kpi(
        name="adoption_score",
        title="Adoption score",
        number=4,
        stage=_STAGE,
        unit=Unit.POINTS,
        formula="The mean over the customers at the end of the span of their points in the dimension Adoption "
        "when their last month ended.",
        source="the metrics of the scorecard in the dimension Adoption",
        compute=_adoption_score,
    ),
    Kpi(
        name="nps",
        title="User loyalty (NPS)",
        number=6,
        stage=_STAGE,
        unit=Unit.NPS,
        formula="100 x (answers of 9 and 10 - answers of 0 to 6) / answers, of each person the last answer in "
        "the span.",
        source="nps.answered",
        compute=_nps,
    ),
    Kpi(
        name="csat",
        title="Customer satisfaction (CSAT)",
        number=None,
        stage=_STAGE,
        unit=Unit.SHARE,
        formula="Answers of 4 and 5 / answers in the span.",
        source="csat.answered",
        compute=_csat,
    ),
)
