from prometheus_client import CollectorRegistry, Counter

from ingest.intake.intake import IntakeContext
from ingest.intake.report import IntakeReport
from ingest.mapping.item import IgnoredReason


class IntakeMetrics:
    """The metrics of messages in formats other than our own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = Counter(
            "churn_ingest_messages_total",
            "Messages of SDKs and webhooks by what became of them; partly: taken without some of their values.",
            ("format", "outcome"),
            registry=registry,
        )
        self._rejects = Counter(
            "churn_ingest_rejects_total",
            "Messages that went to the dead topic, by the key that sent them.",
            ("key", "reason"),
            registry=registry,
        )
        ignored = Counter(
            "churn_ingest_messages_ignored_total",
            "Messages that make no event though nothing is wrong with them.",
            ("reason",),
            registry=registry,
        )
        self._ignored = {reason: ignored.labels(reason.value) for reason in IgnoredReason}
        self._clamped = Counter(
            "churn_ingest_times_clamped_total",
            "Events of SDKs whose time was ahead of ours by more than five minutes: they have ours.",
            registry=registry,
        )
        self._unlisted = Counter(
            "churn_ingest_rejects_unlisted_total",
            "Rejects that GET /v1/rejects does not list: PostgreSQL was away too long, or whom they name was erased.",
            registry=registry,
        )

    def taken(self, report: IntakeReport, context: IntakeContext) -> None:
        whole = report.messages - len(report.refused) - len(report.partly) - len(report.ignored)
        outcomes = {
            "accepted": whole,
            "partly": len(report.partly),
            "rejected": len(report.refused),
            "ignored": len(report.ignored),
        }
        for outcome, count in outcomes.items():
            if count:
                self._messages.labels(context.format, outcome).inc(count)
        for refused in report.refused:
            self._rejects.labels(context.key.id, refused.errors[0].reason.value).inc()
        for reason in report.ignored:
            self._ignored[reason].inc()
        if report.clamped:
            self._clamped.inc(report.clamped)

    def unknown(self, messages: int, context: IntakeContext) -> None:
        """Counts messages that were not acknowledged; clients send them again."""
        self._messages.labels(context.format, "unknown").inc(messages)

    def unlisted(self, count: int) -> None:
        self._unlisted.inc(count)
