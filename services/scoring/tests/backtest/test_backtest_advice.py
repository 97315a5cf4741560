"""Proposed curves and weights: learned from what was planted, printed, and nothing changed."""

import argparse
from datetime import date, timedelta
from pathlib import Path
from random import Random

import numpy as np
import pytest

from scoring.backtest.advice.card_text import reweighted
from scoring.backtest.advice.curves import SHOWN, propose_curves
from scoring.backtest.advice.weights import fit_factors
from scoring.backtest.errors import TooFewEvents
from scoring.backtest.packages import load as load_package
from scoring.cards.load import examine, load
from scoring.commands import card
from support.recorded import event, recorded
from support.tools import needs_analysis

needs_scipy = needs_analysis("scipy")

CARD = """\
# What is watched.
version: 1
metrics:
  # How often.
  visits: {dimension: engagement, kind: rate, event: page.viewed, half_life: 7d, curve_per_week: [[1, 0], [90, 100]],
           prior_per_week: 0}
  silence:
    dimension: engagement
    share: 3   # weighs more
    kind: silence
    event: page.viewed
    prior_gap: 1d
    curve: [[0.5, 100], [3, 0]]
  load: {dimension: adoption, kind: ratio, min_events: 0, num: ticket.opened, den: page.viewed, half_life: 7d,
         curve: [[0.1, 50], [0.5, 100], [2, 0]]}
  mood: {dimension: roi, kind: gauge, event: mood.told, value: mood, ttl: never, curve: [[0, 0], [100, 100]]}
weights:
  default: {engagement: 40, adoption: 20, roi: 20}
bands: {default: {red: 40, yellow: 70}}
"""


def test_a_rising_curve_follows_the_percentiles_of_accounts_that_are_not_silent() -> None:
    """A hundred accounts with 1 to 100 views on each day: the decayed count is steady, and read as so many a week."""
    more = [
        event(f"account-{views}", day + n / 1000, "page.viewed")
        for views in range(1, 101, 3)
        for day in range(60)
        for n in range(views)
    ]
    recording = recorded({f"account-{views}": [] for views in range(1, 101, 3)}, days=90, more=more)

    visits, silence, ratio, mood = propose_curves(load(CARD, "card"), recording, processes=1)

    assert visits.knots is not None
    by_percentile = dict(zip(SHOWN, visits.percentiles, strict=True))
    # About seven times the views of a day, in steady state.
    assert by_percentile[50] == pytest.approx(7 * 50, rel=0.1)
    assert visits.key == "curve_per_week"
    assert [points for _, points in visits.knots] == [0, 50, 75, 100]
    assert [value for value, _ in visits.knots] == [by_percentile[each] for each in (5, 25, 50, 90)]
    assert silence.knots is not None
    assert [points for _, points in silence.knots] == sorted((points for _, points in silence.knots), reverse=True)
    assert (ratio.knots, ratio.why) == (None, "it rises and falls: only people know where it should")
    assert (mood.knots, mood.why) == (None, "an answer has a scale of its own")
    proposed = CARD.replace("[[1, 0], [90, 100]]", str([[value, points] for value, points in visits.knots]))
    assert examine(proposed).problems == ()


def test_a_curve_that_rises_and_falls_is_left_to_people() -> None:
    more = [
        event(f"account-{number}", day + n / 100, name)
        for number in range(10)
        for day in range(60)
        for n, name in enumerate(["page.viewed"] * 3 + ["ticket.opened"] * (number % 3))
    ]
    recording = recorded({f"account-{number}": [] for number in range(10)}, days=90, more=more)

    _, _, ratio, _ = propose_curves(load(CARD, "card"), recording, processes=1)

    assert ratio.knots is None
    assert ratio.why == "it rises and falls: only people know where it should"
    assert max(ratio.percentiles) == pytest.approx(2 / 3, abs=0.05)


def test_without_enough_days_there_is_no_curve() -> None:
    with pytest.raises(TooFewEvents, match="no account was active for 14 days"):
        propose_curves(load(CARD, "card"), recorded({"acme": range(20)}, days=30), processes=1)


