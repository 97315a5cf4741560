"""The core can be read, tested and back-tested without Kafka or PostgreSQL, and says the same on every Python."""

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import scoring.health

CORE = Path(scoring.health.__file__ or "").parent
MODULES = sorted(CORE.rglob("*.py"))
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


@cache
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text()) for path in MODULES}


def found_by(rule: Callable[[ast.Module], Iterable[str]]) -> dict[str, list[str]]:
    """What the rule finds in each module where it finds anything."""
    found = {str(path.relative_to(CORE)): sorted(rule(tree)) for path, tree in trees().items()}
    return {module: wrong for module, wrong in found.items() if wrong}


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


def test_it_imports_the_standard_library_msgspec_and_contracts_only() -> None:
    def others(tree: ast.Module) -> Iterator[str]:
        for name in imports(tree):
            top = name.split(".")[0]
            known = top in sys.stdlib_module_names or top == "msgspec" or name.startswith(ALLOWED)
            if not known or top in FORBIDDEN:
                yield name

    assert found_by(others) == {}


def test_nothing_in_it_reads_a_clock_or_the_world() -> None:
    clocks = {"now", "utcnow", "today_utc", "environ", "perf_counter", "monotonic"}
    # hash() of text differs from process to process.
    world = {"open", "print", "hash", "id", "set_trace"}
    assert found_by(lambda tree: attributes(tree) & clocks | names(tree) & world) == {}


def test_floats_are_not_added_by_sum() -> None:
    """Since Python 3.12 `sum` compensates for rounding: states would depend on the version."""
    assert found_by(lambda tree: names(tree) & {"sum"}) == {}


def test_no_float_stands_for_not_a_number() -> None:
    def stand_ins(tree: ast.Module) -> set[str]:
        constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        texts = {value.lower() for value in constants if isinstance(value, str)}
        imported = {name.split(".")[-1] for name in imports(tree)}
        return (names(tree) | attributes(tree) | imported | texts) & {"nan", "isnan"}

    assert found_by(stand_ins) == {}


def test_what_lives_once_per_account_has_slots() -> None:
    classes = {node.name: node for tree in trees().values() for node in tree.body if isinstance(node, ast.ClassDef)}
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
    tree = trees()[CORE / "account.py"]
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


def test_a_field_of_an_account_is_written_by_the_module_that_owns_it() -> None:
    writers = owners()
    wrong = {
        path.stem: foreign
        for path, tree in trees().items()
        if (foreign := {field for field in written(tree, "account") if writers.get(field) != path.stem})
    }
    assert wrong.keys() <= {STORAGE}, wrong


@pytest.mark.parametrize(("owner", "module"), [("horizon", "incremental"), ("state", "transitions")])
def test_the_horizon_and_the_alert_state_are_written_by_one_module_each(owner: str, module: str) -> None:
    writers = {(path.stem, field) for path, tree in trees().items() for field in written(tree, owner)}
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
