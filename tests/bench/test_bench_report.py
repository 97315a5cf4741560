"""The report, from what the parts found."""

import pytest

from bench.report import figure, markdown, missed
from bench.results import Machine, Mark, Part, Row, Whole

MACHINE = Machine("A CPU", 2, "24 GB", "Linux 6.1", {"Apache Kafka": "4.3.0"})
FAST = Row(name="ours", unit="events/s", values=[70e3, 90e3, 65e3], cpu=[1.5, 1.2, 1.6], mark=Mark(60e3, 20e3))
RIVAL = Row(name="theirs", unit="events/s", values=[30e3], cpu=[3.25])


def _part(*rows: Row, failure: str | None = None) -> Part:
    return Part(name="p", title="Speed", setting="much", taken="today", rounds=3, rows=list(rows), failure=failure)


@pytest.mark.parametrize(
    ("mark", "value", "verdict"),
    [
        (Mark(goal=60.0, floor=20.0), 60.0, "reached"),
        (Mark(goal=60.0, floor=20.0), 59.9, "above the floor"),
        (Mark(goal=60.0, floor=20.0), 19.9, "missed"),
        (Mark(goal=60.0), 59.9, "missed"),
        (Mark(goal=20.0, at_most=True), 20.0, "reached"),
        (Mark(goal=20.0, at_most=True), 20.1, "missed"),
        (Mark(goal=0.0, at_most=True), 0.0, "reached"),
        (Mark(floor=5.0), 6.0, "reached"),
    ],
)
def test_a_mark_judges_the_median(mark: Mark, value: float, verdict: str) -> None:
    assert mark.verdict(value) == verdict


def test_a_row_tells_median_range_cpu_and_mark() -> None:
    told = markdown(Whole(MACHINE, [_part(FAST, RIVAL)]))
    assert (
        "| ours | 70,000 events/s | 65,000 to 90,000 | 1.50 | goal at least 60,000, floor at least 20,000 | reached |"
        in told
    )
    assert "| theirs | 30,000 events/s |  | 3.25 |  |  |" in told
    assert "Every mark was reached." in told


def test_a_column_without_figures_is_left_out() -> None:
    told = markdown(Whole(MACHINE, [_part(Row(name="size", unit="bytes", values=[19.0]))]))
    assert "| size | 19.0 bytes |  |\n" in told
    assert "CPU s" not in told


def test_what_was_missed_stands_at_the_top() -> None:
    slow = Row(name="late", unit="ms", values=[250.0], mark=Mark(goal=150, at_most=True))
    told = markdown(Whole(MACHINE, [_part(FAST, slow)]))
    line = "Speed: late: 250 ms, goal at most 150: missed"
    assert missed([_part(FAST, slow)]) == [line]
    assert told.index(f"- {line}") < told.index("## Speed")


def test_a_part_that_failed_says_why_and_hides_no_other() -> None:
    told = markdown(Whole(MACHINE, [_part(failure="ServerError: the broker ended"), _part(FAST)]))
    assert "`ServerError: the broker ended`" in told
    assert "| ours |" in told
    assert "- Speed: it failed: ServerError: the broker ended" in told


@pytest.mark.parametrize(("value", "told"), [(0.0, "0"), (0.1234, "0.12"), (12.34, "12.3"), (123456.7, "123,457")])
def test_figures_have_about_three_digits(value: float, told: str) -> None:
    assert figure(value) == told
