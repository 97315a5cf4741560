"""Points to a tenth that add up, whatever they are."""

from math import fsum

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scoring.api.rounding import shared_out, tenth
from support.examples import examples

POINTS = st.floats(min_value=-100, max_value=100, allow_nan=False)


@settings(max_examples=examples(500), deadline=None)
@given(before=st.floats(min_value=0, max_value=100), parts=st.lists(POINTS, min_size=1, max_size=12))
@example(before=72.049, parts=[-2.998])
@example(before=50.0, parts=[-6e-07, 3.0])
def test_parts_add_up_to_the_difference_of_the_scores_shown_and_none_is_far_off(
    before: float, parts: list[float]
) -> None:
    first, last = tenth(before), tenth(before + fsum(parts))
    shares = shared_out(parts, total=last - first)
    assert first + fsum(shares) == pytest.approx(last, abs=1e-9)
    assert all(share == round(share, 1) for share in shares)
    assert all(abs(share - part) < 0.2 for share, part in zip(shares, parts, strict=True))


def test_what_is_less_than_a_part_of_a_tenth_is_nothing() -> None:
    assert shared_out([-6e-07, 3.0], total=3.0) == [0.0, 3.0]
    assert str(tenth(-0.04)) == "0.0"
