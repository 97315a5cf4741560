"""The line of four weeks, and the change over two."""

from datetime import date, timedelta

from console.clients.scoring import DayScore
from console.pages.portfolio.spark_line import change, end_of, path_of, score_on

TODAY = date(2026, 3, 31)


def days(*scores: tuple[int, float]) -> list[DayScore]:
    """Of so many days ago, the oldest first."""
    return [DayScore(TODAY - timedelta(days=ago), score) for ago, score in scores]


def test_a_line_goes_from_left_to_right_and_lower_for_less() -> None:
    assert path_of(days((28, 100.0), (14, 50.0), (0, 0.0)), today=TODAY) == "M0 2L60 14L120 26"
    assert end_of(days((28, 100.0), (0, 0.0)), today=TODAY) == (120.0, 26.0)


def test_one_score_is_no_line() -> None:
    assert path_of(days((0, 50.0)), today=TODAY) == ""
    assert path_of([], today=TODAY) == ""
    assert end_of([], today=TODAY) is None


def test_older_days_are_not_drawn() -> None:
    assert path_of(days((40, 10.0), (28, 100.0), (0, 100.0)), today=TODAY) == "M0 2L120 2"


def test_the_change_is_against_the_score_of_that_day() -> None:
    assert change(days((28, 90.0), (14, 80.0), (7, 10.0), (0, 70.0)), today=TODAY) == -10.0


def test_between_two_days_nothing_happened_but_silence() -> None:
    assert score_on(days((28, 100.0), (0, 72.0)), TODAY - timedelta(days=14)) == 86.0
    assert score_on(days((28, 100.0), (20, 72.0)), TODAY) == 72.0


def test_a_younger_account_has_no_change() -> None:
    assert change(days((13, 90.0), (0, 70.0)), today=TODAY) is None
    assert change([], today=TODAY) is None
