"""The packages of a back-test are an extra that no service has."""

import re
import tomllib

import pytest

from scoring.backtest import packages
from scoring.backtest.errors import MissingPackages
from support.recorded import CHECKOUT


def extra() -> list[str]:
    file = CHECKOUT / "services" / "scoring" / "pyproject.toml"
    found: list[str] = tomllib.loads(file.read_text())["project"]["optional-dependencies"]["analysis"]
    return found


def pinned(lock: str) -> set[str]:
    return set(re.findall(r"^([A-Za-z0-9._-]+)==", (CHECKOUT / lock).read_text(), re.MULTILINE))


def test_the_extra_and_the_group_that_is_pinned_are_the_same() -> None:
    group = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["dependency-groups"]["analysis"]

    assert group == extra()
    assert set(extra()) <= pinned("requirements-analysis.lock")


def test_what_runs_the_services_has_none_of_them() -> None:
    assert set(extra()) & pinned("requirements.lock") == set()


def test_a_package_that_is_not_there_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "is_installed", lambda package: False)

    for module, told in (("sklearn.ensemble", "scikit-learn"), ("matplotlib.figure", "matplotlib")):
        with pytest.raises(MissingPackages, match=f" needs {told}: make analysis, or pip install '.*analysis.'$"):
            packages.load(module)
