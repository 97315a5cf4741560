"""Back-tests whose result is known before: a card that knows the future, one that draws lots, and the control."""

from array import array
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from msgspec.structs import replace

from scoring.backtest.back_test import CARD, SHUFFLED, BackTest, BackTestPlan, run_back_test
from scoring.backtest.baselines import learned
from scoring.backtest.baselines.features import Counts28, Features
from scoring.backtest.errors import TooFewEvents
from scoring.backtest.measuring.measures import Measures
from scoring.backtest.measuring.population import half_of, observe, populate
from scoring.backtest.recordings.recording import EventColumns, Recording
from scoring.cards.load import load
from scoring.health.moments import DAY
from support.recorded import USED, event, recorded
from support.tools import needs_analysis

# The score is what the last event says.
PLANTED = """
version: 1
metrics:
  told: {dimension: roi, kind: gauge, event: feature.used, value: health, ttl: never, curve: [[0, 0], [100, 100]]}
weights: {default: {roi: 100}}
bands: {default: {red: 30, yellow: 60, min_duration: 1d}}
"""
ACCOUNTS, DAYS = 120, 150

needs_sklearn = needs_analysis("sklearn")


def company(health: Callable[[float, Random], float], *, accounts: int = ACCOUNTS) -> Recording:
    """Every second account stops for good on a day between 40 and 110; all come on six days of seven until then.

    `health` makes what the events say, from the days that are left (150 for those who stay).
    """
    random = Random(5)
    active: dict[str, list[float]] = {}
    events = []
    for number in range(accounts):
        account = f"account-{number}"
        stops = random.randrange(40, 110) if number % 2 else DAYS
        days = [day for day in range(stops) if random.random() < 6 / 7]
        active[account] = []
        left = [stops - day if number % 2 else DAYS for day in days]
        events += [
            event(account, day, USED, properties={"health": health(rest, random)})
            for day, rest in zip(days, left, strict=True)
        ]
    return recorded(active, days=DAYS, more=events)


def back_test(recording: Recording, **more: object) -> BackTest:
    plan = BackTestPlan((load(PLANTED, "planted"),), processes=1, samples=100, baselines=False)
    return run_back_test(recording, replace(plan, **more))


def of(result: BackTest, name: str) -> Measures:
    return next(each for each in result.measures if each.name == name)


def test_a_card_that_knows_the_future_is_perfect() -> None:
    # 28 days before the last one it begins to fall.
    found = of(back_test(company(lambda left, random: min(100.0, 3.0 * left))), CARD)

    # Who was absent on the day before a date is known as of the day before that.
    assert found.auc.value > 0.995
    assert found.auc_within_date.value > 0.995
    assert found.by_order["5"].early_recall.value > 0.9
    assert found.by_order["5"].timely_recall.value > 0.9
    assert found.by_signals is not None
    assert found.by_signals["all"].early_recall.value == 1.0
    assert found.by_signals["all"].lead_days.value > 28
    assert found.by_line["5"].early_recall.value > 0.9


def test_a_card_that_draws_lots_has_no_skill() -> None:
    found = of(back_test(company(lambda left, random: 100 * random.random())), CARD)

    for each in (found.auc, found.auc_within_date):
        assert each.low < 0.5 < each.high
        assert each.value == pytest.approx(0.5, abs=0.06)


def test_the_control_keeps_the_calendar_and_loses_the_skill() -> None:
    """Everybody's health falls with the days, and most leave late: pooled, the calendar alone is skill."""
    clock = company(lambda left, random: 50.0 + 0.3 * left)

    result = back_test(clock)

    control = of(result, SHUFFLED)
    assert of(result, CARD).auc_within_date.value > 0.95
    assert control.auc_within_date.value == pytest.approx(0.5, abs=0.08)
    assert control.auc_within_date.low < 0.5 < control.auc_within_date.high
    assert control.by_order == {}


def test_a_half_is_judged_alone() -> None:
    recording = company(lambda left, random: min(100.0, 3.0 * left))

    halves = [back_test(recording, half=half) for half in (0, 1)]

    judged = [set(each.population.account_ids) for each in halves]
    assert judged[0] | judged[1] == {f"account-{number}" for number in range(ACCOUNTS)}
    assert not judged[0] & judged[1]
    assert all(half_of(account) == 1 for account in judged[1])
    assert all(len(each.runs[0].traces) == each.population.size for each in halves)


