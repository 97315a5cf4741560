"""Which form of our code a process runs."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.code import INTERPRETED, Code, Codes, not_compiled

NOW = 4_000_000_000.0  # later than any source


def _code(folder: Path) -> Code:
    return Code(name="compiled", checkout=INTERPRETED.checkout, python=Path(sys.executable), compiled=folder)


def _built(folder: Path, *, at: float = NOW) -> None:
    (folder / "built").touch()
    os.utime(folder / "built", (at, at))


def _core(folder: Path, text: str) -> None:
    _built(folder)
    (folder / "heart.py").write_text(text)


def test_compiled_modules_come_before_the_sources(tmp_path: Path) -> None:
    found = _code(tmp_path).environment()["PYTHONPATH"].split(os.pathsep)
    assert found[0] == str(tmp_path)
    assert found[1:] == INTERPRETED.environment()["PYTHONPATH"].split(os.pathsep)
    assert str(INTERPRETED.checkout / "services" / "scoring" / "src") in found


def test_a_process_runs_in_the_checkout_of_its_code() -> None:
    code = Code(name="abc1234", checkout=Path("/there"), python=Path("/env/bin/python"))
    assert code.command("scoring", "worker") == ["env", "--chdir=/there", "/env/bin/python", "-m", "scoring", "worker"]
    assert code.environment()["PYTHONPATH"].split(os.pathsep)[:3] == [
        "/there/deploy/local/src",
        "/there/deploy",
        "/there",
    ]
    assert code.card == Path("/there/deploy/scorecard.yml")


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        # nothing was built
        (lambda folder: None, "there is no .compiled"),
        # a source was edited since
        (lambda folder: _built(folder, at=1.0), "older than the sources"),
        # built for another Python, which leaves the source beside it to be found
        (lambda folder: _core(folder, ""), "has no heart for this Python"),
        # what was built cannot be imported
        (lambda folder: _core(folder, "import missing_one"), "No module named 'missing_one'"),
    ],
)
def test_without_a_compiled_core_the_reason_is_told(
    tmp_path: Path, prepare: Callable[[Path], None], reason: str
) -> None:
    prepare(tmp_path)
    assert reason in (not_compiled(_code(tmp_path), core="heart") or "")


def test_a_core_that_is_an_extension_module_is_compiled(tmp_path: Path) -> None:
    _built(tmp_path)
    assert not_compiled(_code(tmp_path), core="msgspec._core") is None


def test_the_compiled_form_is_used_where_there_is_one(tmp_path: Path) -> None:
    compiled, former = _code(tmp_path), Code(name="abc1234", checkout=tmp_path, python=tmp_path)
    both = Codes((compiled, INTERPRETED), former)
    assert (both.used, both.all) == (compiled, (compiled, INTERPRETED, former))
    alone = Codes(lacking="there is no .compiled")
    assert (alone.used, alone.all) == (INTERPRETED, (INTERPRETED,))
