"""Course data: small files by hand, and the real ones where they are."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scoring.__main__ import main
from scoring.backtest.errors import InvalidRecording
from scoring.backtest.recordings.event_files import read_recording
from scoring.backtest.recordings.recording import Recording, unpack
from scoring.health.moments import day_number

CHECKOUT = Path(__file__).parents[4]
DATA = CHECKOUT.parent / "shared" / "data" / "oulad"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no course data at ../shared/data/oulad")
CARD = CHECKOUT / "deploy" / "examples" / "oulad.yml"

DAY_0 = datetime(2024, 2, 1, tzinfo=UTC)
EVENTS = """\
account_id,day,date,event_type,resource_id,clicks,score
ann,-3,2024-01-29,homepage,10,5,
ann,0,2024-02-01,homepage,10,2,
ann,0,2024-02-01,homepage,10,2,
ann,18,2024-02-19,assessment_submitted,77,,81
bob,30,2024-03-02,quiz,11,1,
"""
OUTCOMES = """\
account_id,outcome,withdrawn_day,withdrawn_date,registered_day
ann,Pass,,,-90
bob,Withdrawn,28.0,2024-02-29,20
cyd,Withdrawn,-10.0,2024-01-22,-40
dee,Fail,,,
"""
DEADLINES = "resource_id,due_day,weight\n77,19,10.0\n78,40,\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "events.csv.gz").write_bytes(gzip.compress(EVENTS.encode()))
    (tmp_path / "outcomes.csv").write_text(OUTCOMES)
    (tmp_path / "deadlines.csv").write_text(DEADLINES)
    return tmp_path


def read(files: Path, *, outcomes: bool = True) -> Recording:
    return read_recording(
        files / "events.csv.gz",
        deadlines=files / "deadlines.csv",
        outcomes=files / "outcomes.csv" if outcomes else None,
    )


def told(recording: Recording, account_id: str) -> list[tuple[str, datetime, dict[str, object]]]:
    (events,) = (each.events for each in recording.accounts if each.account_id == account_id)
    return [(event.name, event.time, event.properties) for event in (unpack(body) for _, body in events)]


def test_a_course_is_known_by_its_columns_and_counts_from_its_day_0(files: Path) -> None:
    recording = read(files)

    assert recording.day_zero == day_number(DAY_0.date())
    assert recording.first_day == recording.day_zero - 3
    assert recording.days == 3 + 31
    assert [each.account_id for each in recording.accounts] == ["ann", "bob", "dee"]
    assert recording.decisions == {"bob": (DAY_0 + timedelta(days=28)).timestamp()}


def test_rows_of_a_day_are_spread_over_it_and_rows_that_look_alike_stay_two(files: Path) -> None:
    views = [(at, properties) for name, at, properties in told(read(files), "ann") if name == "page.viewed"]

    page = {"activity": "homepage", "resource": "10", "clicks": 2}
    morning = DAY_0 + timedelta(hours=8)
    assert views[1:] == [(morning, page), (morning + timedelta(hours=7), page)]


def test_a_submission_reaches_its_step(files: Path) -> None:
    ann = told(read(files), "ann")

    at = DAY_0 + timedelta(days=18, hours=8)
    assert ann[-2:] == [
        ("assessment.submitted", at, {"resource": "77", "score": 81.0}),
        ("milestone.reached", at, {"step": "77"}),
    ]


def test_accounts_join_at_registration_and_plan_the_deadlines_ahead_of_them(files: Path) -> None:
    recording = read(files)

    opens = DAY_0 - timedelta(days=3)
    assert told(recording, "ann")[:3] == [
        ("account.updated", opens, {"stage": "adoption"}),
        ("milestone.planned", opens, {"step": "77", "due": "2024-02-21T00:00:00+00:00", "weight": 10.0}),
        ("milestone.planned", opens, {"step": "78", "due": "2024-03-13T00:00:00+00:00"}),
    ]
    assert [name for name, _, _ in told(recording, "bob")] == ["account.updated", "milestone.planned", "page.viewed"]
    assert told(recording, "dee")[0][1] == DAY_0, "whose registration nobody knows joins on day 0"


def test_without_outcomes_an_account_begins_with_its_first_row(files: Path) -> None:
    recording = read(files, outcomes=False)

    assert [each.account_id for each in recording.accounts] == ["ann", "bob"]
    assert told(recording, "bob")[0][1] == DAY_0 + timedelta(days=30)
    assert recording.decisions == {}


@pytest.mark.parametrize(
    ("file", "spoiled", "reason"),
    [
        ("deadlines.csv", ("due_day", "when"), ":1: has no column 'due_day', only resource_id, when, weight"),
        ("deadlines.csv", ("77,19", "77,soon"), ":2: 'soon' is not a number"),
        ("outcomes.csv", ("28.0", "late"), ":3: 'late' is not a number"),
        ("events.csv", ("0,2024-02-01", "x,2024-02-01"), ":3: invalid literal for int() with base 10: 'x'"),
        ("events.csv", ("-3,2024-01-29", "-3,29.1.2024"), ":2: Invalid isoformat string: '29.1.2024'"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, file: str, spoiled: tuple[str, str], reason: str) -> None:
    texts = {"events.csv": EVENTS, "outcomes.csv": OUTCOMES, "deadlines.csv": DEADLINES}
    for name, text in texts.items():
        (tmp_path / name).write_text(text.replace(*spoiled, 1) if name == file else text)

    with pytest.raises(InvalidRecording) as raised:
        read_recording(
            tmp_path / "events.csv", deadlines=tmp_path / "deadlines.csv", outcomes=tmp_path / "outcomes.csv"
        )

    assert str(raised.value) == f"{tmp_path / file}{reason}"


@needs_data
def test_the_real_course_has_what_its_readme_says() -> None:
    recording = read_recording(
        DATA / "events_AAA_2013J.csv.gz",
        deadlines=DATA / "deadlines_AAA_2013J.csv",
        outcomes=DATA / "outcomes_AAA_2013J.csv",
    )

    names = [recording.names[index] for index in recording.columns.name]
    assert names.count("page.viewed") + names.count("assessment.submitted") == 182_615
    active = {
        account
        for account, name in zip(recording.columns.account, names, strict=True)
        if name in ("page.viewed", "assessment.submitted")
    }
    assert len(active) == 378


@needs_data
def test_the_baselines_of_the_real_course_are_as_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured before by prototypes: days since the last click .71, one decayed counter .82 to .84."""
    # What learns takes longest, and is tested on small companies.
    monkeypatch.setattr("scoring.backtest.packages.is_installed", lambda package: False)
    file = tmp_path / "out.json"
    words = ["--events", str(DATA / "events_AAA_2013J.csv.gz"), "--outcomes", str(DATA / "outcomes_AAA_2013J.csv")]
    words += ["--deadlines", str(DATA / "deadlines_AAA_2013J.csv"), "--card", str(CARD), "--json", str(file)]

    assert main(["backtest", *words]) == 0

    found = json.loads(file.read_text())
    methods = found["methods"]
    assert methods["days since last event"]["auc"] == pytest.approx(0.716, abs=0.01)
    assert methods["decayed counter, 14 days"]["auc"] == pytest.approx(0.818, abs=0.01)
    assert methods["decayed counter, 14 days"]["auc_within_date"] == pytest.approx(0.848, abs=0.01)
    assert methods["chance"]["auc_within_date"] == pytest.approx(0.5, abs=0.04)
    low, high = methods["shuffled control"]["auc_within_date_interval"]
    assert low < 0.5 < high
    assert found["churned"] == 151
