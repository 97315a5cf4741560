"""How many events a key may post, and how long it has to wait after too many."""

from datetime import UTC, datetime

import pytest

from common.keys import Key, Scope
from common.problems import Problem
from ingest.receiving.rate_limit import KeyRateLimiter, RateLimit

WEB, BATCH = (Key(name, name, frozenset({Scope.WRITE}), datetime(2026, 3, 2, tzinfo=UTC)) for name in ("web", "batch"))


class Posting:
    """A limiter with a clock that is set by hand."""

    def __init__(self, limit: RateLimit | None) -> None:
        self.now = 1_000.0
        self._limiter = KeyRateLimiter(limit, clock=lambda: self.now)

    def wait(self, key: Key = WEB) -> int:
        """The seconds that a request is told to wait; 0 if it is taken."""
        try:
            self._limiter.check(key)
        except Problem as problem:
            return int(problem.headers["retry-after"])
        return 0

    def post(self, events: int, key: Key = WEB) -> None:
        self._limiter.charge(key, events)


def test_without_a_limit_everything_is_taken() -> None:
    posting = Posting(None)
    posting.post(1_000_000)
    assert posting.wait() == 0


def test_what_comes_within_the_rate_never_waits() -> None:
    posting = Posting(RateLimit(per_second=10, burst=20))
    for _ in range(100):
        assert posting.wait() == 0
        posting.post(10)
        posting.now += 1


def test_a_burst_passes_and_its_debt_is_refilled_at_the_rate() -> None:
    posting = Posting(RateLimit(per_second=10, burst=20))
    posting.post(65)
    assert posting.wait() == 5, "45 over, at 10 a second"
    posting.now += 4.4
    assert posting.wait() == 1
    posting.now += 0.2
    assert posting.wait() == 0


def test_an_emptied_bucket_waits_at_least_a_second() -> None:
    posting = Posting(RateLimit(per_second=1000, burst=20))
    posting.post(20)
    assert posting.wait() == 1


@pytest.mark.parametrize("rest", [2, 3600])
def test_a_pause_fills_the_bucket_to_the_burst_and_no_further(rest: float) -> None:
    posting = Posting(RateLimit(per_second=10, burst=20))
    posting.post(20)
    posting.now += rest
    posting.post(30)
    assert posting.wait() == 1, "20 were there, 10 are owed"
    posting.now += 1.1
    assert posting.wait() == 0


def test_keys_do_not_wait_for_each_other() -> None:
    posting = Posting(RateLimit(per_second=10, burst=20))
    posting.post(65)
    assert (posting.wait(WEB), posting.wait(BATCH)) == (5, 0)
