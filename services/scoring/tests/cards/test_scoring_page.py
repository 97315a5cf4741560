"""docs/scoring.md scores one account by hand. The scorer plays its card and events, and has to come to its numbers."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import log
from pathlib import Path
from typing import NamedTuple

import pytest

from common.contracts.signals import Band, Contribution, Kind, Signal
from scoring.cards.load import examine, load
from scoring.health import Scorer
from scoring.health.view import Step, View
from support.random_cases import event

PAGE = (Path(__file__).parents[4] / "docs" / "scoring.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.split("\n## One account over four weeks\n")[1].split("\n## ")[0]
CARDS = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAYS = 28
METRICS = ("logins", "silence", "nps", "onboarding")
# A line of arithmetic: "day 4 mean: 0.3 * 83.0 + 27 = 51.9". Only with a day does the scorer know the number, too.
ARITHMETIC = re.compile(r"^ {4}(?:day (?P<day>\d+) )?(?P<name>[\w ]+): (?P<terms>.+) = (?P<result>-?[\d.]+)$")

Row = list[str]


class Played(NamedTuple):
    """What the scorer saw at 09:00 of each day, after the events of that moment, and all that it told."""

    views: dict[int, View]
    signals: list[Signal]


def rows(title: str) -> list[Row]:
    """The cells of the first table under a heading of the example, without its head."""
    below = EXAMPLE.split(f"\n### {title}\n")[1]
    lines = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert lines is not None
    return [[cell.strip() for cell in line.strip("|\n").split("|")] for line in lines[0].splitlines()[2:]]


def moment(day: int) -> float:
    return (BEGIN + timedelta(days=day)).timestamp()


@pytest.fixture(scope="module")
def played() -> Played:
    scorer = Scorer(load(CARDS[0], "docs/scoring.md"), "card")
    account = scorer.create("acme")
    events = rows("What happens")
    views: dict[int, View] = {}
    signals: list[Signal] = []
    for day in range(DAYS + 1):
        steps = [scorer.advance(account, moment(day))] if views else [Step()]
        for number, (on, _, name, properties) in enumerate(events):
            if int(on) == day:
                given = json.loads(properties.strip("`") or "{}")
                happened = event(name.strip("`"), moment(day), event_id=f"e{number}", **given)
                steps.append(scorer.apply(account, happened, moment(day)))
        signals += [signal for step in steps for signal in step.signals]
        views[day] = scorer.view(account, moment(day))
    return Played(views, signals)


def contributions(view: View) -> dict[str, Contribution]:
    return {each.metric: each for each in view.level.contributions}


def mean(view: View) -> float:
    """The score without its cap."""
    return sum(each.weight * each.points for each in view.level.contributions)


def metric_cell(view: View, name: str) -> str:
    each = contributions(view).get(name)
    if each is None:
        return "-"
    value = "" if each.value is None else f"{each.value:.3f} → "
    return f"{value}{each.points:.1f} ({each.weight:.3f})"


def score_row(view: View) -> Row:
    ahead = view.forecast
    return [
        f"{mean(view):.1f}",
        f"{view.flags[0].cap:.1f}" if view.flags else "-",
        f"{view.health.score:.1f}",
        f"{view.health.coverage:.2f}",
        view.health.band.replace("_", " "),
        "-" if ahead is None else f"{ahead.band} on {ahead.at:%a %d %b %H:%M}",
    ]


def told_row(signal: Signal) -> Row:
    number = int(signal.cause[1].removeprefix("e")) if isinstance(signal.cause, tuple) else None
    return [
        f"{signal.at:%a %d %b %H:%M}",
        signal.kind.replace("_", " "),
        signal.to,
        (signal.told_band or "-") if signal.kind is Kind.FLAG else "-",
        signal.severity,
        f"{signal.since:%a %d %b %H:%M}",
        "silence" if number is None else rows("What happens")[number][2],
        f"{signal.after.score:.1f}",
    ]


def red(played: Played) -> Signal:
    (found,) = [signal for signal in played.signals if signal.told_band is Band.RED]
    return found


def level_rows(signal: Signal) -> list[Row]:
    return [[each.metric, f"{each.contribution:+.1f}"] for each in signal.receipt.level.contributions]


def change_rows(signal: Signal) -> list[Row]:
    return [[each.metric, each.driver, f"{each.points:+.2f}"] for each in signal.receipt.change.parts]


def total(receipt: list[Row]) -> float:
    return sum(float(points) for *_, points in receipt)


def known(view: View) -> dict[str, float]:
    """Every number of a day that the arithmetic of the page may come to, by its name there."""
    found = {"mean": mean(view), "coverage": view.health.coverage}
    if view.flags and view.flags[0].cap is not None:
        found["cap"] = view.flags[0].cap
    for name, each in contributions(view).items():
        found |= {f"{name} points": each.points, f"{name} weight": each.weight}
        found[f"{name} contribution"] = each.contribution
        if each.value is not None:
            found[f"{name} value"] = each.value
    return found


def arithmetic() -> Iterator[re.Match[str]]:
    """Every indented line of the example that is an equation."""
    for line in EXAMPLE.splitlines():
        if line.startswith("    ") and "=" in line:
            found = ARITHMETIC.match(line)
            assert found is not None, f"no line of arithmetic: {line}"
            yield found


LINES = list(arithmetic())


@pytest.mark.parametrize("text", CARDS)
def test_every_card_of_the_page_is_sound(text: str) -> None:
    assert examine(text).problems == ()


def test_the_dates_of_the_events_are_those_of_their_days() -> None:
    for day, date, *_ in rows("What happens"):
        assert date == f"{BEGIN + timedelta(days=int(day)):%a %d %b}"


def test_every_metric_has_the_value_points_and_weight_of_the_page(played: Played) -> None:
    for day, *cells in rows("Every metric"):
        assert cells == [metric_cell(played.views[int(day)], name) for name in METRICS], f"day {day}"


def test_the_score_its_band_and_what_is_ahead_are_those_of_the_page(played: Played) -> None:
    for day, *cells in rows("The score"):
        assert cells == score_row(played.views[int(day)]), f"day {day}"


def test_both_tables_have_the_same_days_and_each_metric_is_worked_out() -> None:
    days = [row[0] for row in rows("Every metric")]
    assert days == [row[0] for row in rows("The score")]
    assert len(days) >= 8
    assert {f"{metric} points" for metric in METRICS} <= {line["name"] for line in LINES}


def test_the_page_names_every_signal_and_no_other(played: Played) -> None:
    assert rows("What is told") == [told_row(signal) for signal in played.signals]


def test_the_receipts_of_red_are_those_of_the_page_and_add_up(played: Played) -> None:
    level, change = rows("The level of red"), rows("The change to red")
    receipt = red(played).receipt

    assert level == level_rows(red(played))
    assert change == change_rows(red(played))
    assert 100 + total(level) == pytest.approx(receipt.level.score, abs=0.3)
    assert receipt.change.before + total(change) == pytest.approx(receipt.change.after, abs=0.03)


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line['day'] or ''} {line['name']}")
def test_a_reader_comes_to_the_number_of_the_page(line: re.Match[str]) -> None:
    """With the rounded numbers that are printed, so the last digit may differ by one."""
    _, _, decimals = line["result"].partition(".")
    result = eval(line["terms"].replace("^", "**"), {"__builtins__": {}, "log": log})
    assert result == pytest.approx(float(line["result"]), abs=1.01 * 10.0 ** -len(decimals))


@pytest.mark.parametrize(
    "line", [line for line in LINES if line["day"]], ids=lambda line: f"{line['day']} {line['name']}"
)
def test_the_scorer_comes_to_the_number_of_the_page(line: re.Match[str], played: Played) -> None:
    _, _, decimals = line["result"].partition(".")
    number = known(played.views[int(line["day"])])[line["name"]]
    assert f"{number:.{len(decimals)}f}" == line["result"]
