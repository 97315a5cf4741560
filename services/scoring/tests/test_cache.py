"""What a worker keeps of its accounts in memory."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.cards.load import load
from scoring.health.account import Account
from scoring.health.scorer import Scorer
from scoring.partition.cache import DECODED, AccountCache, CacheBound
from support.cards import SMALL

SCORER = Scorer(load(SMALL, "card"), "card")
ROOM = 1e9


def accounts(*names: str) -> dict[str, Account]:
    return {name: SCORER.create(name) for name in names}


def keep(cache: AccountCache, *names: str, size: int = 1_000) -> None:
    """As after a transaction that touched these, in this order."""
    cache.put_committed(accounts(*names), {name: bytes(size) for name in names})


def decoded(cache: AccountCache, names: Sequence[str]) -> list[str]:
    return [name for name in names if cache.get(name) is not None]


def test_within_the_bound_all_stay_decoded() -> None:
    cache = AccountCache(CacheBound(ROOM))
    keep(cache, "acme", "beta")
    keep(cache, "gamma")
    assert decoded(cache, ["acme", "beta", "gamma"]) == ["acme", "beta", "gamma"]
    assert (cache.decoded, cache.packed) == (3, 0)
    assert cache.undecoded(["acme", "delta"]) == {"delta"}


def test_who_was_used_longest_ago_is_packed_first_and_dropped_first() -> None:
    names = [f"account {n}" for n in range(40)]
    cache = AccountCache(CacheBound(6 * DECODED))
    for name in [*names, *names]:
        keep(cache, name, size=5_000)
    kept = list(cache.bodies(names))
    assert decoded(cache, names) == names[-cache.decoded :]
    assert kept == names[-len(kept) :]
    assert 0 < cache.decoded < len(kept) < len(names)


def test_what_is_used_again_counts_as_new() -> None:
    cache = AccountCache(CacheBound(7 * (DECODED + 3_000)))
    keep(cache, "acme", "beta")
    keep(cache, "acme")
    keep(cache, "gamma", "delta", "eta")
    assert cache.get("acme") is None or cache.get("beta") is None
    assert cache.get("beta") is None


def test_what_a_transaction_did_not_store_keeps_its_bytes() -> None:
    """A timer that found nothing touches an account and stores nothing."""
    cache = AccountCache(CacheBound(ROOM))
    keep(cache, "acme")
    cache.put_committed(accounts("acme"), {})
    assert cache.bodies(["acme"]) == {"acme": bytes(1_000)}


def test_what_is_forgotten_is_decoded_again_from_its_bytes() -> None:
    cache = AccountCache(CacheBound(ROOM))
    keep(cache, "acme")
    cache.forget_decoded(["acme", "nobody"])
    assert cache.get("acme") is None
    assert cache.bodies(["acme"]) == {"acme": bytes(1_000)}


def test_a_cache_in_use_loses_nothing_and_is_shrunk_when_it_is_through() -> None:
    bound = CacheBound(8 * DECODED)
    busy, other = AccountCache(bound), AccountCache(bound)
    keep(busy, *"abc")
    busy.pinned = True
    keep(other, *"defghi")
    assert decoded(busy, "abc") == ["a", "b", "c"]
    keep(busy, "a")
    assert busy.decoded_size() + other.decoded_size() <= bound.max_bytes / 2


def test_a_partition_that_is_gone_takes_its_share_along() -> None:
    bound = CacheBound(8 * DECODED)
    gone, left = AccountCache(bound), AccountCache(bound)
    keep(gone, *"abc")
    del gone
    keep(left, *"abc")
    assert decoded(left, "abc") == ["a", "b", "c"]


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(100, 20_000)), max_size=60),
    st.floats(0.0, 20.0),
)
def test_all_partitions_together_stay_within_the_bound(steps: list[tuple[int, int, int]], room: float) -> None:
    bound = CacheBound(room * DECODED)
    caches = [AccountCache(bound) for _ in range(3)]
    for number, account, size in steps:
        keep(caches[number], f"account {account}", size=size)
        assert sum(cache.size() for cache in caches) <= bound.max_bytes
        stored: Mapping[str, bytes] = caches[number].bodies([f"account {n}" for n in range(31)])
        assert all(caches[number].get(name) is None or name in stored for name in stored)


@pytest.mark.parametrize("most", [0.0, 1.0])
def test_no_room_at_all_is_a_bound_too(most: float) -> None:
    cache = AccountCache(CacheBound(most))
    keep(cache, "acme")
    assert (cache.decoded, cache.packed, cache.size()) == (0, 0, 0.0)
