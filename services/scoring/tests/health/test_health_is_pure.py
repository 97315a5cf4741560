"""The core can be read, tested and back-tested without Kafka or PostgreSQL, and says the same on every Python."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import scoring.health

CORE = Path(scoring.health.__file__ or "").parent
MODULES = sorted(CORE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text()) for path in MODULES}
ALLOWED = (
    "common.contracts", "common.erasures.erased_people", "common.erasures.mentions",
    "common.erasures.substitutes.is_substitute", "common.text_hash", "scoring.health",
)  # fmt: skip
# What reads a clock, the world or chance.
FORBIDDEN = {"asyncio", "io", "logging", "os", "pathlib", "random", "socket", "subprocess", "threading", "time", "uuid"}
# There is one of each per account, or many. So has every subclass of Trajectory.
PER_ACCOUNT = {
    "Account", "AlertState", "Context", "DecayingSum", "Horizon", "Ledger", "Postings", "Trajectory", "Weights",
}  # fmt: skip
STORAGE = "state_encoding"

every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(CORE)))


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def names(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def attributes(tree: ast.Module) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@every_module
def test_it_imports_the_standard_library_msgspec_and_contracts_only(path: Path) -> None:
    for name in imports(TREES[path]):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names or top == "msgspec" or name.startswith(ALLOWED), name
        assert top not in FORBIDDEN, name


@every_module
def test_nothing_in_it_reads_a_clock_or_the_world(path: Path) -> None:
    clocks = {"now", "utcnow", "today_utc", "environ", "perf_counter", "monotonic"}
    assert not attributes(TREES[path]) & clocks
    # hash() of text differs from process to process.
    assert not names(TREES[path]) & {"open", "print", "hash", "id", "set_trace"}


@every_module
def test_floats_are_not_added_by_sum(path: Path) -> None:
    """Since Python 3.12 `sum` compensates for rounding: states would depend on the version."""
    assert "sum" not in names(TREES[path])


@every_module
def test_no_float_stands_for_not_a_number(path: Path) -> None:
    tree = TREES[path]
    texts = {node.value.lower() for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == "nan"}
    imported = {name.split(".")[-1] for name in imports(tree)}
    assert not (names(tree) | attributes(tree) | imported | texts) & {"nan", "isnan"}


def test_what_lives_once_per_account_has_slots() -> None:
    classes = {node.name: node for tree in TREES.values() for node in tree.body if isinstance(node, ast.ClassDef)}
    asked = set(PER_ACCOUNT)
    while more := {name for name, node in classes.items() if name not in asked and bases(node) & asked}:
        asked |= more
    assert asked >= {"AccountFlag", "DriftingMetric", "FadingMetric", "Metric", "RateMetric", "SilenceMetric"}
    assert {name for name in asked if "__slots__" not in assigned_in(classes[name])} == set()


def bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base) for base in node.bases}


def assigned_in(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(target) for each in node.body if isinstance(each, ast.Assign) for target in each.targets}


def owners() -> dict[str, str]:
    """Which module writes a field of Account, as its docstring says: `module`: `field`, `field`."""
    groups = re.search(r"^- .+?(?=\n\n)", ast.get_docstring(account_class()) or "", re.DOTALL | re.MULTILINE)
    assert groups
    found, module = {}, ""
    for name, colon in re.findall(r"`(\w+)`(:?)", groups[0]):
        if colon:
            module = name
        else:
            found[name] = module
    return found


def account_class() -> ast.ClassDef:
    tree = TREES[CORE / "account.py"]
    return next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Account")


def written(tree: ast.Module, owner: str) -> Iterator[str]:
    """Fields of `owner`, or of an attribute of that name, that are assigned, one by one or in a tuple."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or isinstance(node.ctx, ast.Load):
            continue
        if ast.unparse(node.value).split(".")[-1] == owner:
            yield node.attr


def test_every_field_of_an_account_is_described_once() -> None:
    fixed = {"account_id", "caps", "flags", "metrics", "model", "ordered", "readiness", "trajectories"}
    (slots,) = (each.value for each in account_class().body if isinstance(each, ast.Assign))
    assert owners().keys() == set(ast.literal_eval(slots)) - fixed


@every_module
def test_a_field_of_an_account_is_written_by_the_module_that_owns_it(path: Path) -> None:
    writers = owners()
    wrong = {field for field in written(TREES[path], "account") if writers.get(field) != path.stem}
    assert not wrong or path.stem == STORAGE


@pytest.mark.parametrize(("owner", "module"), [("horizon", "incremental"), ("state", "transitions")])
def test_the_horizon_and_the_alert_state_are_written_by_one_module_each(owner: str, module: str) -> None:
    writers = {(path.stem, field) for path, tree in TREES.items() for field in written(tree, owner)}
    assert {field for stem, field in writers if stem == module}
    # An episode is named after the signal that opens it.
    others = {(stem, field) for stem, field in writers if stem not in (module, STORAGE)}
    # What was told of a retracted event is as if it had not been told.
    assert others <= {
        ("signals", "episode"),
        ("first_look", "episode"),
        # What is to be told may name a person who is erased.
        ("person_erasure", "flags"),
        ("person_erasure", "override"),
        ("person_erasure", "pending"),
        ("retraction", "arr"),
        ("retraction", "arr_origin"),
        ("retraction", "journey"),
    }


def test_there_is_a_core_to_look_at() -> None:
    assert len(MODULES) > 30
