"""Prometheus metrics of every process. Names begin with `churn_`; label values come from closed sets only.

A process builds one registry and passes it on; no module registers metrics when it is imported.
"""

from importlib.metadata import version

from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

# Buckets for operations (an answer, a commit, a publish): half a millisecond to ten seconds.
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Buckets for end-to-end latency: five milliseconds to five minutes. Each latency objective is one of the bounds.
LATENCY = (0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)

CONTENT_TYPE = CONTENT_TYPE_LATEST


def registry(*, service: str, process: str) -> CollectorRegistry:
    """A registry with the process's memory, CPU and open files, and `churn_build_info`."""
    # By default each counter has a second time series, for its creation time, which no dashboard reads.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    built = CollectorRegistry()
    ProcessCollector(registry=built)
    info = Gauge(
        "churn_build_info",
        "Always 1; which program this is.",
        ("service", "process", "version"),
        registry=built,
    )
    info.labels(service, process, version(f"churn-signals-{service}")).set(1)
    return built


def exposition(registry: CollectorRegistry) -> bytes:
    """The Prometheus text format."""
    return generate_latest(registry)
