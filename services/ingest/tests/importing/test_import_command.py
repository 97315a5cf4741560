"""`python -m ingest import`: every row of a file is an event once, or is in the report with its reason."""

import csv
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from common.keys import Scope
from ingest.importing.job import ImportChoices, open_job
from ingest.in_memory import NOW
from support.imports import HEADER, day, run, write
from support.served_ingest import ServedIngest


def report_of(file: Path) -> list[dict[str, str]]:
    with file.with_name(f"{file.name}.refused.csv").open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def test_each_row_becomes_an_event_of_history(
    imported: ServedIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(
        tmp_path / "events.csv",
        HEADER,
        f'acme,Session Ended,{day(1)},ann@acme.example,12.5,"pro, yearly"',
        f"bolt,userLoggedIn,{day(2)},,,",
    )

    assert run(file) == 0

    found = {event.account_id: event for event in imported.events()}
    acme, bolt = found["acme"], found["bolt"]
    assert (acme.name, acme.user_id, acme.history) == ("session.ended", "ann@acme.example", True)
    assert acme.time == NOW - timedelta(days=59)
    assert acme.properties == {"seconds": 12.5, "plan": "pro, yearly"}
    assert (bolt.name, bolt.user_id, bolt.properties) == ("user.logged_in", None, {})
    assert "2 rows: 2 taken, 0 refused" in capsys.readouterr().out
    assert not file.with_name("events.csv.refused.csv").exists()


def test_a_file_that_was_imported_is_not_sent_again(
    imported: ServedIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "events.csv", HEADER, f"acme,Session Started,{day(1)},,,")
    assert run(file) == 0
    posts = imported.posts

    assert run(file) == 0
    assert imported.posts == posts
    assert "all of it has been imported before" in capsys.readouterr().out

    assert run(file, "--restart") == 0
    assert len(imported.events()) == 2
    assert len({event.event_id for event in imported.events()}) == 1


def test_identical_rows_are_different_events(imported: ServedIngest, tmp_path: Path) -> None:
    row = f"acme,Session Started,{day(1)},ann,,"
    assert run(write(tmp_path / "events.csv", HEADER, row, row, row)) == 0
    assert len({event.event_id for event in imported.events()}) == 3


def test_a_file_that_has_changed_is_refused(
    imported: ServedIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "events.csv", HEADER, f"acme,Session Started,{day(1)},,,")
    assert run(file) == 0
    write(file, HEADER, f"acme,Session Started,{day(2)},ann,,")

    assert run(file) == 2
    assert "the file has changed since import events.csv-" in capsys.readouterr().err
    assert len(imported.events()) == 1


def test_refused_rows_can_be_corrected_in_the_report_and_imported(imported: ServedIngest, tmp_path: Path) -> None:
    file = write(
        tmp_path / "events.csv",
        HEADER,
        f"acme,Session Ended,{day(1)},,10,",
        f",Session Ended,{day(2)},,10,",
        f'acme,Session Ended,{day(3)},,"1,5",a',
        f"acme,Session Ended,{day(4)},,-5,b",
        f"acme,Нажато,{day(5)},,,",
        f"acme,Session Ended,{(NOW + timedelta(days=9)).isoformat()},,,",
        "acme,Session Ended,3.1.2026,,,",
        "acme,Session Ended",
    )
    assert run(file) == 1

    rows = report_of(file)
    assert [(row["import.row"], row["import.line"], row["import.field"], row["import.reason"]) for row in rows] == [
        ("2", "3", "Account ID", "missing"),
        ("3", "4", "Seconds", "bad_number"),
        ("4", "5", "properties.seconds", "out_of_range"),
        ("5", "6", "Event", "bad_name"),
        ("6", "7", "time", "in_the_future"),
        ("7", "8", "Timestamp", "bad_time"),
        ("8", "9", "", "cell_count"),
    ]
    assert "a comma may part decimals or thousands" in rows[1]["import.detail"]
    assert (rows[1]["Seconds"], rows[1]["Plan"]) == ("1,5", "a")

    report = file.with_name("events.csv.refused.csv")
    corrected = report.read_text(encoding="utf-8-sig").replace('"1,5"', "1.5").replace("-5,b", "5,b")
    mended = tmp_path / "mended.csv"
    mended.write_text(corrected, encoding="utf-8", newline="")
    assert run(mended) == 1
    taken = [event.properties for event in imported.events()]
    assert sorted(taken, key=str) == [
        {"seconds": 1.5, "plan": "a"},
        {"seconds": 10},
        {"seconds": 5, "plan": "b"},
    ]


def test_a_preview_asks_ingest_and_sends_nothing(
    imported: ServedIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(
        tmp_path / "events.csv",
        HEADER,
        f"acme,Session Ended,{day(2)},,10,pro",
        f"acme,Session Ended,{day(1)},,-1,free",
    )
    assert run(file, "--preview") == 1

    shown = capsys.readouterr().out
    assert "Account ID  account_id" in shown
    assert re.search(r"Seconds +properties.seconds, number +10 \| -1\n", shown)
    assert "1 of 2 rows are earlier than an earlier row of their account, by up to 24 hours" in shown
    assert "row 2 (line 3): properties.seconds: out_of_range" in shown
    assert imported.events() == []
    assert [path.name for path in tmp_path.iterdir()] == ["events.csv"]


def test_a_file_does_not_write_to_the_terminal(
    imported: ServedIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "events.csv", f"{HEADER},\x1b]0;title\x07", f"acme,\x1b[2J Started,{day(1)},,,,\x1b[1m")
    assert run(file, "--preview") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_facts_are_not_history(imported: ServedIngest, tmp_path: Path) -> None:
    """As history they would bring the account's clock to today, and its events after that would make no curve."""
    file = write(
        tmp_path / "accounts.csv",
        "Account ID;Company;CSM;ARR;Contract Start;Renewal Date;Seats;Industry",
        "acme;Acme;dana@example.com;50000;2025-02-01;2026-02-01;10;steel",
        "bolt;;;;;;;",
    )
    assert run(file) == 0

    assert imported.history == [False]
    found = {event.account_id: event for event in imported.events()}
    assert (found["acme"].name, found["acme"].history) == ("account.updated", False)
    assert found["acme"].properties == {
        "name": "Acme",
        "owner": "dana@example.com",
        "arr": 50000,
        "contract_start": "2025-02-01",
        "contract_end": "2026-02-01",
        "seats": 10,
        "industry": "steel",
    }
    assert found["bolt"].properties == {}


def test_facts_may_have_a_time_and_be_history(imported: ServedIngest, tmp_path: Path) -> None:
    """As history they open a first look at accounts that are known already: one message, whatever they change."""
    file = write(tmp_path / "accounts.csv", "id,name,arr,updated_at", f"acme,Acme,50000,{day(1)}")
    assert run(file) == 0
    assert run(file, "--restart", "--history") == 0
    assert imported.history == [False, True]
    assert [event.time for event in imported.events()] == [NOW - timedelta(days=59)] * 2


def test_json_lines_are_events_in_our_own_format_or_flat_rows(imported: ServedIngest, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    own = {
        "event_id": "e-1",
        "account_id": "acme",
        "name": "nps.answered",
        "time": day(1),
        "properties": {"score": 9},
    }
    flat = {"account_id": 4711, "name": "Session Ended", "time": day(2), "seconds": 60, "tags": ["a"], "user_id": None}
    file.write_text(f"{json.dumps(own)}\n\n{json.dumps(flat)}\nno json\n[1]\n", encoding="utf-8")
    assert run(file) == 1

    found = {event.account_id: event for event in imported.events()}
    assert (found["acme"].event_id, found["acme"].properties) == ("e-1", {"score": 9})
    assert found["4711"].properties == {"seconds": 60, "tags": ["a"]}
    assert [(row["import.line"], row["import.reason"], row["import.text"]) for row in report_of(file)] == [
        ("4", "malformed", "no json"),
        ("5", "not_an_object", "[1]"),
    ]


def test_a_batch_of_which_ingest_takes_nothing_is_in_the_report(imported: ServedIngest, tmp_path: Path) -> None:
    long_ago = (NOW - timedelta(days=4000)).isoformat()
    file = write(tmp_path / "events.csv", HEADER, f"acme,Session Started,{long_ago},,,", f"bolt,Run,{long_ago},,,")
    assert run(file) == 1
    assert [row["import.reason"] for row in report_of(file)] == ["too_old", "too_old"]
    assert imported.events() == []


def test_a_file_without_rows_is_imported_at_once(imported: ServedIngest, tmp_path: Path) -> None:
    assert run(write(tmp_path / "events.csv", HEADER)) == 0
    assert imported.posts == 0


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_is_busy_gets_the_same_batch_again(imported: ServedIngest, tmp_path: Path, status: int) -> None:
    imported.answers += [status, status]
    assert run(write(tmp_path / "events.csv", HEADER, f"acme,Session Started,{day(1)},,,")) == 0
    assert (imported.posts, len(imported.events())) == (3, 1)


def test_an_import_that_was_stopped_goes_on_behind_what_was_answered(
    imported: ServedIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"acme,Session Started,{day(1)},,," for _ in range(6000)]
    file = write(tmp_path / "events.csv", HEADER, ",Session Started,,,,", *rows)
    imported.refuses_from = 2

    assert run(file) == 2
    assert "ingest answered 403: not now" in capsys.readouterr().err
    assert len(imported.events()) == 5000

    imported.refuses_from = None
    assert run(file) == 1
    shown = capsys.readouterr().out
    assert "goes on behind the first 5,001 rows" in shown
    assert "6,001 rows: 6,000 taken, 1 refused" in shown
    assert len({event.event_id for event in imported.events()}) == len(imported.events()) == 6000
    assert [row["import.row"] for row in report_of(file)] == ["1"]


def test_a_row_of_an_erased_person_is_refused(imported: ServedIngest, tmp_path: Path) -> None:
    key = imported.built.result().keys.create(scopes=frozenset({Scope.ADMIN}))
    url = f"{imported.environment['INGEST_URL']}/v1/users/ann%40acme.example"
    assert httpx.delete(url, headers={"authorization": f"Bearer {key}"}).status_code == httpx.codes.ACCEPTED
    file = write(
        tmp_path / "events.csv",
        HEADER,
        f"acme,Session Ended,{day(1)},ann@acme.example,10,",
        f"acme,Session Ended,{day(2)},bob@acme.example,10,",
    )
    assert run(file) == 1
    (row,) = report_of(file)
    assert (row["import.row"], row["import.field"], row["import.reason"]) == ("1", "user_id", "erased")
    assert [event.user_id for event in imported.events()] == ["bob@acme.example"]


@pytest.mark.parametrize(
    ("lines", "options", "said"),
    [
        # Nobody can know which of the two is meant.
        ((f"{HEADER},Plan",), (), "2 columns are named 'Plan' (#6, #7)"),
        (("Account ID,Event",), (), "no column says when it happened"),
        (("colour,shape",), (), "--as events or --as accounts"),
        ((HEADER,), ("--map", "Colour=time"), "there is no column 'Colour'"),
        ((HEADER,), ("--map", "Plan=colour"), "a column becomes account_id"),
        ((), (), "is empty"),
    ],
)
def test_a_file_that_cannot_be_mapped_is_refused_with_the_reason(
    lines: tuple[str, ...], options: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(write(tmp_path / "events.csv", *lines), *options) == 2
    assert said in capsys.readouterr().err


def test_without_a_key_or_a_service_nothing_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("WRITE_KEY", raising=False)
    assert run(write(tmp_path / "events.csv", HEADER)) == 2
    assert "WRITE_KEY is not set" in capsys.readouterr().err
    assert run(tmp_path / "none.csv") == 2
    assert run(write(tmp_path / "events.xlsx", HEADER)) == 2


def test_nothing_is_sent_where_the_state_cannot_be_kept(
    imported: ServedIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "events.csv", HEADER, f"acme,Session Started,{day(1)},,,")
    assert run(file, "--state", tmp_path / "none" / "state.json") == 2
    assert "cannot be written" in capsys.readouterr().err
    assert imported.events() == []


def test_a_file_is_read_as_its_rows_are_sent(tmp_path: Path) -> None:
    """So memory does not grow with the file."""
    rows = (f"acme-{number},Session Ended,{day(1)},,{number},pro" for number in range(5000))
    job = open_job(write(tmp_path / "events.csv", HEADER, *rows), ImportChoices())
    with job.outcomes() as (outcomes, fraction):
        next(outcomes)
        assert 0.0 < fraction() < 0.1
        assert sum(1 for _ in outcomes) == 4999
        assert fraction() == 1.0


def test_sorted_rows_are_sent_by_account_and_time(
    imported: ServedIngest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(
        tmp_path / "events.csv",
        HEADER,
        f"bolt,Report Created,{day(5)},,,",
        f"acme,Report Created,{day(9)},,,",
        f"acme,Session Started,{day(1)},,,",
        f"bolt,Session Started,{day(3)},,,",
        f"acme,Workflow Run,{day(9)},,,",
    )
    assert run(file, "--sort") == 0
    events = imported.events()
    acme = [event.name for event in events if event.account_id == "acme"]
    bolt = [event.name for event in events if event.account_id == "bolt"]
    assert acme == ["session.started", "report.created", "workflow.run"]
    assert bolt == ["session.started", "report.created"]

    # Sorted or not, a row is the same event.
    assert run(file) == 2
    assert "5 rows of this file were taken as import events.csv-" in capsys.readouterr().err
    assert run(file, "--restart") == 0
    assert len({event.event_id for event in imported.events()}) == 5


def test_times_without_zone_need_one(imported: ServedIngest, tmp_path: Path) -> None:
    file = write(tmp_path / "events.csv", HEADER, "acme,Session Started,2026-01-02 09:00:00,,,")
    assert run(file) == 1
    assert [row["import.reason"] for row in report_of(file)] == ["no_zone"]

    # Nothing was taken, so other options begin with the first row.
    assert run(file, "--zone", "Europe/Berlin") == 0
    assert [event.time for event in imported.events()] == [datetime(2026, 1, 2, 8, tzinfo=UTC)]
