"""Simulated firms: when their people are at work, and what a card tells of them."""

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest
from msgspec.structs import replace

from scoring.backtest.healthy.firms import OPENS, YEAR, AbsenceReason, Attendance, attendances, make_firm
from scoring.backtest.healthy.report import as_document, describe, describe_rhythms
from scoring.backtest.healthy.stories import Group, Story, plot
from scoring.backtest.healthy.trial import FalseAlarm, FirmResult, GroupResult, cause_of, judge, run_trial
from scoring.backtest.healthy.work import events_of
from scoring.backtest.packages import is_installed
from scoring.backtest.runs.card_runs import scorer_of
from support.cards import shipped_card

pytestmark = pytest.mark.skipif(not is_installed("holidays"), reason="needs the extra [analysis]: make analysis")
CARD = shipped_card()


def year(users: int = 200, *, number: int = 0) -> dict[date, Attendance]:
    """By day, of a firm whose people come whenever nothing keeps them away. Every fourth is closed in August."""
    random = Random(1)
    firm = make_firm(random, "acme", users, number=number)
    days = attendances(random, firm, until=date(2027, 1, 1), zeal=lambda day, person_number, person: 1.0)
    return {each.day: each for each in days}


def share(days: dict[date, Attendance], day: date, users: int = 200) -> float:
    return len(days[day].present) / users


def test_people_come_on_working_days_and_hardly_ever_on_others() -> None:
    days = year()

    assert share(days, date(2026, 3, 4)) > 0.95
    weekends = [share(days, day) for day in days if day.weekday() >= 5 and not (day.month == 12 and day.day >= 24)]
    assert 0.015 < sum(weekends) / len(weekends) < 0.025
    christmas = [day for day in days if day.month == 12 and day.day >= 24 and day.weekday() < 5 and day.year == 2026]
    assert 0.05 < sum(share(days, day) for day in christmas) / len(christmas) < 0.11


def test_the_holidays_are_those_of_the_country() -> None:
    american, german = year(number=0), year(number=1)

    thanksgiving, ascension = date(2025, 11, 27), date(2026, 5, 14)
    assert share(american, thanksgiving) < 0.06
    assert share(german, thanksgiving) > 0.9
    assert share(american, ascension) > 0.9
    assert share(german, ascension) < 0.06


def test_half_of_the_firms_close_together_in_august() -> None:
    closed, open_ = year(number=0), year(number=2)

    def working(days: dict[date, Attendance]) -> list[float]:
        return [share(days, day) for day in days if day.month == 8 and day.weekday() < 5]

    assert working(closed).count(0.0) == 10
    assert 0.0 not in working(open_)
    # 14 days of 31 each, one after the other.
    assert 0.4 < sum(working(open_)) / len(working(open_)) < 0.75


def test_everybody_has_one_more_week_off() -> None:
    days = year(number=2)

    away = Counter[AbsenceReason]()
    for each in days.values():
        if each.day.year == 2026:
            away.update(each.absent)
    assert away[AbsenceReason.WEEK_OFF] / 200 == pytest.approx(5, abs=0.2)
    assert away[AbsenceReason.LEAVE] / 200 == pytest.approx(10, abs=0.2)
    assert away[AbsenceReason.CLOSED] == 0


def test_the_same_seed_gives_the_same_events() -> None:
    group = Group(Story.WELL, 3, 1)

    def events(seed: int) -> list[str]:
        random = Random(seed)
        story = plot(group, 0, random=random)
        return [f"{each.time} {each.name} {each.user_id}" for each in events_of(random, story.firm, story.days)]

    assert events(1) == events(1)
    assert events(1) != events(2)
    assert events(1) == sorted(events(1), key=lambda each: each.split(" ", 2)[:2])


