"""In which form the core runs, and what is compiled of it."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

import scoring.health
from scoring.core_form import core_form
from scoring.worker.metrics import WorkerMetrics

COMPILE = Path(__file__).parents[1] / "compile.py"
CORE = Path(scoring.health.__file__ or "").parent
DEMANDED = os.environ.get("CHURN_CORE_FORM")


def listed(constant: str) -> set[str]:
    """The names of files that compile.py has under this name."""
    (value,) = (
        node.value
        for node in ast.parse(COMPILE.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == constant
    )
    names: tuple[str, ...] = ast.literal_eval(value)
    return set(names)


def candidates() -> set[Path]:
    """The core, and what compile.py takes beside it."""
    return {*CORE.rglob("*.py"), *(CORE.parent / name for name in listed("AROUND"))}


def with_structs() -> Iterator[Path]:
    for path in candidates():
        classes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
        bases = {ast.unparse(base) for one in classes for base in one.bases}
        # A keyword is what mypyc drops: frozen, tag, gc and the like.
        if bases & {"Struct", "msgspec.Struct"} or any(one.keywords for one in classes):
            yield path


def copy_of_core(folder: Path, name: str) -> None:
    """A package `scoring` whose scorer is a file of this name."""
    (folder / "scoring" / "health").mkdir(parents=True)
    for file in ("__init__.py", "health/__init__.py", f"health/{name}"):
        (folder / "scoring" / file).touch()


@pytest.mark.skipif(DEMANDED is None, reason="make test-compiled demands a form (CHURN_CORE_FORM)")
def test_the_form_that_was_demanded_is_the_one_that_runs() -> None:
    assert core_form() == DEMANDED
    modules = {path for path in candidates() if path.name not in {"__init__.py", *listed("INTERPRETED")}}
    extensions = {path for path in modules if any(path.with_suffix(end).exists() for end in EXTENSION_SUFFIXES)}
    assert extensions == (modules if DEMANDED == "compiled" else set())


@pytest.mark.parametrize(
    ("name", "form"), [("scorer.py", "interpreted"), (f"scorer{EXTENSION_SUFFIXES[0]}", "compiled")]
)
def test_the_form_is_known_by_the_file_of_the_scorer(tmp_path: Path, name: str, form: str) -> None:
    copy_of_core(tmp_path, name)
    source = (Path(scoring.__file__ or "").parent / "core_form.py").read_text()
    asked = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{source}\nprint(core_form())"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == form


def test_the_worker_shows_it_among_its_metrics() -> None:
    registry = CollectorRegistry()
    WorkerMetrics(registry)
    assert registry.get_sample_value("churn_scoring_core_info", {"form": core_form()}) == 1.0


def test_a_module_with_structs_is_not_compiled_and_any_other_is() -> None:
    assert {path.name for path in with_structs()} == listed("INTERPRETED")


def test_without_a_compiler_one_sentence_says_so(tmp_path: Path) -> None:
    into = tmp_path / "compiled"
    command = [sys.executable, str(COMPILE), "--into", str(into)]
    done = subprocess.run(
        command, env={**os.environ, "CC": "no-such-cc"}, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "no `no-such-cc` here" in done.stderr
    assert not list(tmp_path.iterdir())
