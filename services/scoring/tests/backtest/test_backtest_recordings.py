"""Events as files hold them: every format says the same, and every mistake is told with its place."""

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from scoring.backtest.errors import InvalidRecording, MissingPackages
from scoring.backtest.recordings.event_files import read_recording
from scoring.backtest.recordings.recording import Recording, unpack
from scoring.health.moments import DAY
from support.tools import needs_analysis

CSV = """\
event_id,account_id,user_id,name,time,properties
e-1,acme,ann,session.started,2026-03-02T09:00:00Z,
e-2,acme,ann,report.created,2026-03-02T10:30:00+01:00,"{""pages"": 3, ""kind"": ""sales""}"
,birch,,session.started,2026-03-05T23:59:59Z,
"""
ROWS: list[dict[str, Any]] = [
    {
        "event_id": "e-1", "account_id": "acme", "user_id": "ann", "name": "session.started",
        "time": "2026-03-02T09:00:00Z",
    },
    {
        "event_id": "e-2", "account_id": "acme", "user_id": "ann", "name": "report.created",
        "time": "2026-03-02T10:30:00+01:00", "properties": {"pages": 3, "kind": "sales"},
    },
    {"account_id": "birch", "name": "session.started", "time": "2026-03-05T23:59:59Z"},
]  # fmt: skip


def contents(recording: Recording) -> list[tuple[object, ...]]:
    return [
        (account.account_id, at, event.event_id, event.user_id, event.name, event.time, event.properties)
        for account in recording.accounts
        for at, event in ((at, unpack(body)) for at, body in account.events)
    ]


EXPECTED = [
    (
        "acme", datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp(), "e-1", "ann", "session.started",
        datetime(2026, 3, 2, 9, tzinfo=UTC), {},
    ),
    (
        "acme", datetime(2026, 3, 2, 9, 30, tzinfo=UTC).timestamp(), "e-2", "ann", "report.created",
        datetime(2026, 3, 2, 9, 30, tzinfo=UTC), {"pages": 3, "kind": "sales"},
    ),
    (
        "birch", datetime(2026, 3, 5, 23, 59, 59, tzinfo=UTC).timestamp(), "row-3", None, "session.started",
        datetime(2026, 3, 5, 23, 59, 59, tzinfo=UTC), {},
    ),
]  # fmt: skip


@pytest.mark.parametrize("name", ["events.csv", "events.csv.gz", "events.jsonl", "events.ndjson.gz"])
def test_text_files_in_every_format_hold_the_same_events(tmp_path: Path, name: str) -> None:
    text = CSV if "csv" in name else "\n".join(map(json.dumps, ROWS)) + "\n\n"
    file = tmp_path / name
    file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())

    recording = read_recording(file)

    assert contents(recording) == EXPECTED
    assert (recording.days, recording.day_zero, recording.end / DAY - recording.first_day) == (
        4,
        recording.first_day,
        4,
    )
    assert recording.names == ("session.started", "report.created")


@needs_analysis("pyarrow")
@pytest.mark.parametrize("properties", ["text", "struct"])
def test_a_parquet_file_holds_the_same_events(tmp_path: Path, properties: str) -> None:
    from scoring.backtest import packages

    arrow, parquet = packages.load("pyarrow"), packages.load("pyarrow.parquet")
    rows = [
        row
        | {"time": datetime.fromisoformat(row["time"])}
        | ({"properties": json.dumps(row.get("properties", {}))} if properties == "text" else {})
        for row in ROWS
    ]
    file = tmp_path / "events.parquet"
    columns = {name: [row.get(name) for row in rows] for name in ("event_id", *ROWS[1])}
    parquet.write_table(arrow.table(columns), file)

    assert contents(read_recording(file)) == EXPECTED


def test_without_pyarrow_a_parquet_file_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.backtest.packages.is_installed", lambda package: False)
    file = tmp_path / "events.parquet"
    file.write_bytes(b"PAR1")

    with pytest.raises(MissingPackages, match=r"^a Parquet file needs pyarrow: make analysis, or pip install "):
        read_recording(file)


def test_the_records_of_the_log_can_be_read_as_they_are(tmp_path: Path) -> None:
    record = ROWS[0] | {"type": "event", "source": "web", "received_at": "2026-03-02T09:00:01Z", "history": True}
    file = tmp_path / "events.jsonl"
    file.write_text(json.dumps(record))

    (account,) = read_recording(file).accounts

    event = unpack(account.events[0][1])
    # An import counts as if live: it is applied at its own times.
    assert (event.source, event.history) == ("web", False)
    assert read_recording(file).imported == 1


def test_an_event_that_comes_twice_counts_once_and_one_without_an_id_each_time(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in [*ROWS, ROWS[0], ROWS[2]]))

    recording = read_recording(file)

    assert (recording.events, recording.duplicates) == (4, 1)


