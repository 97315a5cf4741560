"""A class name stands once in all packages, so that a reader who searches for it finds one thing."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_EXCEPTIONS = 15
# Name -> why it may stand more than once.
EXCEPTIONS: dict[str, str] = {
    "Admin": "the narrow port of each service's `log.py` on `common.bus.ports.Admin`",
    "Consumer": "the narrow port of each service's `worker.py` on `common.bus.ports.Consumer`",
    "Worker": "what a reader looks for first in either service",
}
# Duplicates that are still to be renamed. This list only gets shorter.
TO_BE_RENAMED: tuple[str, ...] = (
    "Account",
    "Book",
    "Card",
    "Clocks",
    "Day",
    "Decision",
    "Draft",
    "Fenced",
    "Filter",
    "Inbox",
    "Letters",
    "Limits",
    "ListParameters",
    "Listed",
    "Log",
    "Look",
    "Message",
    "Moved",
    "Of",
    "Outbox",
    "Outcome",
    "Outgoing",
    "Owned",
    "Part",
    "Partition",
    "Parts",
    "Pending",
    "Position",
    "Reader",
    "Reading",
    "Row",
    "Rules",
    "Ruling",
    "Run",
    "Sender",
    "Shared",
    "Snapshot",
    "Stop",
    "Tables",
    "Told",
    "Unreachable",
    "Unreadable",
    "Verdict",
    "Why",
)


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
    allowed = {*EXCEPTIONS, *TO_BE_RENAMED}
    repeated = {name: modules for name, modules in found.items() if len(modules) > 1}
    assert {name: modules for name, modules in repeated.items() if name not in allowed} == {}
    assert allowed - repeated.keys() == set(), "these stand once by now: take them off the list"
    assert len(EXCEPTIONS) <= MOST_EXCEPTIONS
