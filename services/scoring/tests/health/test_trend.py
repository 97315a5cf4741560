"""trend: what moves an account against its own past, and what does not."""

from collections.abc import Callable, Sequence
from datetime import UTC
from itertools import pairwise
from math import inf
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from scoring.health.card import Flag, When
from scoring.health.clock import WALL_CLOCK
from scoring.health.context import Context
from scoring.health.metrics.definition import Knots
from scoring.health.metrics.metric import OtherMetrics
from scoring.health.metrics.trend.definition import Trend
from scoring.health.metrics.trend.metric import TrendMetric
from support.examples import examples
from support.random_cases import NAMES, START, Moment, RandomCase, cards, event
from support.scorer_api import Scorer, View
from support.scripted_account import DAWN, DAY, ScriptedAccount, card
from support.textbook import Textbook

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
CURVE: dict[str, Knots] = {"default": ((0.4, 0.0), (0.8, 60.0), (1.0, 100.0))}
# A Wednesday: what the days of a script are counted from.
_WEDNESDAY = 2


def people_trend(**changed: Any) -> Trend:
    given_keys: dict[str, Any] = {"fast": 4.0, "slow": 60.0, "curves": CURVE} | changed
    return Trend(name="trend", dimension="adoption", events=("came",), key="user_id", **given_keys)


DONE = Trend(
    name="done", dimension="adoption", events=("did",), per=("came",), key="user_id", fast=4.0, slow=60.0,
    min_people=1.0, curves=CURVE,
)  # fmt: skip
Present = Callable[[int, int], bool]
CONTEXT = Context(0.0, 0.0, 0, inf, None, UTC, WALL_CLOCK)


class Habits:
    """The metric of one account whose people come at noon of working days."""

    def __init__(self, definition: Trend | None = None) -> None:
        definition = definition or people_trend()
        self.metric = TrendMetric(definition, 0, definition.curves_by_stage(), OtherMetrics({}, frozenset()))

    def week(self, days: range, present: Present, *, people: int = 10, name: str = "came") -> "Habits":
        """Everybody for whom `present(day, number)` holds."""
        for day in days:
            if (day + _WEDNESDAY) % 7 < 5:
                for number in range(people):
                    if present(day, number):
                        self.comes(day, number, name)
        return self

    def comes(self, day: int, number: int, name: str = "came") -> None:
        moment = DAWN + (day + 0.5) * DAY
        self.metric.feed(event(name, moment, user_id=f"person {number}"), moment, moment, CONTEXT)

    @property
    def value(self) -> float | None:
        self.metric.project(CONTEXT)
        return self.metric.value_at(0.0, CONTEXT)

    @property
    def trend(self) -> float:
        assert self.value is not None
        return self.value


def everybody(day: int, number: int) -> bool:
    return True


def in_turns(every: int) -> Present:
    """Everybody comes on every so-many-th working day."""

    def present(day: int, number: int) -> bool:
        weeks, weekday = divmod(day + _WEDNESDAY, 7)
        return (5 * weeks + weekday + number) % every == 0

    return present


def usual(definition: Trend | None = None, *, people: int = 10) -> Habits:
    """Sixteen weeks in which all come on every working day."""
    return Habits(definition).week(range(112), everybody, people=people)


def test_an_account_that_goes_on_as_ever_is_at_one() -> None:
    assert usual().trend == pytest.approx(1)


def test_there_is_no_trend_before_half_of_slow_has_passed_in_days_with_activity() -> None:
    # Thirty days of activity are six weeks, and the next one closes the last of them.
    habits = Habits().week(range(42), everybody)
    assert habits.value is None
    assert habits.week(range(42, 43), everybody).trend == pytest.approx(1)


def test_fewer_people_than_the_least_have_no_trend() -> None:
    assert usual(people=4).value is None
    assert usual(people_trend(min_people=4.0), people=4).trend == pytest.approx(1)


def test_a_closure_moves_nothing() -> None:
    assert usual().week(range(140, 142), everybody).trend == pytest.approx(1)


def test_leave_one_after_the_other_is_no_decline() -> None:
    """In the middle two thirds are away, and everybody comes back after two weeks."""
    habits, least = usual(), 1.0
    for day in range(112, 200):
        habits.week(range(day, day + 1), lambda day, number: not 0 <= day - 115 - 7 * (number % 3) < 14)
        least = min(least, habits.trend)
    assert least > 0.85
    assert habits.trend > 0.9


def test_a_few_who_look_in_on_holidays_are_hardly_a_day() -> None:
    habits = usual()
    for day in range(112, 126):
        habits.comes(day, 0)
    assert habits.week(range(126, 130), everybody).trend > 0.9


