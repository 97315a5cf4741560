import pytest

from ingest.rate_limit import RateLimit, TokenBucket


def test_what_comes_within_the_rate_never_waits() -> None:
    bucket = TokenBucket(RateLimit(per_second=10, burst=20), now=0)
    for second in range(100):
        assert bucket.seconds_to_wait(now=second) == 0
        bucket.take(10, now=second)


def test_a_burst_passes_and_its_debt_is_refilled_at_the_rate() -> None:
    bucket = TokenBucket(RateLimit(per_second=10, burst=20), now=0)
    bucket.take(65, now=0)
    assert bucket.seconds_to_wait(now=0) == 5, "45 over, at 10 a second"
    assert bucket.seconds_to_wait(now=4.4) == 1
    assert bucket.seconds_to_wait(now=4.6) == 0


def test_an_emptied_bucket_waits_at_least_a_second() -> None:
    bucket = TokenBucket(RateLimit(per_second=1000, burst=20), now=0)
    bucket.take(20, now=0)
    assert bucket.seconds_to_wait(now=0) == 1


@pytest.mark.parametrize("rest", [2, 3600])
def test_a_pause_fills_the_bucket_to_the_burst_and_no_further(rest: float) -> None:
    bucket = TokenBucket(RateLimit(per_second=10, burst=20), now=0)
    bucket.take(20, now=0)
    bucket.take(30, now=rest)
    assert bucket.seconds_to_wait(now=rest) == 1, "20 were there, 10 are owed"
    assert bucket.seconds_to_wait(now=rest + 1.1) == 0
