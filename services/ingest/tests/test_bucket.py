import pytest

from ingest.bucket import Bucket, Rate


def test_what_comes_within_the_rate_never_waits() -> None:
    bucket = Bucket(Rate(per_second=10, burst=20), now=0)
    for second in range(100):
        assert bucket.wait(now=second) == 0
        bucket.charge(10, now=second)


def test_a_burst_passes_and_its_debt_is_worked_off_at_the_rate() -> None:
    bucket = Bucket(Rate(per_second=10, burst=20), now=0)
    bucket.charge(65, now=0)
    assert bucket.wait(now=0) == 5, "45 over, at 10 a second"
    assert bucket.wait(now=4.4) == 1
    assert bucket.wait(now=4.6) == 0


def test_an_emptied_bucket_waits_at_least_a_second() -> None:
    bucket = Bucket(Rate(per_second=1000, burst=20), now=0)
    bucket.charge(20, now=0)
    assert bucket.wait(now=0) == 1


@pytest.mark.parametrize("rest", [2, 3600])
def test_a_rest_fills_it_to_the_burst_and_no_further(rest: float) -> None:
    bucket = Bucket(Rate(per_second=10, burst=20), now=0)
    bucket.charge(20, now=0)
    bucket.charge(30, now=rest)
    assert bucket.wait(now=rest) == 1, "20 were there, 10 are owed"
    assert bucket.wait(now=rest + 1.1) == 0