def test_people_who_stop_coming_are_missed_after_the_absence() -> None:
    # After 14 days of activity, which are nearly three weeks.
    habits = usual().week(range(112, 132), lambda day, number: number < 6)
    assert habits.trend > 0.9
    assert habits.week(range(132, 138), lambda day, number: number < 6).trend == pytest.approx(0.6, abs=0.04)


def test_who_comes_rarely_is_missed_later() -> None:
    """Everybody comes on every third working day, in turns. One who is away for 18 of them may as well come again."""

    turns = in_turns(3)

    def without_one(day: int, number: int) -> bool:
        return number > 0 and turns(day, number)

    habits = Habits().week(range(168), turns).week(range(168, 192), without_one)
    assert habits.trend > 0.95
    assert habits.week(range(192, 210), without_one).trend < 0.95


def test_chance_is_no_trend() -> None:
    """Half a year of six people who come on half of the days, as it happens: few of 60 such accounts seem to fall."""
    random, fell = Random(1), 0
    for _ in range(60):
        habits, least = Habits(), 1.0
        for day in range(182):
            habits.week(range(day, day + 1), lambda day, number: random.random() < 0.5, people=6)
            least = min(least, habits.value or 1.0)
        fell += least <= 0.8
    assert fell <= 2


def test_people_who_come_less_often_are_noticed_while_they_come() -> None:
    # Everybody on every third day, in turns.
    habits = usual().week(range(112, 133), lambda day, number: (day + number) % 3 == 0)
    assert 0.3 < habits.trend < 0.7


def test_core_use_that_stops_is_noticed_while_people_come_as_ever() -> None:
    habits = Habits(DONE)
    for day in range(112):
        habits.week(range(day, day + 1), everybody, people=3).week(range(day, day + 1), everybody, people=3, name="did")
    assert habits.trend == pytest.approx(1)
    assert habits.week(range(112, 126), everybody, people=3).trend < 0.6


@pytest.mark.parametrize("share", [0.2, 0.3, 0.5])
def test_core_use_that_stops_is_noticed_where_few_did_it(share: float) -> None:
    """Of six people on most days; each does it at that chance, until nobody does."""
    random, habits = Random(3), Habits(DONE)
    for day in range(210):
        for number in range(6):
            if (day + _WEDNESDAY) % 7 < 5 and random.random() < 0.8:
                habits.comes(day, number)
                if day < 182 and random.random() < share:
                    habits.comes(day, number, "did")
    assert habits.trend < 0.5


def test_a_share_that_is_all_but_none_has_no_value() -> None:
    rarely = Habits(replace(DONE, fast=0.4, slow=0.5)).week(range(20), everybody, people=3, name="did")
    assert rarely.trend == pytest.approx(1)
    assert rarely.week(range(20, 100), everybody, people=3).value is None


def test_a_longer_absence_of_the_card_is_not_stretched_beyond_eight_gaps() -> None:
    habits = Habits(people_trend(absence=30.0))
    # In turns on every fifth working day: eight gaps are 40 of these days, which are 56 of the calendar.
    turns = in_turns(5)
    habits.week(range(280), turns).week(range(280, 280 + 49), lambda day, number: number > 0 and turns(day, number))
    assert habits.trend > 0.95
    assert habits.week(range(329, 350), lambda day, number: number > 0 and turns(day, number)).trend < 0.95


def test_who_does_it_has_come() -> None:
    """So a share is never above one, though only what was done was recorded."""
    habits = Habits(DONE).week(range(80), everybody, name="did")
    assert habits.trend == pytest.approx(1)
    assert habits.metric.past.slow_visits == habits.metric.past.slow_spans


def test_an_account_of_thousands_is_sampled_and_its_state_stays_small() -> None:
    habits = Habits()
    for day in range(70):
        for number in range(1000):
            if day < 40 or number % 2:
                habits.comes(day, number)
    assert habits.trend == pytest.approx(0.5, abs=0.12)
    assert habits.metric.past.people / habits.metric.past.weight < 256
    assert len(msgspec.msgpack.encode(habits.metric.dump())) < 16_000


def test_an_event_that_is_undone_leaves_what_was() -> None:
    habits = usual()
    # The first closes a day, the second is one more person of that day.
    for number in (0, 1):
        before = msgspec.msgpack.encode(habits.metric.dump())
        habits.comes(113, number)
        after = msgspec.msgpack.encode(habits.metric.dump())
        habits.metric.undo()
        assert msgspec.msgpack.encode(habits.metric.dump()) == before != after
        habits.comes(113, number)
        assert msgspec.msgpack.encode(habits.metric.dump()) == after


def few(*, flags: tuple[Flag, ...] = ()) -> ScriptedAccount:
    """A month of six people who come every day, with a short memory."""
    # What the flag brings is told, not what the curve does.
    curves = {"default": ((0.1, 100.0), (1.0, 100.0))} if flags else CURVE
    script = ScriptedAccount(card(people_trend(slow=20.0, curves=curves), flags=flags))
    for day in range(30):
        for number in range(6):
            script.does("came", day + 0.5 + number / 100, user_id=f"person {number}")
    return script


