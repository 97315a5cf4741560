"""`.env.example` names every setting there is, with its default and a word on it."""

import importlib
import os
import re
from itertools import pairwise
from pathlib import Path

import pytest

from common.settings import CommonSettings

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / ".env.example"
SERVICES = sorted(path.parent.name for path in ROOT.glob("services/*/src/*/settings.py"))


def settings_of(service: str) -> list[type[CommonSettings]]:
    module = importlib.import_module(f"{service}.settings")
    return [
        found
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, CommonSettings) and found.__module__ == module.__name__
    ]


ALL: list[type[CommonSettings]] = [CommonSettings, *(found for service in SERVICES for found in settings_of(service))]


def named() -> list[str]:
    return re.findall(r"^([A-Z0-9_]+)=", EXAMPLE.read_text(), re.MULTILINE)


def test_every_service_with_settings_is_looked_at() -> None:
    assert "ingest" in SERVICES
    assert all(settings_of(service) for service in SERVICES)


def test_the_example_names_each_setting_once_and_no_other() -> None:
    expected = {name.upper() for found in ALL for name in found.model_fields}
    assert sorted(named()) == sorted(expected)


def test_each_setting_has_a_line_that_explains_it() -> None:
    lines = EXAMPLE.read_text().splitlines()
    for before, line in pairwise(lines):
        if re.match(r"[A-Z]", line):
            assert before.startswith("# "), line


@pytest.mark.parametrize("found", ALL, ids=lambda found: found.__name__)
def test_the_example_shows_the_defaults(found: type[CommonSettings], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper() in named():
            monkeypatch.delenv(name)
    assert found(_env_file=EXAMPLE) == found(_env_file=None)  # type: ignore[call-arg]