@pytest.mark.parametrize(
    ("story", "days"),
    [
        (Story.MONDAYS, {day for day in range(1, 32) if date(2026, 3, day).weekday() == 0}),
        (Story.MONTH_ENDS, {30, 31}),
        (Story.STEADY_TWICE_A_WEEK, {day for day in range(1, 32) if date(2026, 3, day).weekday() in (1, 3)}),
        (Story.STEADY_EVERY_OTHER_WEEK, {3, 17, 31}),
    ],
)
def test_a_rhythm_has_its_days(story: Story, days: set[int]) -> None:
    told = plot(Group(story, 50, 1), 2, random=Random(1))

    march = {each.day.day for each in told.days if each.present and (each.day.year, each.day.month) == (2026, 3)}
    assert march == days


def test_nobody_who_is_steady_takes_leave() -> None:
    steady, well = (plot(Group(story, 20, 1), 2, random=Random(1)) for story in (Story.STEADY_DAILY, Story.DAILY))

    def left(days: tuple[Attendance, ...]) -> int:
        return sum(each.absent[AbsenceReason.LEAVE] + each.absent[AbsenceReason.WEEK_OFF] for each in days)

    assert left(steady.days) == 0
    assert left(well.days) > 200


def test_a_decline_goes_where_it_says() -> None:
    fewer = plot(Group(Story.FEWER_SESSIONS, 5, 1), 0, random=Random(2))
    leaving = plot(Group(Story.MOST_LEAVE, 60, 1), 0, random=Random(2))
    assert fewer.trouble is not None
    assert leaving.trouble is not None

    def weekly(days: tuple[Attendance, ...], since: date, weeks: int) -> float:
        return sum(len(each.present) for each in days if since <= each.day < since + timedelta(weeks=weeks)) / weeks

    assert weekly(fewer.days, OPENS + timedelta(weeks=1), 5) == pytest.approx(20, abs=3)
    assert weekly(fewer.days, fewer.trouble + timedelta(weeks=8), 8) == pytest.approx(2, abs=1.2)
    assert weekly(leaving.days, leaving.trouble + timedelta(weeks=9), 4) == pytest.approx(15 * 5 * 0.9, rel=0.15)
    assert leaving.judged_until == date(2026, 8, 1)


def test_core_use_stops_and_sessions_go_on() -> None:
    random = Random(4)
    story = plot(Group(Story.NO_CORE, 10, 1), 0, random=random)

    events = list(events_of(random, story.firm, story.days, core_until=story.core_until))

    begins = datetime.combine(story.core_until, datetime.min.time(), UTC)
    after = Counter(each.name for each in events if each.time >= begins + timedelta(days=1))
    assert after["session.started"] > 200
    assert after["report.created"] + after["workflow.run"] == 0
    assert sum(each.name == "report.created" for each in events if each.time < begins) > 50


def test_a_death_is_told_as_red_at_once_and_days_count_from_it() -> None:
    random = Random(5)
    story = plot(Group(Story.DIES, 10, 1), 0, random=random)

    result = judge(story, scorer_of(CARD), random)

    assert result.false_alarms == ()
    assert result.told_after is not None
    assert result.red_after is not None
    assert 7 < result.told_after < 16
    assert result.red_after == result.told_after


def test_optional_metrics_of_which_a_firm_posts_nothing_move_no_figure() -> None:
    """The whole course, to the bit, of a firm that dies."""
    random = Random(5)
    story = plot(Group(Story.DIES, 3, 1), 0, random=random)
    events = list(events_of(random, story.firm, story.days))
    expected = [metric for metric in CARD.metrics if metric.optional is not True]
    courses = []
    for card in (CARD, replace(CARD, metrics=tuple(expected))):
        scorer, course = scorer_of(card), list[object]()
        account = scorer.create("acme")
        for event in events:
            step = scorer.apply(account, event, event.time.timestamp())
            course.append(
                (account.score, account.weights.coverage, [(one.kind, one.to, one.at) for one in step.signals])
            )
        dead = scorer.advance(account, account.clock + 60 * 86_400)
        courses.append(
            [*course, [(one.kind, one.to, one.at) for one in dead.signals], scorer.level(account, account.clock)]
        )

    assert len(expected) < len(CARD.metrics)
    assert courses[0] == courses[1]


