"""Early recall against the budget of alerts, for every method. Needs matplotlib."""

from pathlib import Path
from typing import Any

from scoring.backtest import packages
from scoring.backtest.back_test import AGAINST, CARD, BackTest
from scoring.backtest.measuring.measures import ALL, CURVE, Measures


def draw(back_test: BackTest, path: Path) -> None:
    """Writes a PNG. Raises `MissingPackages` or `OSError`."""
    figures = packages.load("matplotlib.figure")
    figure = figures.Figure(figsize=(9, 6), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    for measures in back_test.measures:
        _add(axes, measures)
    axes.set_xlabel("alerts per 100 accounts and week")
    axes.set_ylabel("churns alerted 14 to 56 days ahead")
    axes.set_xlim(0, CURVE[-1] + 0.5)
    axes.set_ylim(0, 1)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="upper left", fontsize="small")
    axes.set_title(f"Early recall by budget: {back_test.population.churned.sum()} churns")
    figure.savefig(path, format="png")


def _add(axes: Any, measures: Measures) -> None:
    plot = axes.plot
    own = measures.name in (CARD, AGAINST)
    if measures.curve:
        plot(CURVE, measures.curve, label=measures.name, linewidth=2.5 if own else 1.2)
    signals = (measures.by_signals or {}).get(ALL)
    if signals is not None:
        plot([signals.per_week], [signals.early_recall.value], "D", label=f"{measures.name}, by its signals")
    if own and measures.by_line:
        lines = list(measures.by_line.values())
        rates, recalls = [each.per_week for each in lines], [each.early_recall.value for each in lines]
        plot(rates, recalls, "x", label=f"{measures.name}, by the best line")
