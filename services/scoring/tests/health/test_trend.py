"""trend: what moves an account against its own past, and what does not."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scoring.health.card import Flag, When
from scoring.health.metrics.definition import Knots
from scoring.health.metrics.trend.definition import Trend
from support.examples import examples
from support.random_cases import NAMES, START, Moment, RandomCase, cards, event
from support.scorer_api import Scorer, View
from support.scripted_account import ScriptedAccount, card
from support.textbook import Textbook
from support.textbook_history import DAY

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
CURVE: dict[str, Knots] = {"default": ((0.4, 0.0), (0.8, 60.0), (1.0, 100.0))}
PEOPLE = [f"person {number}" for number in range(10)]
# A Wednesday: what the days of a script are counted from.
_WEDNESDAY = 2


def people_trend(**changed: Any) -> Trend:
    given_keys: dict[str, Any] = {"fast": 4.0, "slow": 60.0, "curves": CURVE} | changed
    return Trend(name="trend", dimension="adoption", events=("came",), key="user_id", **given_keys)


DONE = Trend(
    name="done", dimension="adoption", events=("did",), per=("came",), key="user_id", fast=4.0, slow=60.0, min_people=1.0,
    curves=CURVE,
)  # fmt: skip
Present = Callable[[int, int], bool]


def week(script: ScriptedAccount, days: range, present: Present, *, people: int = 10) -> None:
    """Everybody for whom `present(day, number)` holds comes at noon of a working day."""
    for day in days:
        if (day + _WEDNESDAY) % 7 < 5:
            for number, who in enumerate(PEOPLE[:people]):
                if present(day, number):
                    script.does("came", day + 0.5, user_id=who)


def usual(*metrics: Trend, people: int = 10, **more: Any) -> ScriptedAccount:
    """Sixteen weeks in which all come on every working day."""
    script = ScriptedAccount(card(*(metrics or (people_trend(),)), **more))
    week(script, range(112), lambda day, number: True, people=people)
    return script


def value(script: ScriptedAccount, day: float, name: str = "trend") -> float:
    found = script.value(name, day)
    assert found is not None
    return found


def test_an_account_that_goes_on_as_ever_is_at_one() -> None:
    assert value(usual(), 111.9) == pytest.approx(1, abs=0.1)


def test_there_is_no_trend_before_half_of_slow_has_passed_in_days_with_activity() -> None:
    script = ScriptedAccount(card(people_trend()))
    # Thirty days of activity are six weeks, and the next one closes the last of them.
    week(script, range(42), lambda day, number: True)
    assert script.value("trend", 42) is None
    week(script, range(42, 43), lambda day, number: True)
    assert value(script, 43) == pytest.approx(1)


def test_fewer_people_than_the_least_have_no_trend() -> None:
    assert usual(people=4).value("trend", 112) is None
    assert usual(people_trend(min_people=4.0), people=4).value("trend", 112) is not None


def test_silence_moves_nothing_and_tells_nothing() -> None:
    script = usual()
    before = value(script, 112)
    assert value(script, 500) == before
    assert script.points("trend", 112) == script.points("trend", 500)


def test_a_closure_moves_nothing() -> None:
    script = usual()
    week(script, range(136, 150), lambda day, number: True)
    assert value(script, 150) == pytest.approx(value(usual(), 112), abs=0.01)


def test_leave_one_after_the_other_is_no_decline() -> None:
    """In the middle two thirds are away, and everybody comes back after two weeks."""
    script = usual()
    week(script, range(112, 200), lambda day, number: not 0 <= day - 115 - 7 * (number % 3) < 14)
    lowest = usual()
    least = 1.0
    for day in range(112, 200):
        week(lowest, range(day, day + 1), lambda day, number: not 0 <= day - 115 - 7 * (number % 3) < 14)
        least = min(least, value(lowest, day + 0.9))
    assert least > 0.85
    assert value(script, 200) == value(lowest, 200)


def test_a_few_who_look_in_on_holidays_are_hardly_a_day() -> None:
    script = usual()
    for day in range(112, 126):
        script.does("came", day + 0.5, user_id=PEOPLE[0])
    week(script, range(126, 130), lambda day, number: True)
    assert value(script, 130) > 0.9


def test_people_who_stop_coming_are_missed_after_the_absence() -> None:
    script = usual()
    # After 14 days of activity, which are nearly three weeks.
    week(script, range(112, 131), lambda day, number: number < 6)
    assert value(script, 131) > 0.9
    week(script, range(131, 136), lambda day, number: number < 6)
    assert value(script, 136) == pytest.approx(0.6, abs=0.03)


def test_people_who_come_less_often_are_noticed_while_they_come() -> None:
    script = usual()
    # Everybody on every third working day, in turns.
    week(script, range(112, 133), lambda day, number: (day + number) % 3 == 0)
    assert 0.3 < value(script, 133) < 0.6


def test_who_comes_less_often_rises_only_beyond_a_tenth() -> None:
    flag = Flag(name="falling", cap=65, when=When(metric="trend", op="<=", value=0.8))
    script = usual(people_trend(), flags=(flag,))
    week(script, range(112, 136), lambda day, number: number < 8)
    low = value(script, 136)
    assert low <= 0.8
    told = [signal.to for signal in script.does("came", 136.5, user_id=PEOPLE[8]).signals]
    assert told == []
    week(script, range(137, 150), lambda day, number: number < 9)
    assert value(script, 150) < 0.9


def test_core_use_that_stops_is_noticed_while_people_come_as_ever() -> None:
    script = ScriptedAccount(card(DONE, people_trend()))
    for day in range(133):
        week(script, range(day, day + 1), lambda day, number: True, people=3)
        if (day + _WEDNESDAY) % 7 < 5 and day < 112:
            for who in PEOPLE[:3]:
                script.does("did", day + 0.6, user_id=who)
        if day == 112:
            assert value(script, 112.9, "done") == pytest.approx(1, abs=0.01)
    assert value(script, 133, "done") < 0.5


def test_who_does_it_has_come() -> None:
    """So a share is never above one, though only what was done was recorded."""
    script = ScriptedAccount(card(DONE))
    for day in range(0, 80):
        script.does("did", day + 0.5, user_id=PEOPLE[day % 3])
    assert value(script, 80, "done") == pytest.approx(1)


def test_the_order_within_a_day_does_not_matter_and_an_earlier_day_is_too_late() -> None:
    one, other = usual(), usual()
    for script, order in ((one, PEOPLE), (other, PEOPLE[::-1])):
        for who in order:
            script.does("came", 112.9, late=0.3, user_id=who)
        script.does("came", 113.5, user_id=PEOPLE[0])
    assert value(one, 114) == value(other, 114)
    body = one.scorer.dump(one.account)
    late = one.does("came", 113.6, late=1.2, user_id="somebody new")
    assert late.signals == ()
    assert value(one, 114) == value(other, 114)
    assert len(one.scorer.dump(one.account)) == len(body)


def test_days_are_those_of_the_account() -> None:
    """Half of the people come in the evening, which is the next day in UTC: in New York all come on one day."""
    script = ScriptedAccount(card(people_trend(min_people=2.0, slow=10.0)))
    script.does("account.updated", 0, time_zone="America/New_York")
    for day in range(20):
        script.does("came", day + 0.6, user_id="ann")
        script.does("came", day + 1.1, user_id="bob")
    metric = script.account.metrics[0]
    people = metric.past.people / metric.past.weight  # type: ignore[attr-defined]
    assert people == pytest.approx(2)


def test_an_account_of_thousands_is_sampled_and_its_state_stays_small() -> None:
    script = ScriptedAccount(card(people_trend()))
    for day in range(70):
        for number in range(1000):
            if day < 40 or number % 2:
                script.does("came", day + 0.5, user_id=f"person {number}")
    assert value(script, 70) == pytest.approx(0.5, abs=0.12)
    assert len(script.scorer.dump(script.account)) < 16_000


@st.composite
def days_of_people(draw: st.DrawFn) -> RandomCase:
    """Some of six people on each of up to forty days, in a zone, some of it late."""
    zone = draw(st.sampled_from(["Pacific/Auckland", "America/Los_Angeles", None]))
    moments = [Moment(event("account.updated", START, event_id="facts", time_zone=zone), START)]
    at = START
    for number in range(draw(st.integers(5, 40))):
        at += draw(st.sampled_from([0.2, 1.0, 1.0, 1.0, 3.0, 17.0])) * DAY
        late = draw(st.sampled_from([0.0, 0.0, 0.0, 0.3, 5.0])) * DAY
        for who in draw(st.sets(st.sampled_from("abcdef"), max_size=6)):
            name = draw(st.sampled_from(NAMES[:2]))
            moments.append(Moment(event(name, at - late, event_id=f"e{number}{who}{name}", user_id=who), at))
    return RandomCase(draw(cards(1.0, ("trend", "trend", "rate"))), tuple(moments), 1.0)


@settings(_RELAXED, max_examples=examples(60))
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
