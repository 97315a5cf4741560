"""`card check` and `card schema`, as an operator and CI use them."""

import argparse
from pathlib import Path

import pytest

from common.documents.json_schema import schema_text
from scoring.cards.grammar import CardFile
from scoring.commands import card

SOUND = """\
version: 1
metrics:
  logins: {dimension: engagement, kind: rate, event: session.started, half_life: 14d, curve: [[1, 0], [9, 100]]}
  nps: {dimension: roi, kind: gauge, event: nps.answered, ttl: 90d, curve: [[0, 0], [10, 100]]}
weights: {default: {engagement: 30, roi: 10}}
bands: {default: {red: 40, yellow: 70}}
"""


def _run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    card.add_arguments(parser)
    return card.run(parser.parse_args(words))


def test_a_sound_card_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "card.yml"
    file.write_text(SOUND)

    assert _run("check", str(file)) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(": 2 metrics, 0 flags")
    assert [line.split() for line in lines[1:5]] == [
        ["deployment", "-"],
        ["engagement", "logins"],
        ["adoption", "-"],
        ["roi", "nps"],
    ]
    assert lines[7].split() == ["onboarding", "0", "75", "0", "25"]


def test_problems_are_printed_where_editors_and_ci_find_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "card.yml"
    file.write_text(SOUND.replace("[9, 100]", "[0.5, 100]").replace("red: 40", "red: 80"))

    assert _run("check", str(file)) == 1

    assert capsys.readouterr().out.splitlines() == [
        f"{file}:3:103: metrics.logins.curve[1]: points must ascend in value: 0.5 comes after 1",
        f"{file}:6:19: bands.default.red: must be below yellow (80 is not below 70)",
        f"{file}: 2 problems, not loaded",
    ]


def test_warnings_do_not_fail_a_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "card.yml"
    file.write_text(SOUND.replace("roi: 10", "roi: 10, adoption: 5"))

    assert _run("check", str(file)) == 0

    assert ":5:46: weights.default.adoption: warning: 'adoption' has weight" in capsys.readouterr().out


def test_the_tiers_of_a_card_are_told_the_highest_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "card.yml"
    file.write_text(f"{SOUND}\ntiers: {{low: 5000, high: 1500000}}\n")

    assert _run("check", str(file)) == 0

    assert capsys.readouterr().out.splitlines()[-1] == "tiers by ARR: high from 1,500,000, low from 5,000, else tech"


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    latin = tmp_path / "latin.yml"
    latin.write_bytes("# für uns".encode("latin-1"))

    assert _run("check", str(tmp_path / "nowhere.yml")) == 1
    assert _run("check", str(latin)) == 1

    first, second = capsys.readouterr().err.splitlines()
    assert "nowhere.yml: cannot be read" in first
    assert "latin.yml: cannot be read" in second


def test_the_schema_is_printed_as_it_stands_in_deploy(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("schema") == 0

    assert capsys.readouterr().out == schema_text(CardFile, "Scorecard")
