"""A run of several parts."""

from pathlib import Path
from typing import cast

import pytest

from bench.__main__ import main, taken
from bench.plan import Plan
from bench.results import Part
from local.stack.processes import ServerError
from local.stack.temporary import TemporaryStack

PLAN = Plan(place=cast(TemporaryStack, None))


async def _works(plan: Plan) -> Part:
    return Part(name="fine", title="Fine", rounds=plan.rounds)


async def _fails(plan: Plan) -> Part:
    raise ServerError("the broker ended\nits last words")


def test_a_part_is_told_with_its_moment() -> None:
    part = taken("fine", "Fine", _works, PLAN)
    assert (part.name, part.failure, part.rounds) == ("fine", None, 5)
    assert part.taken.endswith(" UTC")


def test_a_part_that_fails_says_why_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    part = taken("dead", "Dead", _fails, PLAN)
    assert (part.name, part.title, part.rows) == ("dead", "Dead", [])
    assert part.failure == "ServerError: the broker ended"
    assert "its last words" in capsys.readouterr().err


def test_a_part_that_is_not_there_starts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "scoring,speed"]) == 2
    assert "there is no part speed" in capsys.readouterr().err


def test_results_are_not_committed() -> None:
    assert "bench/results/" in (Path(__file__).parents[2] / ".gitignore").read_text().splitlines()
