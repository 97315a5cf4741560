"""The score of an account over days: its closed days, its open day, and now."""

from collections.abc import Mapping, Sequence
from datetime import date

from scoring.api import answers
from scoring.api.account_reader import RowReading
from scoring.health.moments import to_datetime
from scoring.postgres.snapshot import DayScores


class Trends:
    def __init__(self, first: date, days: Mapping[str, Sequence[DayScores]]) -> None:
        """`days` are closed days from `first` on, by account, the oldest first."""
        self._first = first
        self._days = days

    def of(self, account_id: str, reading: RowReading) -> tuple[answers.ScoreOnDay, ...]:
        """The oldest first. Between two of them nothing happened but silence, if days are missing."""
        scores: dict[date, float] = {}
        for one in self._days.get(account_id, ()):
            self._begin(scores, one.since, one.before)
            scores[one.day] = one.after
        if reading.today is not None:
            self._begin(scores, reading.today.since, reading.today.before)
            self._set(scores, reading.today.day, reading.today.after)
        self._set(scores, reading.summary.at.date(), reading.summary.health.score)
        return tuple(answers.ScoreOnDay(day, score) for day, score in sorted(scores.items()))

    def _begin(self, scores: dict[date, float], since: float, before: float) -> None:
        """The score before the first day that is known; of silence since before `first`, as of `first`."""
        if not scores:
            self._set(scores, max(to_datetime(since).date(), self._first), before)

    def _set(self, scores: dict[date, float], day: date, score: float) -> None:
        if day >= self._first:
            scores[day] = score