def test_silence_moves_nothing_and_tells_nothing() -> None:
    script = few()
    assert script.value("trend", 30) == script.value("trend", 500) == pytest.approx(1)
    assert script.points("trend", 30) == script.points("trend", 500) == pytest.approx(100)
    assert script.waits(500).signals == ()


def test_a_value_that_swings_on_its_way_down_crosses_every_line_once() -> None:
    """People come on two of three days in one week, on three of four in the next."""
    habits, values = usual(), [1.0]
    for day in range(112, 174):
        habits.week(range(day, day + 1), lambda day, n: (day + n) % (3 if day // 7 % 2 else 4) > 0)
        values.append(habits.trend)
    for line in (0.78, 0.79, 0.8, 0.805, 0.81, 0.85, 0.9):
        assert sum(before > line >= after for before, after in pairwise(values)) == 1
        assert sum(after > line >= before for before, after in pairwise(values)) == 0


def test_use_that_falls_is_told_by_a_flag_once() -> None:
    falling = Flag(name="falling", cap=65, when=When(metric="trend", op="<=", value=0.8))
    script, told = few(flags=(falling,)), list[str]()
    for day in range(30, 50):
        for number in range(6):
            if day % 2 == number % 2:
                step = script.does("came", day + 0.5 + number / 100, user_id=f"person {number}")
                told += [signal.to for signal in step.signals]
    assert told == ["falling"]


def test_the_order_within_a_day_does_not_matter_and_an_earlier_day_is_too_late() -> None:
    one, other = few(), few()
    for script, order in ((one, range(6)), (other, range(5, -1, -1))):
        for number in order:
            script.does("came", 30.9, late=0.3, user_id=f"person {number}")
        script.does("came", 31.5, user_id="person 0")
    assert one.value("trend", 32) == other.value("trend", 32)
    state = one.account.metrics[0].dump()
    one.does("came", 31.6, late=1.2, user_id="somebody new")
    assert one.account.metrics[0].dump() == state


def test_days_are_those_of_the_account() -> None:
    """Bob comes in the evening, which is the next day in UTC: in New York both come on one day."""
    script = ScriptedAccount(card(people_trend(min_people=2.0, slow=10.0)))
    script.does("account.updated", 0, time_zone="America/New_York")
    for day in range(20):
        script.does("came", day + 0.6, user_id="ann")
        script.does("came", day + 1.1, user_id="bob")
    metric = script.account.metrics[0]
    assert isinstance(metric, TrendMetric)
    assert metric.past.people / metric.past.weight == pytest.approx(2)


@st.composite
def days_of_people(draw: st.DrawFn) -> RandomCase:
    """Some of six people on each of up to 25 days, in a zone, some of it late."""
    zone = draw(st.sampled_from(["Pacific/Auckland", "America/Los_Angeles", None]))
    moments = [Moment(event("account.updated", START, event_id="facts", time_zone=zone), START)]
    at = START
    for number in range(draw(st.integers(5, 25))):
        at += draw(st.sampled_from([0.2, 1.0, 1.0, 1.0, 3.0, 17.0])) * DAY
        late = draw(st.sampled_from([0.0, 0.0, 0.0, 0.3, 5.0])) * DAY
        for who in draw(st.sets(st.sampled_from("abcdef"), max_size=6)):
            name = draw(st.sampled_from(NAMES[:2]))
            moments.append(Moment(event(name, at - late, event_id=f"e{number}{who}{name}", user_id=who), at))
    return RandomCase(draw(cards(1.0, ("trend", "trend", "rate"))), tuple(moments), 1.0)


@settings(_RELAXED, max_examples=examples(20))
@given(days_of_people(), st.lists(st.floats(0, 30), max_size=2))
def test_a_trend_reads_as_the_page_says(case: RandomCase, ages: Sequence[float]) -> None:
    scorer, textbook = Scorer(case.card, "card"), Textbook(case.card, case.moments)
    account = scorer.create("acme")
    for moment in case.moments:
        scorer.apply(account, moment.event, moment.at)
        # As if another worker had taken over.
        account = scorer.load("acme", scorer.dump(account))
    for age in [0.0, *ages]:
        at = account.clock + age * DAY
        found = points_of(scorer.view(account, at))
        for metric in case.card.metrics:
            if isinstance(metric, Trend) and metric.name in found:
                assert found[metric.name] == pytest.approx(textbook.of(at).points(metric.name, at), abs=1e-6)


def points_of(view: View) -> dict[str, float]:
    return {part.metric: part.points for part in view.level.contributions if part.dimension != "cap"}
