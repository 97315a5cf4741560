"""The limit of open files, and what the package imports."""

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

RAISED = """
import resource
from http_guard.limits import ConnectionLimits, raise_file_limit

resource.setrlimit(resource.RLIMIT_NOFILE, {limits})
fitting = raise_file_limit(ConnectionLimits(connections=1_000, head_bytes=7))
print(fitting.connections, fitting.head_bytes, *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ((64, 4_000), "1000 7 1500 4000"),
        ((2_000, 4_000), "1000 7 2000 4000"),  # high enough already
        ((64, 1_200), "700 7 1200 1200"),  # 500 files are for others
        ((64, 64), "32 7 64 64"),  # ... of so few they get half
    ],
)
def test_the_soft_limit_rises_as_far_as_the_hard_one_and_connections_fit_into_it(
    limits: tuple[int, int], expected: str
) -> None:
    command = [sys.executable, "-c", RAISED.format(limits=limits)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == expected


def test_it_imports_uvicorn_httptools_and_the_standard_library_alone() -> None:
    spec = find_spec("http_guard")
    assert spec is not None
    assert spec.submodule_search_locations
    files = sorted(Path(spec.submodule_search_locations[0]).rglob("*.py"))
    found: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
    assert found - sys.stdlib_module_names == {"http_guard", "httptools", "uvicorn"}
