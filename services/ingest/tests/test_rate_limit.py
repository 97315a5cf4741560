"""How many events a key may post, and how long it has to wait after too many."""

from datetime import UTC, datetime

import pytest
from msgspec import structs

from common.keys import Key, Scope
from common.problems import Problem
from common.token_bucket import RateLimit
from ingest.receiving.rate_limit import KeyRateLimiter

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

    def told(self, key: Key = WEB) -> tuple[str, str] | None:
        """What the headers of an answer say: the policy, and what is left."""
        headers = self._limiter.headers(key)
        return None if headers is None else (headers["ratelimit-policy"], headers["ratelimit"])


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


# The limit, events sent, seconds waited, and the two headers.
TOLD = [
    # Nothing was sent: all are there now.
    (RateLimit(10, 20), 0, 0.0, '"events";q=20;w=2', '"events";r=20;t=0'),
    # Whole events are left, and whole seconds are said, never too few.
    (RateLimit(10, 20), 5, 0.25, '"events";q=20;w=2', '"events";r=17;t=1'),
    # Nothing is left: how long until the first.
    (RateLimit(10, 20), 65, 0.0, '"events";q=20;w=2', '"events";r=0;t=5'),
    # Slower than one a second.
    (RateLimit(0.1, 3), 1, 0.0, '"events";q=3;w=30', '"events";r=2;t=10'),
    # A window below a second is told as one.
    (RateLimit(1000, 20), 1, 0.0, '"events";q=20;w=1', '"events";r=19;t=1'),
    # Longer than a structured field can say.
    (RateLimit(1e-300, 1), 0, 0.0, '"events";q=1;w=999999999999999', '"events";r=1;t=0'),
]


@pytest.mark.parametrize(("limit", "sent", "waited", "policy", "left"), TOLD)
def test_answers_say_what_is_left(limit: RateLimit, sent: int, waited: float, policy: str, left: str) -> None:
    posting = Posting(limit)
    posting.post(sent)
    posting.now += waited
    assert posting.told() == (policy, left)


def test_without_a_limit_answers_say_nothing() -> None:
    assert Posting(None).told() is None


def test_a_keys_own_limit_counts_in_place_of_the_common_one() -> None:
    slow = structs.replace(WEB, limit=RateLimit(per_second=1, burst=5))
    free = structs.replace(BATCH, limit=RateLimit(per_second=0, burst=0))
    posting = Posting(RateLimit(per_second=10, burst=20))
    for key in (slow, free):
        posting.post(25, key)
    assert (posting.wait(slow), posting.wait(free)) == (20, 0)
    assert (posting.told(slow), posting.told(free)) == (('"events";q=5;w=5', '"events";r=0;t=20'), None)


def test_another_limit_of_a_key_begins_with_a_full_bucket() -> None:
    posting = Posting(None)
    posting.post(25, structs.replace(WEB, limit=RateLimit(per_second=1, burst=5)))
    assert posting.wait(structs.replace(WEB, limit=RateLimit(per_second=2, burst=5))) == 0
