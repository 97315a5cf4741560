"""The ids that imported rows get: no two rows of two tables have one, and no row gets two."""

from collections import Counter
from pathlib import Path

import pytest

from support.imports import HEADER, day, run, write
from support.served_ingest import ServedIngest


def test_ids_follow_the_name_of_the_import_and_the_row(imported: ServedIngest, tmp_path: Path) -> None:
    """So a file that has grown at its end counts only what is new, if it is said to be the same import."""
    rows = [HEADER, f"acme,Session Started,{day(1)},,,", f"acme,Report Created,{day(2)},,,"]
    file = write(tmp_path / "events.csv", *rows)
    assert run(file, "--name", "crm") == 0
    write(file, *rows, f"acme,Workflow Run,{day(3)},,,")
    assert run(file, "--name", "crm", "--restart") == 0

    assert len(imported.events()) == 5
    assert Counter(name for name, _ in {(each.name, each.event_id) for each in imported.events()}) == {
        "session.started": 1,
        "report.created": 1,
        "workflow.run": 1,
    }


def test_ids_that_repeat_are_told_before_and_after(
    imported: ServedIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A column `id` may hold something else, such as the person's."""
    file = write(tmp_path / "events.csv", "account,event,time,id", *[f"acme,Session Started,{day(1)},7"] * 3)
    for option in ("--preview", "--sort"):
        assert run(file, option) == 0
        assert "2 rows have the event id of another row of their account" in capsys.readouterr().out


def test_the_numbers_of_two_tables_are_different_events(
    imported: ServedIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Databases number the rows of each table from 1."""
    header = "id,account,event,time"
    logins = write(tmp_path / "logins.csv", header, *[f"{n},acme,Session Started,{day(n)}" for n in (1, 2, 3)])
    reports = write(tmp_path / "reports.csv", header, *[f"{n},acme,Report Created,{day(n)}" for n in (1, 2, 3)])
    assert (run(logins), run(reports)) == (0, 0)
    assert (
        "id       event_id, of the number and the import's name (verbatim: --map id=event_id)"
        in capsys.readouterr().out
    )
    assert len({event.event_id for event in imported.events()}) == 6

    assert run(logins, "--restart") == 0
    assert len({event.event_id for event in imported.events()}) == 6
    assert run(logins, "--restart", "--map", "id=event_id") == 0
    assert {"1", "2", "3"} <= {event.event_id for event in imported.events()}


@pytest.mark.parametrize(("header", "cell"), [("event_id", "7"), ("uuid", "7"), ("id", "order-7"), ("id", "7" * 19)])
def test_ids_that_name_the_event_are_taken_as_they_are(
    imported: ServedIngest, tmp_path: Path, header: str, cell: str
) -> None:
    assert run(write(tmp_path / "events.csv", f"{header},account,event,time", f"{cell},acme,Run,{day(1)}")) == 0
    assert [event.event_id for event in imported.events()] == [cell]


def test_ids_as_a_data_frame_writes_them_are_whole_numbers(
    imported: ServedIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(
        tmp_path / "events.csv",
        "account_id,user_id,event,time",
        f"4711.0,NaN,Session Started,{day(1)}",
        f"4711.0,5.0,Report Created,{day(2)}",
    )
    assert run(file) == 0
    assert "account_id  account_id, 4711.0 is read as 4711" in capsys.readouterr().out
    assert {(event.account_id, event.user_id) for event in imported.events()} == {("4711", None), ("4711", "5")}
