"""`python -m scoring backtest`, as a person and a script use it."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scoring.__main__ import main
from support.cards import SMALL
from support.tools import needs_analysis

STRICTER = SMALL.replace("red: 40, yellow: 70", "red: 60, yellow: 90")
DAYS = 90
WELL = tuple(f"acme-{number}" for number in range(20))


def events() -> str:
    """Twenty accounts of ann's come every other day, one of bob's comes daily and stops on day 40."""
    rows = ["account_id,user_id,name,time,properties"]
    for account, owner in (*((name, "ann") for name in WELL), ("birch", "bob")):
        facts = json.dumps({"owner": f"{owner}@example.com", "name": account.title()}).replace('"', '""')
        rows.append(f'{account},,account.updated,{stamp(0)},"{facts}"')
    for day in range(DAYS):
        for account in (*(WELL if day % 2 else ()), *(("birch",) if day < 40 else ())):
            for user in ("u1", "u2", "u3", "u4"):
                rows.append(f"{account},{account}-{user},session.started,{stamp(day)},")
    return "\n".join(rows) + "\n"


def stamp(day: int) -> str:
    month, of_month = divmod(day, 28)
    return f"2026-{month + 1:02}-{of_month + 1:02}T09:00:00Z"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with events, outcomes and two cards."""
    (tmp_path / "events.csv").write_text(events())
    (tmp_path / "outcomes.csv").write_text("account_id,churned_at\nbirch,2026-03-01\n")
    (tmp_path / "card.yml").write_text(SMALL)
    (tmp_path / "stricter.yml").write_text(STRICTER)
    return tmp_path


def back_test(files: Path, *words: str) -> int:
    given = ["--events", str(files / "events.csv"), "--card", str(files / "card.yml"), "--processes", "1"]
    return main(["backtest", *given, *words])


