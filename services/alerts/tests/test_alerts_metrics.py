"""What operators watch is counted, and is there before it first happens."""

import pytest
from prometheus_client import CollectorRegistry

from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from alerts.errors import Failure
from alerts.metrics import AlertsMetrics, QueueDepth, RecordOutcome


class Counted:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = AlertsMetrics(self.registry)

    def of(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"churn_alerts_{name}", labels)


@pytest.fixture
def counted() -> Counted:
    return Counted()


def test_every_reason_is_shown_before_it_is_first_given(counted: Counted) -> None:
    for reason in DecisionReason:
        assert counted.of("decided_total", reason=reason.value) == 0
    for outcome in RecordOutcome:
        assert counted.of("signals_total", outcome=outcome.value) == 0
    for channel in Channel:
        assert counted.of("notifications_sent_total", channel=channel.value) == 0
        for failure in Failure:
            labels = {"channel": channel.value, "reason": failure.value}
            assert counted.of("deliveries_failed_total", **labels) == 0
            assert counted.of("notifications_given_up_total", **labels) == 0


def test_signals_and_decisions_are_counted_by_what_became_of_them(counted: Counted) -> None:
    counted.metrics.took(RecordOutcome.RECORDED, 3)
    counted.metrics.took(RecordOutcome.DUPLICATE)
    counted.metrics.decided(DecisionReason.NOT_WORSE)
    assert counted.of("signals_total", outcome="recorded") == 3
    assert counted.of("signals_total", outcome="duplicate") == 1
    assert counted.of("decided_total", reason="not worse than last told") == 1


def test_a_failure_counts_as_given_up_only_if_it_was_the_last(counted: Counted) -> None:
    labels = {"channel": "slack", "reason": "rate limited"}
    counted.metrics.failed(Channel.SLACK, Failure.RATE_LIMITED, final=False)
    assert counted.of("deliveries_failed_total", **labels) == 1
    assert counted.of("notifications_given_up_total", **labels) == 0
    counted.metrics.failed(Channel.SLACK, Failure.RATE_LIMITED, final=True)
    assert counted.of("deliveries_failed_total", **labels) == 2
    assert counted.of("notifications_given_up_total", **labels) == 1


def test_the_time_of_a_message_is_measured_where_its_event_has_the_same_clock(counted: Counted) -> None:
    counted.metrics.sent(Channel.EMAIL, 4.0, 3.0)
    counted.metrics.sent(Channel.EMAIL, None, None)
    counted.metrics.attempted(Channel.EMAIL, 0.25)
    assert counted.of("notifications_sent_total", channel="email") == 2
    assert counted.of("event_to_sent_seconds_count") == 1
    assert counted.of("event_to_sent_seconds_sum") == 4.0
    assert counted.of("signal_to_sent_seconds_count", channel="email") == 1
    assert counted.of("signal_to_sent_seconds_bucket", channel="email", le="2.0") == 0
    assert counted.of("signal_to_sent_seconds_bucket", channel="email", le="5.0") == 1
    assert counted.of("signal_to_sent_seconds_count", channel="slack") == 0
    assert counted.of("attempt_seconds_sum", channel="email") == 0.25


def test_a_partition_that_went_elsewhere_shows_no_lag_here(counted: Counted) -> None:
    counted.metrics.owned(2)
    counted.metrics.count_open(lambda: 1)
    counted.metrics.watch_partition(7, lag=lambda: 12.5)
    assert (counted.of("partitions_owned"), counted.of("partitions_open")) == (2, 1)
    assert counted.of("lag_seconds", partition="7") == 12.5
    counted.metrics.lost(7)
    counted.metrics.lost(8)
    assert counted.of("lag_seconds", partition="7") is None


def test_what_the_tables_hold_is_shown_as_it_was_measured(counted: Counted) -> None:
    counted.metrics.measured(QueueDepth(unsent=2, held=1, gathered=5, waiting=3, failed=4))
    assert [counted.of(name) for name in ("unsent", "held", "gathered", "waiting", "failed")] == [2, 1, 5, 3, 4]
