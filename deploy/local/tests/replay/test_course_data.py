import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.replay import course_data
from local.replay.course_data import CourseData
from scoring.backtest.errors import InvalidRecording
from scoring.backtest.recordings.event_files import read_recording
from scoring.backtest.recordings.recording import unpack

DAY_0 = datetime(2024, 2, 1, tzinfo=UTC)
EVENTS = """\
account_id,day,date,event_type,resource_id,clicks,score
ann,-3,2024-01-29,homepage,10,5,
ann,0,2024-02-01,homepage,10,2,
ann,0,2024-02-01,homepage,10,2,
ann,18,2024-02-19,assessment_submitted,77,,81
bob,18,2024-02-19,assessment_submitted,77,,
bob,30,2024-03-02,quiz,11,1,
"""
OUTCOMES = """\
account_id,outcome,withdrawn_day,withdrawn_date,registered_day
ann,Pass,,,-90
bob,Withdrawn,28.0,2024-02-29,20
cyd,Withdrawn,-10.0,2024-01-22,-40
dee,Fail,,,
"""
DEADLINES = """\
resource_id,due_day,weight
77,19,12.5
78,40,
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    events = tmp_path / "events.csv.gz"
    events.write_bytes(gzip.compress(EVENTS.encode()))
    outcomes, deadlines = tmp_path / "outcomes.csv", tmp_path / "deadlines.csv"
    outcomes.write_text(OUTCOMES)
    deadlines.write_text(DEADLINES)
    return events, outcomes, deadlines


@pytest.fixture
def work(files: tuple[Path, Path, Path]) -> CourseData:
    return course_data.read(*files)


def test_the_start_is_day_0_and_the_data_say_when_pages_open_and_close(work: CourseData) -> None:
    assert work.course.start == DAY_0
    assert work.opens == DAY_0 - timedelta(days=3)
    assert work.end == DAY_0 + timedelta(days=31)


def test_rows_that_look_alike_stay_two_events_with_ids_of_their_own(work: CourseData) -> None:
    alike = [one for one in work.events if one.account_id == "ann" and one.time.date() == DAY_0.date()]

    assert [one.event_id for one in alike] == ["row-2", "row-3"]
    assert {one.name for one in alike} == {"page.viewed"}
    assert alike[0].properties == {"activity": "homepage", "clicks": 2, "resource": "10"}
    assert alike[0].time < alike[1].time


def test_a_submission_is_an_event_and_reaches_its_step(work: CourseData) -> None:
    (submitted, reached) = (one for one in work.events if one.event_id.startswith("row-4"))

    assert (submitted.name, submitted.properties) == ("assessment.submitted", {"resource": "77", "score": 81.0})
    assert (reached.name, reached.properties) == ("milestone.reached", {"step": "77"})


def test_accounts_join_at_registration_but_not_before_the_pages_open(work: CourseData) -> None:
    joined = {one.account_id: one.time for one in work.events if one.name == "account.updated"}

    assert joined == {
        "ann": DAY_0 - timedelta(days=3),  # registered long before
        "bob": DAY_0 + timedelta(days=20),
        "dee": DAY_0,  # nobody knows when
    }


def test_deadlines_that_are_still_ahead_are_planned_when_the_account_joins(work: CourseData) -> None:
    planned = [one for one in work.events if one.name == "milestone.planned"]

    assert {(one.account_id, one.properties["step"]) for one in planned} == {
        ("ann", "77"),
        ("ann", "78"),
        ("bob", "78"),
        ("dee", "77"),
        ("dee", "78"),
    }
    # The day of the deadline still counts: it is over at midnight.
    due = {one.properties["due"] for one in planned if one.properties["step"] == "77"}
    assert due == {"2024-02-21T00:00:00+00:00"}


def test_a_deadline_weighs_what_it_counts_for_if_that_is_known(work: CourseData) -> None:
    planned = [one.properties for one in work.events if one.name == "milestone.planned"]

    assert {(one["step"], one.get("weight")) for one in planned} == {("77", 12.5), ("78", None)}


def test_deadlines_may_have_no_weights(files: tuple[Path, Path, Path]) -> None:
    files[2].write_text("resource_id,due_day\n77,19\n")

    planned = [one for one in course_data.read(*files).events if one.name == "milestone.planned"]

    assert planned
    assert all("weight" not in one.properties for one in planned)


def test_who_withdrew_before_anything_could_be_seen_has_no_life_here(work: CourseData) -> None:
    lifetimes = {lifetime.account_id: lifetime for lifetime in work.lifetimes()}

    assert set(lifetimes) == {"ann", "bob", "dee"}
    assert (lifetimes["bob"].until, lifetimes["bob"].left) == (DAY_0 + timedelta(days=28), True)
    assert (lifetimes["ann"].until, lifetimes["ann"].left) == (work.end, False)


def test_clicks_after_a_withdrawal_are_posted_as_they_are(work: CourseData) -> None:
    assert any(one.event_id == "row-6" and one.account_id == "bob" for one in work.events)


def test_the_events_are_those_of_a_back_test(files: tuple[Path, Path, Path], work: CourseData) -> None:
    events, outcomes, deadlines = files
    recording = read_recording(events, outcomes=outcomes, deadlines=deadlines)
    recorded = [unpack(body) for account in recording.accounts for _, body in account.events]

    assert {one.event_id: (one.name, one.time, one.properties) for one in work.events} == {
        one.event_id: (one.name, one.time, one.properties) for one in recorded
    }
    assert len(work.events) == len(recorded)


def test_an_outcome_may_be_left_out(files: tuple[Path, Path, Path]) -> None:
    files[1].write_text("account_id,registered_day,withdrawn_day\nann,-90,\n")

    assert [lifetime.outcome for lifetime in course_data.read(*files).lifetimes()] == ["no outcome told"]


def test_happenings_are_in_time_order(work: CourseData) -> None:
    times = [one.time for one in work.events]

    assert times == sorted(times)


@pytest.mark.parametrize("spoiled", [("due_day", "when"), ("77,19", "77,soon"), ("12.5", "much")])
def test_a_file_of_other_columns_or_values_is_named_as_such(
    files: tuple[Path, Path, Path], spoiled: tuple[str, str]
) -> None:
    files[2].write_text(DEADLINES.replace(*spoiled))

    with pytest.raises(InvalidRecording, match=r"deadlines\.csv:\d"):
        course_data.read(*files)
