"""`python -m bench.chart WHOLE.json REPORT.png`: a picture of what has a mark or a rival, by matplotlib alone."""

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

OURS, THEIRS, LINE = "#1f6f8b", "#b8b8b8", "#c0392b"
MINE = ("the worker", "ingest, ", "accepted", "core, ", "worker, ")
Row = dict[str, Any]
# A panel: title, part, unit, and how the names of its bars begin.
PANELS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("Scoring, events/s on one core", "scoring", "events/s", ("the worker", "the pure core", "Quix", "Bytewax")),
    ("The core and the worker, times as fast as others", "scoring", "times", ("core", "worker")),
    ("Ingest, batches of 100, events/s on one core", "ingest", "events/s", ("",)),
    ("Ingest, single events, requests/s on one core", "ingest", "requests/s", ("",)),
    ("From an accepted event, ms", "latency", "ms", ("accepted",)),
)


def main(source: str, target: str) -> None:
    parts = {part["name"]: part for part in json.loads(Path(source).read_text())["parts"]}
    panels = [(title, rows) for title, name, unit, begins in PANELS if (rows := _rows(parts, name, unit, begins))]
    if not panels:
        raise SystemExit("nothing to draw")
    bars = [len(rows) for _, rows in panels]
    figure, axes = plt.subplots(
        len(panels), 1, figsize=(10, 1.2 + 0.45 * sum(bars) + 0.9 * len(panels)), height_ratios=bars, squeeze=False
    )
    for axis, (title, rows) in zip(axes[:, 0], panels, strict=True):
        _draw(axis, title, rows)
    figure.tight_layout()
    figure.savefig(target, dpi=110)


def _rows(parts: dict[str, Any], name: str, unit: str, begins: tuple[str, ...]) -> list[Row]:
    part = parts.get(name, {})
    former = f", {part.get('against')}"
    return [
        {**row, "ours": row["name"].startswith(MINE) and not row["name"].endswith(former)}
        for row in part.get("rows", [])
        if row["unit"] == unit and row["name"].startswith(begins) and "answer" not in row["name"]
    ]


def _draw(axis: Any, title: str, rows: list[Row]) -> None:
    """Bars are medians, whiskers the range over the rounds, dashed lines the goals."""
    middles = [median(row["values"]) for row in rows]
    reach = [[m - min(row["values"]) for m, row in zip(middles, rows, strict=True)],
             [max(row["values"]) - m for m, row in zip(middles, rows, strict=True)]]  # fmt: skip
    colours = [OURS if row["ours"] else THEIRS for row in rows]
    names = [row["name"] for row in rows]
    axis.barh(names, middles, xerr=reach, color=colours, ecolor="#444444", height=0.6)
    for place, (row, middle) in enumerate(zip(rows, middles, strict=True)):
        axis.annotate(
            f" {middle:,.0f}" if middle >= 100 else f" {middle:.3g}",
            (max(middle, max(row["values"])), place),
            va="center",
            fontsize=9,
        )
        goal = (row.get("mark") or {}).get("goal")
        if goal is not None:
            axis.plot([goal, goal], [place - 0.42, place + 0.42], color=LINE, linestyle="--", linewidth=1.5)
            axis.annotate(f"goal {goal:,g}", (goal, place - 0.42), color=LINE, fontsize=8, ha="center", va="bottom")
    axis.invert_yaxis()
    axis.margins(x=0.15)
    axis.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axis.spines[["top", "right"]].set_visible(False)
    axis.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,g}"))


if __name__ == "__main__":
    main(*sys.argv[1:])
