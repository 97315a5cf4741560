"""A class name stands once in all packages, so that a reader who searches for it finds one thing."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_EXCEPTIONS = 15
# Name -> why it may stand more than once.
EXCEPTIONS: dict[str, str] = {
    "Account": "the state of an account, and the answer about it, whose name stands in the OpenAPI document",
}


def class_names() -> dict[str, list[str]]:
    """The modules in which each class name stands."""
    found = defaultdict(list)
    for path in sorted(ROOT.glob("*/*/src/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(path.relative_to(ROOT).as_posix())
    return found


def test_a_class_name_stands_once() -> None:
    found = class_names()
    assert "KafkaProducer" in found, "the packages were not found"
    repeated = {name: modules for name, modules in found.items() if len(modules) > 1}
    assert {name: modules for name, modules in repeated.items() if name not in EXCEPTIONS} == {}
    assert EXCEPTIONS.keys() - repeated.keys() == set(), "these stand once by now: take them off the list"
    assert len(EXCEPTIONS) <= MOST_EXCEPTIONS
