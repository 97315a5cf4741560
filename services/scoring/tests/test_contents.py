"""What the last ids of a partition said, by their numbers."""

from random import Random

import pytest

from scoring.partition.contents import SeenContents
from scoring.partition.dedupe import BatchDedupe, SeenIds, digest


@pytest.mark.parametrize("begun", [0, 7, 1_000_003])
def test_only_the_last_ids_are_known(begun: int) -> None:
    contents = SeenContents(begun, limit=10)
    draw = Random(begun)
    said: list[int] = []
    for _ in range(200):
        more = [draw.getrandbits(32) for _ in range(draw.randrange(4))]
        contents.extend(more)
        said += more
        for number in range(begun - 3, begun + len(said)):
            known = begun + max(0, len(said) - 10) <= number
            assert contents.get(number) == (said[number - begun] if known else None)
        assert len(contents) <= 10


def test_the_number_of_an_id_is_found_wherever_it_is_kept() -> None:
    """In the dict of the newest, in the generations behind it, and in the batch; the newer of two."""
    seen = SeenIds(100_000, newest=16)
    ids = [digest("web", "acme", str(n)) for n in range(3000)]
    for start in range(0, 2990, 13):
        seen.extend(0, b"".join(ids[start : start + 13]))
    assert [seen.number_of(ids[n], 0) for n in (0, 1, 999, 2985, 2989)] == [0, 1, 999, 2985, 2989]
    batch = BatchDedupe(seen, 100_000)
    end = seen.end
    assert batch.count_if_new(digest("web", "acme", "new"), 0)
    assert batch.number_of(digest("web", "acme", "new"), 0) == end
    assert batch.number_of(digest("web", "acme", "never"), 0) is None
    seen.extend(1, ids[5])
    seen.extend(1, b"".join(digest("web", "acme", f"more {n}") for n in range(20)))
    assert seen.number_of(ids[5], 0) == end


def test_ids_of_generations_below_the_floor_are_not_looked_for() -> None:
    seen = SeenIds(100_000, newest=16)
    ids = [digest("web", "acme", str(n)) for n in range(64)]
    seen.extend(0, b"".join(ids))
    assert seen.number_of(ids[3], 64) is None
