import pytest

from alerts.errors import DeliveryFailed, Failure
from alerts.sending.backoff import Backoff, after_failure, delay
from alerts.sending.claims import Failed

BACKOFF = Backoff(retry=1.0, most=600.0, give_up=86_400.0, hand_on=900.0)


def failed(*, retryable: bool = True, retry_after: float | None = None, maybe: bool = False) -> DeliveryFailed:
    return DeliveryFailed(
        Failure.UNAVAILABLE, "503", retryable=retryable, retry_after=retry_after, maybe_delivered=maybe
    )


def judged(failure: DeliveryFailed, *, attempt: int = 1, age: float = 0.0, drawn: float = 1.0) -> Failed:
    return after_failure(failure, attempt=attempt, age=age, backoff=BACKOFF, draw=lambda: drawn)


def test_the_longest_wait_doubles_until_it_is_long_enough() -> None:
    assert [delay(n, BACKOFF, lambda: 1.0) for n in (1, 2, 3, 10, 11, 5_000)] == [1, 2, 4, 512, 600, 600]


def test_what_failed_together_comes_back_spread_out() -> None:
    assert [delay(4, BACKOFF, lambda drawn=drawn: drawn) for drawn in (0.0, 0.25, 0.5)] == [0, 2, 4]  # type: ignore[misc]


@pytest.mark.parametrize(
    ("failure", "age", "wait"),
    [
        (failed(), 0.0, 4.0),  # its third attempt
        (failed(retry_after=30.0), 0.0, 30.0),  # as asked, without jitter and however long its own wait would be
        (failed(retry_after=0.0), 0.0, 0.0),
        (failed(retry_after=-5.0), 0.0, 0.0),
        (failed(), 86_399.0, 1.0),  # the last one comes when the time given is over
    ],
)
def test_a_failure_that_may_pass_is_tried_again(failure: DeliveryFailed, age: float, wait: float) -> None:
    assert judged(failure, attempt=3, age=age) == Failed(Failure.UNAVAILABLE, "503", False, wait)


@pytest.mark.parametrize(
    ("failure", "age"),
    [
        (failed(), 86_400.0),  # a day and no success
        (failed(retry_after=0.0), 90_000.0),
        (failed(retry_after=100_000.0), 0.0),  # it would come too late
        (failed(retry_after=10.0), 86_395.0),
    ],
)
def test_a_message_that_would_come_too_late_is_given_up_with_its_last_failure(
    failure: DeliveryFailed, age: float
) -> None:
    outcome = judged(failure, age=age)
    assert outcome.final
    assert outcome.reason is Failure.TOO_OLD
    assert outcome.detail == "the channel answered that it is not available: 503"


def test_a_failure_that_will_not_pass_is_given_up_at_once() -> None:
    outcome = judged(failed(retryable=False, retry_after=5.0))
    assert outcome == Failed(Failure.UNAVAILABLE, "503", False, None)


@pytest.mark.parametrize("retryable", [True, False])
@pytest.mark.parametrize("age", [0.0, 90_000.0])
def test_that_it_may_have_arrived_is_not_forgotten(retryable: bool, age: float) -> None:
    assert judged(failed(retryable=retryable, maybe=True), age=age).maybe_told


def test_a_message_that_has_another_way_goes_it_after_a_quarter_of_an_hour() -> None:
    failed = DeliveryFailed(Failure.UNAVAILABLE, "503", retryable=True)

    def outcome(*, age: float, last_way: bool) -> Failed:
        return after_failure(failed, attempt=9, age=age, backoff=BACKOFF, draw=lambda: 1.0, last_way=last_way)

    assert not outcome(age=899.0, last_way=False).final
    assert outcome(age=900.0, last_way=False).final
    assert not outcome(age=900.0, last_way=True).final
    assert outcome(age=86_400.0, last_way=True).final
