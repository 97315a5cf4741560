from prometheus_client import CollectorRegistry, Counter

from ingest.mapping.senders.signatures import SignatureFault

UNKNOWN_WEBHOOK = "unknown_webhook"


class WebhookMetrics:
    """Metrics of webhooks only. Labels are the names in mapping.yml."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._refused = Counter(
            "churn_ingest_webhooks_refused_total",
            "Requests to webhooks that were refused before anything was read of them.",
            ("webhook", "reason"),
            registry=registry,
        )

    def refused(self, webhook: str, fault: SignatureFault) -> None:
        self._refused.labels(webhook, fault.value).inc()

    def unknown(self) -> None:
        """Counts a request to an unknown webhook. Anybody can make up a name, so it is no label."""
        self._refused.labels("", UNKNOWN_WEBHOOK).inc()
