"""The metric that says in which form the core runs. `core_form` does without it where there is no prometheus-client."""

from prometheus_client import CollectorRegistry, Gauge

from scoring.core_form import core_form


def register_core_form(registry: CollectorRegistry) -> None:
    """For the worker and for the read API, which computes accounts with the same core."""
    info = Gauge(
        "churn_scoring_core_info", "Always 1; in which form the scoring core runs.", ("form",), registry=registry
    )
    info.labels(core_form()).set(1)