def observations(count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points that three metrics lost, and who left: the first decides twice as much as the second, the third not."""
    chance = np.random.default_rng(seed)
    lost = chance.uniform(0, 30, (count, 3))
    odds = -4 + 0.2 * lost[:, 0] + 0.1 * lost[:, 1]
    return lost, chance.random(count) < 1 / (1 + np.exp(-odds))


@needs_scipy
def test_factors_are_those_of_a_logistic_regression_if_nothing_pulls() -> None:
    lost, left = observations(4000, seed=1)

    factors = fit_factors(lost, left, pull=0.0)

    linear = load_package("sklearn.linear_model").LogisticRegression(C=np.inf, max_iter=1000, tol=1e-8)
    expected = np.maximum(linear.fit(lost, left).coef_[0], 0)
    assert factors / factors[0] == pytest.approx(expected / expected[0], abs=0.02)
    assert factors[1] / factors[0] == pytest.approx(0.5, abs=0.1)


@needs_scipy
def test_factors_are_never_below_zero_and_a_strong_pull_leaves_the_card_as_it_is() -> None:
    lost, left = observations(4000, seed=2)
    # The third metric ranks backwards.
    lost[:, 2] = np.where(left, 0, lost[:, 2])

    free, held = fit_factors(lost, left, pull=0.0), fit_factors(lost, left, pull=1e7)

    assert free[2] == 0
    assert (free >= 0).all()
    assert held == pytest.approx([1, 1, 1], abs=0.01)
    halfway = fit_factors(lost, left, pull=50.0)
    assert free[2] < halfway[2] < 1


def test_other_weights_leave_the_rest_of_the_text_alone() -> None:
    present = load(CARD, "card")
    factors = {"visits": 2.0, "silence": 1.0, "load": 0.0, "mood": 1.0}

    text = reweighted(CARD, present, factors)

    suggested = load(text, "suggested")
    # Inside engagement 1 x 2 stands against 3 x 1, and the two add up to 2.
    assert [metric.share for metric in suggested.metrics] == [0.8, 1.2, 1.0, 1.0]
    # Engagement weighs (1 x 2 + 3 x 1) / 4 = 1.25 of its 40; all three add up to 80 as before.
    assert suggested.weights["adoption"] == pytest.approx(
        {"engagement": 57.1, "adoption": 0, "roi": 22.9, "deployment": 0}
    )
    assert "# What is watched." in text
    assert "# weighs more" in text
    assert text.replace(" ", "").count("page.viewed") == CARD.count("page.viewed")


def test_the_same_weights_are_the_same_card() -> None:
    present = load(CARD, "card")

    same = load(reweighted(CARD, present, dict.fromkeys(("visits", "silence", "load", "mood"), 1.0)), "same")

    # Shares are told apart only by their quotients.
    assert same.weights == present.weights
    assert [metric.share for metric in same.metrics] == [0.5, 1.5, 1.0, 1.0]


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    card.add_arguments(parser)
    return parser.parse_args(words)


def stamp(day: int) -> str:
    return f"{date(2026, 1, 1) + timedelta(days=day)}"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Mood mostly says who leaves: it falls for three leavers of four. Views differ and say nothing."""
    random = Random(3)
    rows, left = ["account_id,name,time,properties"], ["account_id,churned_at"]
    for number in range(80):
        stops = random.randrange(45, 100) if number % 2 else 120
        left.append(f"account-{number},{stamp(stops) if number % 2 else ''}")
        for day in range(stops):
            mood = min(100, 3 * (stops - day)) if number % 8 in (1, 3, 5) else 90
            rows += [
                f"account-{number},page.viewed,{stamp(day)}T1{view}:00:00Z," for view in range(random.randint(1, 3))
            ]
            rows.append(f'account-{number},mood.told,{stamp(day)}T20:00:00Z,"{{""mood"": {mood}}}"')
    (tmp_path / "events.csv").write_text("\n".join(rows))
    (tmp_path / "outcomes.csv").write_text("\n".join(left))
    (tmp_path / "card.yml").write_text(CARD)
    return tmp_path


@needs_scipy
def test_what_says_who_leaves_is_suggested_to_weigh_more(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["suggest", str(files / "events.csv"), "--card", str(files / "card.yml"), "--processes", "1"]

    assert card.run(parsed(*words, "--outcomes", str(files / "outcomes.csv"))) == 0

    told = capsys.readouterr().out
    assert told.startswith("Weights learned from half 0 of the accounts. Nothing was changed.")
    assert (files / "card.yml").read_text() == CARD
    suggested = load(told.partition("# The suggested card\n")[2], "suggested")
    assert suggested.weights["adoption"]["roi"] > 21
    # Of the 4 shares of engagement views had 1.
    assert suggested.metrics[0].share / suggested.metrics[1].share < 0.31
    assert "card, by order" in told
    assert "against, by order" in told


def test_curves_are_printed_as_a_part_of_a_card(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["fit-curves", str(files / "events.csv"), "--card", str(files / "card.yml"), "--processes", "1"]

    assert card.run(parsed(*words)) == 0

    told = capsys.readouterr().out
    assert (files / "card.yml").read_text() == CARD
    assert "    # now: [[1, 0], [90, 100]]\n    curve_per_week: [[" in told
    assert "    # left as it is: an answer has a scale of its own" in told


def test_without_scipy_weights_say_what_to_install(
    files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("scoring.backtest.packages.is_installed", lambda package: False)

    assert card.run(parsed("suggest", str(files / "events.csv"), "--card", str(files / "card.yml"))) == 1

    expected = "`card suggest` needs scipy: make analysis, or pip install 'churn-signals-scoring[analysis]'\n"
    assert capsys.readouterr().err == expected


@needs_scipy
def test_too_few_churns_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"acme,page.viewed,2026-0{day // 28 + 1}-{day % 28 + 1:02}T10:00:00Z" for day in range(120)]
    (tmp_path / "events.csv").write_text(
        "\n".join(["account_id,name,time", *rows, *(r.replace("acme", "b1") for r in rows)])
    )
    (tmp_path / "card.yml").write_text(CARD)

    assert card.run(parsed("suggest", str(tmp_path / "events.csv"), "--card", str(tmp_path / "card.yml"))) == 1

    assert "fewer than 10 observations" in capsys.readouterr().err
