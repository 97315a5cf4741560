"""No test fails because a machine is slow: how long something takes is for `bench/` to measure."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CLOCKS = {"monotonic", "perf_counter", "process_time", "thread_time"}


def upper_bounds(source: str) -> Iterator[int]:
    """The lines of assertions that demand that less than so much time has passed on a clock."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Assert) and isinstance(node.test, ast.Compare)):
            continue
        terms = [node.test.left, *node.test.comparators]
        for smaller, operator, larger in zip(terms, node.test.ops, terms[1:], strict=False):
            bounded = larger if isinstance(operator, ast.Gt | ast.GtE) else smaller
            if isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE) and _is_duration(bounded):
                yield node.lineno


def _is_duration(term: ast.expr) -> bool:
    return isinstance(term, ast.BinOp) and isinstance(term.op, ast.Sub) and _reads_clock(term.left)


def _reads_clock(term: ast.expr) -> bool:
    return isinstance(term, ast.Call) and isinstance(term.func, ast.Attribute) and term.func.attr in CLOCKS


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("assert time.monotonic() - began < 5", [1]),
        ("assert 5 >= time.perf_counter() - began", [1]),
        ("assert 0.1 < time.monotonic() - began < 5", [1]),
        ("assert time.monotonic() - began > 0.1", []),
        ("assert time.monotonic() < deadline, 'patience of a wait'", []),
    ],
)
def test_an_upper_bound_is_seen(source: str, lines: list[int]) -> None:
    assert list(upper_bounds(source)) == lines


def test_no_test_bounds_a_duration_from_above() -> None:
    paths = [path for where in ("tests", "*/*/tests", "deploy/local/tests") for path in ROOT.glob(f"{where}/**/*.py")]
    assert Path(__file__) in paths
    found = {path.relative_to(ROOT).as_posix(): list(upper_bounds(path.read_text(encoding="utf-8"))) for path in paths}
    assert {path: lines for path, lines in found.items() if lines} == {}
