"""KPIs as Prometheus shows them: those that operators of a customer success team watch."""

from math import nan
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from scoring.kpis.kpi_report import GroupFigures

_GAUGES: Final = {
    "arr_at_risk": "ARR of the customers whose band is red or yellow.",
    "net_revenue_retention": "Net revenue retention over the last 365 days (1 is all).",
    "gross_revenue_retention": "Gross revenue retention over the last 365 days (1 is all).",
    "logo_churn_rate": "Share of the customers of 365 days ago who have left.",
    "health_score": "Mean score of the customers, 0 to 100, as last noted.",
}


class KpiMetrics:
    """Built once, where the process is wired."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._gauges = {name: Gauge(f"churn_kpi_{name}", text, registry=registry) for name, text in _GAUGES.items()}
        # A gauge begins with 0, which would say that nobody stayed.
        for gauge in self._gauges.values():
            gauge.set(nan)
        self._entries = Counter(
            "churn_scoring_kpi_entries_read_total", "Entries of KPIs that this process has read.", registry=registry
        )

    def read(self, entries: int) -> None:
        self._entries.inc(entries)

    def show(self, figures: GroupFigures) -> None:
        """NaN where there is nothing to compute a KPI from, as before the first time."""
        for name, gauge in self._gauges.items():
            value = figures.figures[name].value
            gauge.set(nan if value is None else value)