def test_events_are_applied_by_their_time_and_at_equal_times_by_their_row(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text(
        "account_id,name,time\nacme,third,2026-03-02T12:00:00Z\nacme,first,2026-03-02T11:00:00Z\n"
        "acme,fourth,2026-03-02T12:00:00Z\nacme,second,2026-03-02T11:00:00Z\n"
    )

    (account,) = read_recording(file).accounts

    assert [unpack(body).name for _, body in account.events] == ["first", "second", "third", "fourth"]


def test_the_decisions_are_those_of_the_outcomes_file_and_of_ended_contracts(tmp_path: Path) -> None:
    file, outcomes = tmp_path / "events.csv", tmp_path / "outcomes.csv"
    file.write_text(
        "account_id,name,time\nacme,session.started,2026-03-02T12:00:00Z\nbirch,contract.ended,2026-03-03T12:00:00Z\n"
        "cedar,contract.ended,2026-03-09T12:00:00Z\ndune,session.started,2026-03-02T12:00:00Z\n"
    )
    outcomes.write_text(
        "account_id,churned_at,why\nacme,2026-03-20,price\ncedar,2026-03-04T06:00:00Z,\ndune,,\nnever-seen,2026-03-01,\n"
    )

    decisions = read_recording(file, outcomes=outcomes).decisions

    assert {account: datetime.fromtimestamp(at, UTC) for account, at in decisions.items()} == {
        "acme": datetime(2026, 3, 20, tzinfo=UTC),
        "birch": datetime(2026, 3, 3, 12, tzinfo=UTC),
        "cedar": datetime(2026, 3, 4, 6, tzinfo=UTC),  # the earlier of the two
    }


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("e.csv", "account_id,name,time\na,b.c,yesterday\n", ":2: Invalid RFC3339 encoded datetime - at `$.time`"),
        ("e.csv", "account_id,name,time\na,b.c,2026-03-02T12:00:00\n", ":2: Expected `datetime` with a timezone"),
        (
            "e.csv",
            "account_id,name,time\n,b.c,2026-03-02T12:00:00Z\n",
            ":2: Object missing required field `account_id`",
        ),
        ("e.csv", "account_id,name,time\na,b.c\n", ":2: has 2 fields, the header 3"),
        ("e.csv", "account_id,name,time,plan\n", ":1: unknown column 'plan': known are account_id, name, time, "),
        ("e.csv", "account_id,time\n", ":1: has no column 'name', only account_id, time"),
        ("e.csv", "", ": is empty: its first line has to name the columns"),
        ("e.csv", "account_id,name,time\n", ": holds no event"),
        (
            "e.csv",
            'account_id,name,time,properties\na,b.c,2026-03-02T12:00:00Z,"{""x"":"\n',
            ":2: Input data was truncated",
        ),
        ("e.jsonl", '{"account_id": "a", "name": "b.c", "time": "2026-03-02T12:00:00Z"}\n{"account', ":2: Input data"),
        (
            "e.jsonl",
            '\n{"account_id": "a", "name": "b.c", "time": "2026-03-02T12:00:00Z", "plan": 1}',
            ":2: Object contains unknown field `plan`",
        ),
        ("e.xml", "<x/>", ": the name has to end in .csv, .jsonl or .parquet, with .gz or without"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_place(tmp_path: Path, name: str, text: str, told: str) -> None:
    file = tmp_path / name
    file.write_text(text)

    with pytest.raises(InvalidRecording) as raised:
        read_recording(file)

    assert str(raised.value).startswith(f"{file}{told}")
    assert "\n" not in str(raised.value)


def test_a_gzip_file_that_was_cut_off_is_named(tmp_path: Path) -> None:
    file = tmp_path / "e.csv.gz"
    file.write_bytes(gzip.compress(CSV.encode())[:-12])

    with pytest.raises(InvalidRecording, match=r"e\.csv\.gz: cannot be read: "):
        read_recording(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecording, match=r"nowhere\.csv: cannot be read: .*No such file"):
        read_recording(tmp_path / "nowhere.csv")


def test_a_file_that_is_no_utf_8_is_named(tmp_path: Path) -> None:
    file = tmp_path / "e.csv"
    file.write_bytes(b"account_id,name,time\n\xff,b.c,2026-03-02T12:00:00Z\n")

    with pytest.raises(InvalidRecording, match=r"e\.csv: is not UTF-8 text"):
        read_recording(file)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("account_id,left\nacme,2026-03-01\n", ":1: has no column 'churned_at', only account_id, left"),
        ("account_id,churned_at\nacme,soon\n", ":2: churned_at 'soon' is neither RFC 3339 nor a date"),
    ],
)
def test_a_mistake_in_an_outcomes_file_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    file, outcomes = tmp_path / "events.csv", tmp_path / "outcomes.csv"
    file.write_text(CSV)
    outcomes.write_text(text)

    with pytest.raises(InvalidRecording) as raised:
        read_recording(file, outcomes=outcomes)

    assert str(raised.value) == f"{outcomes}{told}"


def test_deadlines_are_for_course_files(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text(CSV)

    with pytest.raises(InvalidRecording, match=r"--deadlines goes with course files"):
        read_recording(file, deadlines=file)
