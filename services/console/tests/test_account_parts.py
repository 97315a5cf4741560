"""Parts of the page about an account, without a service: words, plot, receipt, moves."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from common.contracts.signals import Band, Contribution, Driver, Override, Part
from console.clients.account import (
    AccountNow,
    BandLimits,
    HistoryAnswer,
    LevelSum,
    MissedStep,
    ScoreDay,
    SignalInHistory,
    WaitingBand,
)
from console.clients.account_lists import EntryRow
from console.languages.formats import Formats
from console.languages.locale import Locale
from console.pages.account import chart
from console.pages.account.chart import MarkedDay, chart_of
from console.pages.account.milestones import OverdueStep, StepOnJourney, milestones_of, overdue_steps
from console.pages.account.moves import moves_of, zone_of
from console.pages.account.texts import ACCOUNT_TEXTS
from console.pages.account.waterfall import WIDTH, waterfall_of
from console.pages.account.why import why_this_band

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
LINES = BandLimits(red=40.0, yellow=70.0, hysteresis=8.0, min_coverage=0.3)


def account(**fields: Any) -> AccountNow:
    usual = {"account_id": "acme", "score": 80.0, "band": Band.GREEN, "lines": LINES, "coverage": 0.9, "as_of": NOON}
    return AccountNow(**{**usual, **fields})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, ["The score is 70.0 or more."]),
        ({"band": Band.RED, "score": 39.9}, ["The score is below 40.0."]),
        # Hysteresis holds a band above its line.
        ({"band": Band.RED, "score": 47.9}, ["It was below 40.0, and ends at 48.0."]),
        ({"band": Band.YELLOW, "score": 75.0}, ["It was below 70.0, and ends at 78.0."]),
        # A request is open: the band is the one from before it.
        (
            {"band": Band.GREEN, "score": 60.0},
            ["It is as it was told last: more events of the same request are to come."],
        ),
        (
            {"band": Band.YELLOW, "score": 30.0},
            ["It is as it was told last: more events of the same request are to come."],
        ),
        (
            {"band": Band.YELLOW, "score": 79.0},
            ["It is as it was told last: more events of the same request are to come."],
        ),
        ({"band": Band.INSUFFICIENT, "coverage": 0.1}, ["10% of the weight has evidence; 30% is needed."]),
        (
            {"score": 60.0, "pending": WaitingBand(Band.YELLOW, NOON, NOON + timedelta(days=1))},
            ["green until Apr 1, 2026, 12:00:00 PM UTC: if the score stays below 70.0, it is yellow then."],
        ),
        (
            {"score": 60.0, "pending": WaitingBand(Band.YELLOW, NOON, None)},
            ["green: the score is below 70.0, which is not told while a feed is silent."],
        ),
        (
            {"band": Band.RED, "override": Override(Band.RED, NOON), "coverage": 0.1},
            [
                "red was set by somebody until Mar 31, 2026, 12:00:00 PM UTC.",
                "10% of the weight has evidence; 30% is needed.",
            ],
        ),
        ({"status": "churned"}, ["The score is 70.0 or more.", "The contract has ended, so nothing of it is told."]),
        # A scoring of the version before says no lines.
        ({"lines": None, "band_words": "green: 70 or more"}, ["green: 70 or more"]),
        ({"band": None, "score": None}, []),
    ],
)
def test_why_a_band_is_what_it_is(fields: dict[str, Any], said: list[str]) -> None:
    formats = Formats(Locale.ENGLISH, UTC)
    found = why_this_band(account(**fields), ACCOUNT_TEXTS[Locale.ENGLISH], formats)
    # Babel writes a narrow space before AM and PM.
    assert [sentence.replace("\u202f", " ") for sentence in found] == said


def day(n: int, before: float, after: float, *parts: Part) -> ScoreDay:
    return ScoreDay(date(2026, 3, 1) + timedelta(days=n), before, after, parts, ())


def test_the_line_goes_from_where_the_first_day_began_to_where_the_last_ended() -> None:
    drawn = chart_of([day(9, 100.0, 0.0), day(0, 50.0, 100.0)], [MarkedDay(date(2026, 3, 10), "red", "band: red")])
    assert drawn is not None
    assert drawn.path == f"M{chart.LEFT} 112L127.2 {chart.TOP}L{chart.RIGHT} {chart.BOTTOM}"
    (mark,) = drawn.marks
    assert (mark.x, mark.y, mark.words) == (chart.RIGHT, chart.BOTTOM, "band: red")
    assert (drawn.first.score, drawn.last.score, drawn.lowest.score, drawn.highest.score) == (50.0, 0.0, 0.0, 100.0)
    assert drawn.ticks[0].at == chart.LEFT
    assert all(tick.at <= chart.RIGHT for tick in drawn.ticks)
    assert chart_of([], []) is None


def test_two_years_have_few_dates_below_the_plot() -> None:
    drawn = chart_of([day(n, 50.0, 50.0) for n in range(731, -1, -1)], [])
    assert drawn is not None
    assert 6 <= len(drawn.ticks) <= 8


def test_bars_stay_in_the_drawing_where_sums_leave_the_scale() -> None:
    """Metrics may take more than there is before a floor or a cap gives it back."""
    parts = [
        Contribution("logins", "engagement", 0.0, 0.5, -60.1),
        Contribution("nps", "roi", 0.0, 0.5, -30.2),
        Contribution("floor", "cap", 0.0, 0.0, 15.3),
    ]
    found = waterfall_of(LevelSum(0.0, 75.0, tuple(parts), 0.0))
    assert [step.after for step in found.steps] == [14.9, -15.3, 0.0]
    assert found.score == 0.0
    for step in found.steps:
        assert 0 <= step.x <= step.x + step.width <= WIDTH


def signal(at: datetime) -> SignalInHistory:
    health: Any = None
    return SignalInHistory(
        signal_id="s", kind="band", severity="critical", to="red", at=at, before=health, after=health, history=False
    )


def test_a_message_stands_on_its_day_in_the_accounts_zone() -> None:
    history = HistoryAnswer(
        days=(
            day(30, 60.0, 58.0, Part("logins", Driver.SILENCE, -3.0), Part("logins", Driver.EVENT, 1.0)),
            day(29, 60.4, 60.0),
        ),
        more_days=False,
        signals=(signal(NOON + timedelta(hours=4)),),
        more_signals=False,
        as_of=NOON,
    )
    tokyo = moves_of(history, zone=zone_of("Asia/Tokyo"))
    assert [(move.day.isoformat(), len(move.signals)) for move in tokyo] == [("2026-04-01", 1), ("2026-03-31", 0)]
    # Nothing is known of the score of a day that has not begun.
    assert tokyo[0].after is None
    (utc,) = moves_of(history, zone=zone_of("no such zone"))
    assert [(one.name, one.points) for one in utc.reasons] == [("logins", -2.0)]
    assert len(utc.signals) == 1


def entry(at: datetime, *, taken_back: bool = False, **said: str) -> EntryRow:
    """A plan or a step that was reached; entries are given with the newest in the log first."""
    retracted_at = NOON if taken_back else None
    return EntryRow(name="", at=at, known_at=NOON, person=None, said=said, retracted_at=retracted_at)


def test_a_reached_step_stays_reached_when_its_plan_is_posted_again() -> None:
    """Systems post every plan every night."""
    planned = [
        entry(NOON + timedelta(days=1), step="kickoff", due="2026-04-12"),
        entry(NOON - timedelta(days=9), step="kickoff", due="2026-04-10"),
    ]
    reached = [entry(NOON, step="kickoff")]
    assert milestones_of(planned, reached) == (StepOnJourney("kickoff", date(2026, 4, 12), NOON),)


def test_the_newest_plan_and_the_first_reaching_count_by_when_they_happened() -> None:
    """An import brings what happened earlier after what is newer."""
    planned = [
        entry(NOON - timedelta(days=9), step="kickoff", due="2026-04-01"),
        entry(NOON - timedelta(days=2), step="kickoff", due="2026-04-12"),
        entry(NOON - timedelta(days=2), step="kickoff", due="2026-04-11"),
    ]
    reached = [
        entry(NOON - timedelta(days=1), step="kickoff"),
        entry(NOON - timedelta(days=3), step="kickoff"),
        entry(NOON, step="kickoff"),
    ]
    # Of two plans of one moment the later in the log holds.
    expected = StepOnJourney("kickoff", date(2026, 4, 12), NOON - timedelta(days=3))
    assert milestones_of(planned, reached) == (expected,)


def test_what_was_taken_back_neither_plans_nor_reaches() -> None:
    planned = [
        entry(NOON, step="kickoff", due="2026-05-01", taken_back=True),
        entry(NOON - timedelta(days=1), step="kickoff", due="2026-04-10"),
    ]
    reached = [entry(NOON, step="kickoff", taken_back=True), entry(NOON, step="sso_live")]
    assert milestones_of(planned, reached) == (
        StepOnJourney("kickoff", date(2026, 4, 10), None),
        StepOnJourney("sso_live", None, NOON),
    )


@pytest.mark.parametrize(
    ("zone", "over"),
    [
        ("Asia/Tokyo", datetime(2026, 3, 30, 15, tzinfo=UTC)),
        ("America/Los_Angeles", datetime(2026, 3, 31, 7, tzinfo=UTC)),
        (None, datetime(2026, 3, 31, tzinfo=UTC)),
    ],
)
def test_a_missed_step_was_due_on_the_day_that_is_over_for_the_account(zone: str | None, over: datetime) -> None:
    (missed,) = overdue_steps([MissedStep("kickoff", over)], zone=zone_of(zone))
    assert missed == OverdueStep("kickoff", date(2026, 3, 30))


def test_the_table_of_steps_has_the_day_that_is_said_of_a_missed_one() -> None:
    """This one was planned for a moment of another zone, of which an entry has the date as it was written."""
    overdue = overdue_steps([MissedStep("kickoff", NOON)], zone=zone_of("Pacific/Kiritimati"))
    (step,) = milestones_of([entry(NOON, step="kickoff", due="2026-03-31")], (), overdue=overdue)
    assert (overdue[0].due, step.due) == (date(2026, 4, 1), date(2026, 4, 1))
