"""The store of ids: what stands in it is found, with its newest number, however it got there."""

from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.partition.seen.bloom_filter import BloomFilter
from scoring.partition.seen.generation import DIGEST, Generation, generation, merged
from scoring.partition.seen.generations import Generations

ids_alike = st.integers(0, 15).map(lambda n: (1 << 8 * n).to_bytes(DIGEST, "big"))
"""The end of one and the beginning of another often look like a third."""
ids_apart = st.integers(0, 50).map(lambda n: Random(n).randbytes(DIGEST))
logs = st.lists(ids_alike | ids_apart, min_size=1, max_size=60)


def agrees(found: Generation | Generations, log: list[bytes], *, first: int, floors: range) -> None:
    for one in {*log, bytes(DIGEST), b"\1" * DIGEST}:
        for floor in floors:
            assert found.has(one, floor) == (one in log[max(0, floor - first) :])


@settings(deadline=None)
@given(log=logs, first=st.integers(0, 5))
def test_an_id_is_found_with_its_newest_number(log: list[bytes], first: int) -> None:
    made = generation(first, b"".join(log))
    assert made.end == first + len(log)
    agrees(made, log, first=first, floors=range(made.end + 2))


@settings(deadline=None)
@given(log=logs, cuts=st.lists(st.integers(1, 59), min_size=1, max_size=3))
def test_generations_that_are_merged_are_as_one_of_the_whole(log: list[bytes], cuts: list[int]) -> None:
    places = sorted({0, len(log), *(cut for cut in cuts if cut < len(log))})
    parts = [generation(at, b"".join(log[at:to])) for at, to in pairwise(places)]
    agrees(merged(parts), log, first=0, floors=range(len(log) + 2))


@settings(deadline=None)
@given(log=logs, floor=st.integers(0, 59))
def test_a_generation_lets_go_of_its_oldest(log: list[bytes], floor: int) -> None:
    floor = min(floor, len(log) - 1)
    rest = generation(0, b"".join(log)).without(floor)
    assert len(rest) == len(log) - floor
    agrees(rest, log[floor:], first=floor, floors=range(floor, len(log) + 2))


@settings(deadline=None)
@given(log=logs, largest=st.integers(1, 30), loaded=st.integers(0, 40), step=st.integers(1, 9))
def test_what_is_added_is_found_whatever_was_merged(log: list[bytes], largest: int, loaded: int, step: int) -> None:
    held = Generations(largest=largest)
    held.load(0, memoryview(b"".join(log[:loaded])))
    for at in range(loaded, len(log), step):
        held.add(at, b"".join(log[at : at + step]))
    assert len(held) == len(log)
    agrees(held, log, first=0, floors=range(len(log) + 2))


def test_ids_that_come_in_small_lots_end_in_few_generations() -> None:
    rng = Random(7)
    held = Generations(largest=70)
    for at in range(0, 69 * 4, 4):
        held.add(at, rng.randbytes(4 * DIGEST))
    assert [len(some) for some in held.all] == [64, 64, 64, 64, 16, 4]


def test_a_generation_with_many_buckets_answers_as_one_with_few() -> None:
    rng = Random(7)
    log = [rng.randbytes(DIGEST) for _ in range(40_000)]
    made = generation(100, b"".join(log))
    for n in range(0, len(log), 97):
        assert made.has(log[n], 100 + n)
        assert not made.has(log[n], 100 + n + 1)
    assert not any(made.has(rng.randbytes(DIGEST), 0) for _ in range(1000))


def test_a_filter_lets_every_id_through_that_it_holds_and_few_others() -> None:
    rng = Random(7)
    held = [rng.randbytes(DIGEST) for _ in range(20_000)]
    bloom_filter = BloomFilter(len(held))
    bloom_filter.add(generation(0, b"".join(held)))
    assert all(map(bloom_filter.may_hold, held))
    others = sum(bloom_filter.may_hold(rng.randbytes(DIGEST)) for _ in range(20_000))
    assert others < 2000