@pytest.mark.parametrize(
    ("group", "days"),
    [(Group(Story.FEWER_SESSIONS, 5, 3), 35), (Group(Story.NO_CORE, 10, 2), 14), (Group(Story.MOST_LEAVE, 60, 1), 40)],
    ids=lambda each: str(getattr(each, "story", each)),
)
def test_the_default_card_tells_of_a_decline_while_it_lasts(group: Group, days: int) -> None:
    (result,) = run_trial(CARD, [group], seed=1, processes=1)

    told = sorted(firm.told_after or 999.0 for firm in result.firms)
    assert 0 < told[len(told) // 2] <= days


def test_an_alarm_is_put_down_to_what_kept_most_people_away_before_it() -> None:
    nothing = dict.fromkeys(AbsenceReason, 0)
    days = [
        Attendance(YEAR + timedelta(days=n), ("a",) * 5, nothing | ({AbsenceReason.CLOSED: 5} if 10 <= n < 17 else {}))
        for n in range(40)
    ]

    def at(day: int) -> float:
        return datetime.combine(YEAR + timedelta(days=day), datetime.min.time(), UTC).timestamp()

    # Of 105 days of people in two weeks 35 were lost.
    assert cause_of(at(18), days) is AbsenceReason.CLOSED
    # Ten of 80 are too few.
    assert cause_of(at(29), days) is AbsenceReason.CHANCE
    assert cause_of(at(9), days) is AbsenceReason.CHANCE


def test_a_trial_judges_every_firm_of_every_group() -> None:
    groups = (Group(Story.WELL, 3, 4), Group(Story.DIES, 3, 2))

    results = run_trial(CARD, groups, seed=7, processes=1)
    again = run_trial(CARD, groups, seed=7, processes=2)

    assert [len(each.firms) for each in results] == [4, 2]
    assert results == again
    # Two of the four close for two weeks, so at most these are told, twice each.
    assert sum(len(firm.false_alarms) for firm in results[0].firms) <= 8
    assert all(firm.told_after for firm in results[1].firms)
    told = list(describe(results, card_id="card", seed=7))
    assert told[0] == "Card card over a year of simulated firms, seed 7."


def test_the_report_counts_by_kind_and_cause() -> None:
    quiet = FalseAlarm("gone_quiet", AbsenceReason.CLOSED)
    well = (FirmResult((quiet, quiet)), FirmResult(), FirmResult(), FirmResult((quiet,)))
    delays = ((9, 30), (11, None), (10, 40), (12, 50))
    dead = tuple(FirmResult(told_after=told, red_after=red) for told, red in delays)
    results = [GroupResult(Group(Story.WELL, 3, 4), well), GroupResult(Group(Story.DIES, 3, 4), dead)]

    lines = [line.split() for line in describe(results, card_id="card", seed=1)]
    document = json.loads(json.dumps(as_document(results, card_id="card", seed=1)))

    assert ["well", "3", "4", "0.75", "50", "%"] in lines
    assert ["well", "3", "gone_quiet", "closed", "together", "0.75"] in lines
    assert ["dies", "on", "a", "day", "3", "4", "10", "d", "100", "%", "40", "d", "75", "%"] in lines
    assert document["groups"][0]["false_alarms"] == 0.75
    assert document["groups"][1]["red"] == {"median_days": 40, "share": 0.75}


def test_the_report_of_rhythms_names_the_alarms_of_trends() -> None:
    quiet, falling = (FalseAlarm(flag, AbsenceReason.CHANCE) for flag in ("gone_quiet", "usage_falling"))
    firms = (FirmResult((quiet, falling)), FirmResult(), FirmResult((quiet,)), FirmResult())
    results = [GroupResult(Group(Story.STEADY_MONDAYS, 6, 4), firms)]

    lines = [line.split() for line in describe_rhythms(results, CARD, card_id="card", seed=1)]

    assert ["steady,", "Mondays", "only", "6", "4", "0.75", "0.25"] in lines
    assert ["steady,", "Mondays", "only", "6", "gone_quiet", "0.500"] in lines
