from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from common.metrics import SECONDS
from ingest.batch import Batch
from ingest.faults import Reason


class IngestMetrics:
    """What ingest counts; built once, where the process is wired."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        events = Counter(
            "churn_ingest_events_total",
            "Events by what became of them; unknown: not acknowledged, the sender was told to repeat them.",
            ("outcome",),
            registry=registry,
        )
        self._accepted = events.labels("accepted")
        self._rejected = events.labels("rejected")
        self._unknown = events.labels("unknown")
        faults = Counter(
            "churn_ingest_faults_total",
            "Faults found in rejected events.",
            ("reason",),
            registry=registry,
        )
        self._faults = {reason: faults.labels(reason.value) for reason in Reason}
        requests = Counter(
            "churn_ingest_requests_total", "Requests to post events.", ("status_class",), registry=registry
        )
        self._requests = {family: requests.labels(f"{family}xx") for family in (2, 4, 5)}
        self._publish_seconds = Histogram(
            "churn_ingest_publish_seconds",
            "From handing a request's events to the log until all are acknowledged or given up.",
            buckets=SECONDS,
            registry=registry,
        )

    def answered(self, status: int) -> None:
        self._requests[status // 100].inc()

    def read(self, batch: Batch) -> None:
        """Only what was rejected: the fate of the others is not known yet."""
        if batch.rejected:
            self._rejected.inc(len(batch.rejected))
        for rejected in batch.rejected:
            for fault in rejected.faults:
                self._faults[fault.reason].inc()

    def published(self, seconds: float) -> None:
        """Acknowledged or not."""
        self._publish_seconds.observe(seconds)

    def acknowledged(self, events: int) -> None:
        self._accepted.inc(events)

    def lost_sight_of(self, events: int) -> None:
        self._unknown.inc(events)

    def watch(self, *, held_bytes: Callable[[], float], keys: Callable[[], float], age: Callable[[], float]) -> None:
        """What is read off when it is asked for."""
        for name, text, source in (
            ("churn_ingest_pending_bytes", "Bytes of the bodies that are being worked on.", held_bytes),
            ("churn_ingest_keys", "Active keys in memory.", keys),
            ("churn_ingest_keys_age_seconds", "Since the keys were read; grows while they cannot be.", age),
        ):
            Gauge(name, text, registry=self._registry).set_function(source)