def test_what_would_have_been_signalled_is_told_by_owner_and_with_reasons(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert back_test(files, "--no-baselines") == 0

    told = capsys.readouterr().out
    assert "over 3,781 events of 21 accounts, 2026-01-01 to 2026-04-06 (96 days)." in told
    assert "Signals, not messages: routes, repeats and quiet hours belong to alerts." in told
    lines = [line.split() for line in told.splitlines()]
    assert ["bob@example.com", "1", "0.2", "1", "0"] in lines
    assert ["ann@example.com", "20", "0.0", "0", "0"] in lines
    (standing,) = [line for line in told.splitlines() if line.startswith("  red")]
    assert "birch (Birch), bob@example.com: -" in standing


def test_the_json_has_every_measure_by_its_name(files: Path) -> None:
    file = files / "out.json"

    assert back_test(files, "--outcomes", str(files / "outcomes.csv"), "--json", str(file), "--no-baselines") == 0

    found: dict[str, Any] = json.loads(file.read_text())
    for name in ("auc", "auc_within_date", "auc_outcome", "auc_outcome_within_date"):
        assert 0 <= found[name] <= 1
        assert len(found[f"{name}_interval"]) == 2
    for part in (found, found["by_signals"], found["by_line"]):
        for name in ("early_recall", "timely_recall", "repeats", "precision", "lead_days"):
            assert set(part[name]) <= {"3", "5", "7", "all"}
    assert set(found["early_recall"]) == {"3", "5", "7"}
    assert found["by_signals"]["early_recall"]["all"] in (0.0, 1.0)
    assert found["churned"] == 1
    assert set(found["methods"]) == {"shuffled control"}
    owners = {one["owner"]: one for one in found["people"]["card"]["owners"]}
    assert owners["ann@example.com"]["accounts"] == 20


def test_every_alert_is_in_the_csv_with_its_reason(files: Path) -> None:
    file = files / "out.csv"

    assert back_test(files, "--csv", str(file), "--no-baselines") == 0

    with file.open(newline="") as text:
        rows = list(csv.DictReader(text))
    signals = [row for row in rows if row["way"] == "signal"]
    assert {row["account_id"] for row in signals} == {"birch"}
    assert {(row["kind"], row["to"]) for row in signals} >= {("flag", "gone_quiet"), ("band", "red")}
    assert all(row["owner"] == "bob@example.com" and " since " in row["reason"] for row in signals)
    assert all(float(row["after"]) <= float(row["before"]) for row in signals)
    ordered = [row for row in rows if row["way"] == "order at 5"]
    assert {row["way"] for row in rows} <= {"signal", "signal, nothing to handle", "order at 5"}
    fell = [row for row in ordered if row["account_id"] == "birch" and row["at"] > "2026-02-10"]
    assert fell[0]["reason"].startswith("lost in two weeks: -15 silence")
    assert {row["reason"] for row in ordered} >= {"nothing is wrong: the budget reaches accounts that are well"}


def test_another_card_shows_what_changes_for_people(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = files / "out.json"

    assert back_test(files, "--against", str(files / "stricter.yml"), "--json", str(file), "--no-baselines") == 0

    told = capsys.readouterr().out
    assert "What changes for people with card " in told
    assert "accounts would newly be alerted" in told
    found = json.loads(file.read_text())
    assert set(found["people"]) == {"card", "against"}
    assert found["changes"]["after"] == found["people"]["card"]["card_id"] == found["card_id"]
    assert found["changes"]["before"] == found["people"]["against"]["card_id"]
    # The stricter card would tell of accounts that are well by the other one.
    assert set(found["changes"]["no_longer"]) <= set(WELL)
    assert "against" in found["methods"]


@needs_analysis("matplotlib")
def test_the_picture_is_a_png(files: Path) -> None:
    file = files / "out.png"

    assert back_test(files, "--png", str(file), "--no-baselines") == 0

    assert file.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert file.stat().st_size > 10_000


def test_without_matplotlib_a_picture_is_refused_before_anything_is_read(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scoring.backtest.packages.is_installed", lambda package: False)
    (files / "events.csv").unlink()

    assert back_test(files, "--png", str(files / "out.png")) == 1

    assert capsys.readouterr().err == (
        "--png needs matplotlib: make analysis, or pip install 'churn-signals-scoring[analysis]'\n"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--card", "nowhere.yml"), "nowhere.yml: cannot be read: "),
        (("--against", "broken.yml"), "broken.yml:1:1: 'metrics' is missing"),
        (("--activity", "page.viewed"), "no event 'page.viewed' was recorded, only account.updated, session.started"),
        (("--outcomes", "events.csv"), "events.csv:1: has no column 'churned_at', only account_id, user_id, name"),
        (("--json", "nowhere/out.json"), "[Errno 2] No such file or directory: "),
    ],
)
def test_a_mistake_is_told_in_a_line(
    files: Path,
    words: tuple[str, str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(files)
    (files / "broken.yml").write_text("version: 1\n")

    assert back_test(files, "--no-baselines", *words) == 1

    error = [line for line in capsys.readouterr().err.splitlines() if "scored" not in line]
    assert error[0].startswith(told)


@pytest.mark.servers
def test_the_command_runs_as_a_program_on_many_processes(files: Path) -> None:
    command = [sys.executable, "-m", "scoring", "backtest", "--events", str(files / "events.csv")]

    done = subprocess.run(
        [*command, "--card", str(files / "card.yml"), "--no-baselines"], capture_output=True, text=True, check=True
    )

    assert "What it was worth" in done.stdout
    assert "scored: 100 %" in done.stderr


@pytest.mark.servers
def test_help_and_other_commands_import_nothing_of_it() -> None:
    program = """
import sys
from scoring.__main__ import main
try:
    main(["backtest", "--help"])
except SystemExit:
    print([one for one in ("numpy", "sklearn", "matplotlib", "pyarrow", "scipy", "holidays") if one in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"
