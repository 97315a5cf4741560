"""What each process exposes to Prometheus, from registries wired as the process wires its own."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry

from alerts.metrics import AlertsMetrics
from common import health_endpoints
from common.metrics import registry
from common.request_metrics import RequestMetrics
from ingest.intake.metrics import IntakeMetrics
from ingest.metrics import IngestMetrics
from ingest.sdk.metrics import SdkMetrics
from ingest.sources.metrics import SourceMetrics
from ingest.webhooks.metrics import WebhookMetrics
from scoring.api.kpi_metrics import KpiMetrics
from scoring.api.metrics import ApiMetrics
from scoring.worker.housekeeping.metrics import HousekeepingMetrics
from scoring.worker.metrics import WorkerMetrics


def registries() -> dict[str, CollectorRegistry]:
    """By Prometheus's name of the job. Every metric has at least one series, so that none is left out."""
    ingest = registry(service="ingest", process="serve")
    served = IngestMetrics(ingest)
    served.watch(held_bytes=lambda: 0, keys=lambda: 0, age=lambda: 0)
    served.watch_aliases(known=lambda: 0, age=lambda: 0)
    IntakeMetrics(ingest)
    SourceMetrics(ingest).watch(judged_age=lambda: 0, dropped=lambda: 0)
    SdkMetrics(ingest)
    WebhookMetrics(ingest)
    worker = registry(service="scoring", process="worker")
    WorkerMetrics(worker)
    HousekeepingMetrics(worker)
    api = registry(service="scoring", process="api")
    ApiMetrics(api)
    KpiMetrics(api)
    alerts = registry(service="alerts", process="serve")
    AlertsMetrics(alerts).watch(tables_age=lambda: 0, oldest_unsent=lambda: 0)
    RequestMetrics(alerts, name="churn_alerts_api")
    console = registry(service="console", process="serve")
    RequestMetrics(console, name="churn_console")
    found = {
        "ingest": ingest,
        "scoring-worker": worker,
        "scoring-api": api,
        "alerts": alerts,
        "console": console,
    }
    for each in found.values():
        health_endpoints.routes(health_endpoints.Readiness({}), each)
        _fill(each)
    return found


def series() -> Mapping[str, frozenset[str]]:
    """The labels of each series, by its name."""
    return {
        sample.name: frozenset(sample.labels)
        for each in registries().values()
        for family in each.collect()
        for sample in family.samples
    }


def _fill(each: CollectorRegistry) -> None:
    # The library keeps both to itself; a metric with labels has no series before it is first counted.
    for collector in list(each._collector_to_names):
        if names := getattr(collector, "_labelnames", ()):
            collector.labels(*("any" for _ in names))  # type: ignore[attr-defined]
