"""What a worker keeps of its accounts in memory."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.cards.load import load
from scoring.health.account import Account
from scoring.health.scorer import Scorer
from scoring.partition.cache import DECODED, DECODED_SHARE, LEAST, TRANSACTION, TRANSACTIONS, AccountCache, CacheBound
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
    cache = AccountCache(CacheBound(16 * DECODED))
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
    bound = CacheBound(9 * DECODED)
    busy, other = AccountCache(bound), AccountCache(bound)
    keep(busy, *"abc")
    busy.in_use = True
    keep(other, *"defghi")
    assert decoded(busy, "abc") == ["a", "b", "c"]
    keep(busy, "a")
    assert busy.decoded_size() + other.decoded_size() <= bound.room() * DECODED_SHARE[1]


def test_while_a_transaction_writes_only_the_accounts_that_it_touched_stay() -> None:
    bound = CacheBound(9 * DECODED)
    busy, other = AccountCache(bound), AccountCache(bound)
    keep(busy, *"ab")
    busy.in_use = True
    busy.pin(accounts(*"bcd"))
    keep(other, *"efghi")
    assert decoded(busy, "abcd") == ["b", "c", "d"]
    assert other.decoded == 0
    busy.unpin()
    keep(busy, *"bcd")
    keep(other, *"efghi")
    assert busy.decoded < 3


async def test_no_transaction_begins_while_others_that_write_hold_too_many_accounts() -> None:
    bound = CacheBound(ROOM)
    mine, other = AccountCache(bound), AccountCache(bound)
    other.pinned = int(bound.room() / DECODED)
    entering = asyncio.create_task(mine.enter())
    await asyncio.sleep(0)
    assert not mine.in_use
    other.unpin()
    await entering
    assert mine.in_use


def test_what_a_partition_takes_beside_its_accounts_is_missing_to_all() -> None:
    bound = CacheBound(ROOM)
    empty = bound.room()
    beside = [0.0]
    crowded = AccountCache(bound, beside=lambda: beside[0])
    assert bound.room() == empty
    beside[0] = ROOM / 2
    assert bound.room() == pytest.approx(empty / 2)
    beside[0] = 2 * ROOM
    assert bound.room() == pytest.approx(empty * LEAST)
    del crowded
    assert bound.room() == empty


def test_stored_bytes_go_before_decoded_accounts_but_for_a_quarter() -> None:
    bound = CacheBound(60 * DECODED)
    cache = AccountCache(bound)
    names = [f"account {n}" for n in range(1_000)]
    least, most = (bound.room() * share for share in DECODED_SHARE)
    for name in names[:100]:
        keep(cache, name)
    assert most - 2 * DECODED < cache.decoded_size() <= most
    assert len(cache.bodies(names)) == 100
    for name in names:
        keep(cache, name)
    assert least - 2 * DECODED < cache.decoded_size() <= least
    assert bound.room() - 2 * DECODED < cache.size() <= bound.room()


def test_a_transaction_ends_at_its_share_and_at_that_of_all_that_are_under_way() -> None:
    bound = CacheBound(ROOM)
    mine, others = AccountCache(bound), [AccountCache(bound) for _ in range(2)]
    share = int(bound.room() / DECODED * TRANSACTION)
    assert (mine.fill_a_transaction(share), mine.fill_a_transaction(share + 1)) == (False, True)
    others[0].pinned = int(bound.room() / DECODED * TRANSACTIONS) - share
    assert (mine.fill_a_transaction(share - 1), mine.fill_a_transaction(share + 1)) == (False, True)
    others[1].pinned = share
    assert mine.fill_a_transaction(1)


def test_a_partition_that_is_gone_takes_its_share_along() -> None:
    bound = CacheBound(9 * DECODED)
    gone, left = AccountCache(bound), AccountCache(bound)
    keep(gone, *"abc")
    del gone
    keep(left, *"abc")
    assert decoded(left, "abc") == ["a", "b", "c"]


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30), st.integers(100, 20_000)), max_size=60),
    st.floats(0.0, 40.0),
)
def test_all_partitions_together_stay_within_the_bound(steps: list[tuple[int, int, int]], room: float) -> None:
    bound = CacheBound(room * DECODED)
    caches = [AccountCache(bound) for _ in range(3)]
    for number, account, size in steps:
        keep(caches[number], f"account {account}", size=size)
        assert sum(cache.size() for cache in caches) <= bound.room() * (1 + 1e-9)
        stored: Mapping[str, bytes] = caches[number].bodies([f"account {n}" for n in range(31)])
        assert all(caches[number].get(name) is None or name in stored for name in stored)


@pytest.mark.parametrize("most", [0.0, 1.0])
def test_no_room_at_all_is_a_bound_too(most: float) -> None:
    cache = AccountCache(CacheBound(most))
    keep(cache, "acme")
    assert (cache.decoded, cache.packed, cache.size()) == (0, 0, 0.0)
