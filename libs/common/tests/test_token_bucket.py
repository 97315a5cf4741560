import pytest

from common.token_bucket import TokenBucket


def test_it_begins_full_and_is_refilled_at_the_rate_up_to_the_burst() -> None:
    bucket = TokenBucket(per_second=10, burst=20, now=5.0)
    assert bucket.level(5.0) == 20
    bucket.take(15, now=5.0)
    assert bucket.level(5.0) == 5
    assert bucket.level(6.0) == 15
    assert bucket.level(3_600.0) == 20


def test_reading_the_level_takes_nothing_and_refills_nothing_twice() -> None:
    bucket = TokenBucket(per_second=10, burst=20, now=0.0)
    bucket.take(20, now=0.0)
    assert [bucket.level(1.0), bucket.level(1.0), bucket.level(0.5)] == [10, 10, 5]


def test_it_may_go_into_debt_which_is_refilled_first() -> None:
    bucket = TokenBucket(per_second=10, burst=20, now=0.0)
    bucket.take(65, now=0.0)
    assert bucket.level(0.0) == -45
    assert bucket.seconds_until(0.0, now=0.0) == 4.5
    assert bucket.seconds_until(1.0, now=4.0) == pytest.approx(0.6)


def test_what_is_there_already_needs_no_wait() -> None:
    bucket = TokenBucket(per_second=0.1, burst=1, now=0.0)
    assert bucket.seconds_until(1.0, now=0.0) == 0.0
    bucket.take(1, now=0.0)
    assert bucket.seconds_until(1.0, now=4.0) == pytest.approx(6.0)
