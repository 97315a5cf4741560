"""The kinds of metrics: what a metric computes. A new kind is a folder in `metrics/` and its line in KINDS.

The folder has `definition.py` (what a card says, key by key) and `metric.py` (its state and arithmetic).
"""

from collections.abc import Callable
from typing import Any, Final

from scoring.health.curve import Curve
from scoring.health.metrics.active_days.definition import ActiveDays
from scoring.health.metrics.active_days.metric import ActiveDaysMetric
from scoring.health.metrics.definition import MetricDefinition
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.distinct.metric import DistinctMetric
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.gauge.metric import make_gauge
from scoring.health.metrics.metric import Metric, OtherMetrics
from scoring.health.metrics.milestone.definition import Milestone
from scoring.health.metrics.milestone.metric import MilestoneMetric
from scoring.health.metrics.rate.definition import Rate
from scoring.health.metrics.rate.metric import RateMetric
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.metrics.ratio.metric import RatioMetric
from scoring.health.metrics.silence.champions import make_silence
from scoring.health.metrics.silence.definition import Silence
from scoring.health.metrics.trend.definition import Trend
from scoring.health.metrics.trend.metric import TrendMetric

# In the order in which they are listed to people.
KINDS: Final[dict[type[MetricDefinition], Callable[[Any, int, list[Curve], OtherMetrics], Metric]]] = {
    Rate: RateMetric,
    ActiveDays: ActiveDaysMetric,
    Ratio: RatioMetric,
    Distinct: DistinctMetric,
    Silence: make_silence,
    Gauge: make_gauge,
    Milestone: MilestoneMetric,
    Trend: TrendMetric,
}
