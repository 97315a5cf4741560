"""Recall against the budget of alerts, for every method. Needs matplotlib."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scoring.backtest import packages
from scoring.backtest.back_test import AGAINST, CARD, BackTest
from scoring.backtest.measuring.early import AlertMeasures
from scoring.backtest.measuring.measures import ALL, CURVE, Measures
from scoring.backtest.measuring.population import EARLY, RIGHT_WITHIN


def draw(back_test: BackTest, path: Path) -> None:
    """Writes a PNG. Raises `MissingPackages` or `OSError`."""
    figures = packages.load("matplotlib.figure")
    figure = figures.Figure(figsize=(13, 6), dpi=80, layout="constrained")
    early, timely = figure.subplots(1, 2, sharex=True, sharey=True)
    for measures in back_test.measures:
        _add(early, measures, measures.early_curve, lambda each: each.early_recall.value)
        _add(timely, measures, measures.timely_curve, lambda each: each.timely_recall.value)
    early.set_title(f"early: {EARLY} days or more before")
    timely.set_title(f"timely: {EARLY} to {RIGHT_WITHIN} days before")
    early.set_ylabel("churns that were alerted before they were confirmed")
    for axes in (early, timely):
        axes.set_xlabel("alerts per 100 accounts and week")
        axes.set_xlim(0, CURVE[-1] + 0.5)
        axes.set_ylim(0, 1)
        axes.grid(visible=True, alpha=0.3)
    early.legend(loc="upper left", fontsize="small")
    figure.suptitle(
        f"Recall by budget, {back_test.population.churned.sum()} churns of {back_test.population.size} accounts"
    )
    figure.savefig(path, format="png")


def _add(axes: Any, measures: Measures, curve: Sequence[float], recall: Callable[[AlertMeasures], float]) -> None:
    own = measures.name in (CARD, AGAINST)
    # One colour for each method: matplotlib has ten before they come again.
    colour = (
        axes.plot(CURVE, curve, label=measures.name, linewidth=2.5 if own else 1.2)[0].get_color() if curve else None
    )
    signals = (measures.by_signals or {}).get(ALL)
    if signals is not None:
        axes.plot([signals.per_week], [recall(signals)], "D", color=colour, label=f"{measures.name}, by its signals")
    if own and measures.by_line:
        lines = list(measures.by_line.values())
        recalls = [recall(each) for each in lines]
        rates = [each.per_week for each in lines]
        axes.plot(rates, recalls, "x", color=colour, label=f"{measures.name}, by the best line")