def test_the_same_seed_gives_the_same_figures() -> None:
    recording = company(lambda left, random: 100 * random.random(), accounts=40)

    first, second, other = (back_test(recording, seed=seed).measures for seed in (3, 3, 4))

    assert first == second
    assert of_shuffled(first) != of_shuffled(other)


def of_shuffled(measures: tuple[Measures, ...]) -> Measures:
    return next(each for each in measures if each.name == SHUFFLED)


def test_activity_that_nobody_recorded_is_told() -> None:
    with pytest.raises(TooFewEvents, match=r"no event 'session\.opened' was recorded, only account\.updated, feature"):
        back_test(company(lambda left, random: 1.0), activity=("session.opened",))


def test_too_short_a_recording_says_what_is_missing() -> None:
    result = back_test(recorded({"acme": range(20), "birch": range(20)}, days=30))

    found = of(result, CARD)
    assert found.auc.value != found.auc.value
    assert [note.split(":")[0] for note in result.notes] == ["auc", "early_recall"]
    assert "42 recorded days; here are 30" in result.notes[0]


@needs_sklearn
def test_the_baselines_stand_in_the_same_table() -> None:
    result = back_test(company(lambda left, random: 100 * random.random()), baselines=True)

    assert [each.name for each in result.measures] == [
        "card", "days since last event", "rule score", "decayed counter, 14 days", "chance",
        "28-day counts, logistic", "gradient boosting", SHUFFLED,
    ]  # fmt: skip
    chance = of(result, "chance")
    assert chance.auc_within_date.low < 0.5 < chance.auc_within_date.high
    # Health was drawn, so the card knows nothing; a model learns that who was absent lately may have stopped.
    assert of(result, "gradient boosting").auc_within_date.value > 0.6
    assert of(result, CARD).auc_within_date.value < 0.6


def test_without_scikit_learn_the_learned_ones_are_left_out_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.backtest.packages.is_installed", lambda package: False)

    result = back_test(company(lambda left, random: 1.0, accounts=40), baselines=True)

    assert "gradient boosting" not in {each.name for each in result.measures}
    assert [each.name for each in result.measures][1:4] == [
        "days since last event",
        "rule score",
        "decayed counter, 14 days",
    ]
    note = result.notes[-1]
    assert note.startswith(
        "learning baselines (logistic regression on 28-day counts, gradient boosting) needs scikit-learn"
    )


@needs_sklearn
@pytest.mark.parametrize("make", [learned.logistic_regression, learned.gradient_boosting])
def test_a_model_learns_nothing_from_the_accounts_it_is_judged_on(make: Callable[[], object]) -> None:
    recording = company(lambda left, random: 1.0)
    population = populate(recording, {USED})
    observations = observe(population)
    judged = np.asarray([half_of(one) == 0 for one in population.account_ids])[observations.account]
    lied = replace(observations, silent=observations.silent ^ judged)
    table = Counts28(recording, population)

    honest = learned.learn(make, table, population, observations, halves=(0,))
    misled = learned.learn(make, table, population, lied, halves=(0,))

    assert honest.silent is not None
    assert misled.silent is not None
    assert np.array_equal(honest.silent, misled.silent, equal_nan=True)
    assert not np.isnan(honest.silent[judged]).any()
    assert np.isnan(honest.silent[~judged]).all()
    # Nobody's decision was recorded, so there is nothing to learn of that.
    assert honest.decided is None


def test_features_know_nothing_of_the_day_itself() -> None:
    """Cut off at a date, the recording gives the same rows for it."""
    whole = company(lambda left, random: 1.0)
    population = populate(whole, {USED})
    date = 50
    cut = replace(whole, columns=_until(whole, date), days=date, end=(whole.first_day + date) * DAY)
    earlier = populate(cut, {USED})

    for table in (Features, Counts28):
        assert np.allclose(table(whole, population).at(date), table(cut, earlier).at(date))


def _until(recording: Recording, date: int) -> EventColumns:
    columns = recording.columns
    before = [index for index, day in enumerate(columns.day) if day < recording.first_day + date]
    whole = (columns.account, columns.name, columns.user, columns.day)
    return EventColumns(*(array("i", [column[index] for index in before]) for column in whole))
