"""The heart can be read, tested and back-tested without Kafka or PostgreSQL."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import scoring.core

CORE = Path(scoring.core.__file__ or "").parent
MODULES = sorted(CORE.rglob("*.py"))
ALLOWED = ("common.contracts", "scoring.core")
# What reads a clock, the world or chance.
FORBIDDEN = {"asyncio", "io", "logging", "os", "pathlib", "random", "socket", "subprocess", "threading", "time", "uuid"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_the_core_imports_the_standard_library_msgspec_and_contracts_only(path: Path) -> None:
    for name in imports(path):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names or top == "msgspec" or name.startswith(ALLOWED), name
        assert top not in FORBIDDEN, name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))
def test_nothing_in_the_core_reads_a_clock_or_the_world(path: Path) -> None:
    called = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert not called & {"now", "utcnow", "today_utc", "environ", "perf_counter", "monotonic"}
    names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
    # hash() of text differs from process to process.
    assert not names & {"open", "print", "hash", "id", "set_trace"}


def test_there_is_a_core_to_look_at() -> None:
    assert len(MODULES) > 20
