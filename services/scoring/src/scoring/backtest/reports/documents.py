"""A back-test as JSON, and every alert with its reason as CSV."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import msgspec

from scoring.backtest.back_test import BackTest, CardRun
from scoring.backtest.measuring.bootstrap import Estimate
from scoring.backtest.measuring.early import AlertMeasures
from scoring.backtest.measuring.measures import CURVE, Measures, order_alerts
from scoring.backtest.reports.comparison import compare
from scoring.backtest.reports.people import count_signals, loads, signals_of, standings_of
from scoring.cards.sentences import in_words
from scoring.health.moments import DAY, to_datetime

ORDER_BUDGET = 5
WELL = "nothing is wrong: the budget reaches accounts that are well"
_RECEIPT_DAYS = 14
_PARTS = 3
ALERT_COLUMNS = (
    "card", "way", "at", "account_id", "owner", "kind", "to", "severity", "since", "before", "after", "reason",
)  # fmt: skip
Row = tuple[object, ...]


def as_json(back_test: BackTest) -> bytes:
    """The card's measures by their names; the other methods under `methods`. What could not be measured is null."""
    (card, *others) = back_test.measures
    document = _measures(card) | {
        "card_id": back_test.runs[0].card_id,
        "half": back_test.half,
        "accounts": back_test.population.size,
        "events": back_test.recording.events,
        "days": back_test.recording.days,
        "activity": back_test.activity,
        "churned": int(back_test.population.churned.sum()),
        "notes": back_test.notes,
        "methods": {each.name: _measures(each) for each in others},
        "people": {run.role: _people(run, back_test) for run in back_test.runs},
        "changes": compare(back_test),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def write_alerts(back_test: BackTest, path: Path) -> None:
    """Every signal of each card, and every alert by order at 5 per 100 accounts and week. Raises `OSError`."""
    with path.open("w", newline="", encoding="utf-8") as file:
        _write(file, back_test)


def _write(file: TextIO, back_test: BackTest) -> None:
    writer = csv.writer(file)
    writer.writerow(ALERT_COLUMNS)
    for run in back_test.runs:
        writer.writerows(_signals(run))
        writer.writerows(_by_order(run, back_test))


def _measures(measures: Measures) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("auc", "auc_within_date", "auc_outcome", "auc_outcome_within_date"):
        found |= _estimate(name, getattr(measures, name))
    found |= _alerts(measures.by_order)
    if measures.by_signals is not None:
        found["by_signals"] = _alerts(measures.by_signals)
    found["by_line"] = _alerts(measures.by_line)
    if measures.early_curve:
        found["curve"] = {
            "budgets": CURVE,
            "early_recall": measures.early_curve,
            "timely_recall": measures.timely_curve,
        }
    return found


def _estimate(name: str, estimate: Estimate) -> dict[str, Any]:
    # msgspec writes not-a-number as null.
    return {name: estimate.value, f"{name}_interval": [estimate.low, estimate.high]}


def _alerts(by_budget: dict[str, AlertMeasures]) -> dict[str, Any]:
    """Each measure by budget, with its intervals beside it."""
    found: dict[str, Any] = {"per_week": {budget: each.per_week for budget, each in by_budget.items()}}
    for name in ("early_recall", "timely_recall", "repeats", "precision", "lead_days"):
        estimates: dict[str, Estimate] = {budget: getattr(each, name) for budget, each in by_budget.items()}
        found[name] = {budget: each.value for budget, each in estimates.items()}
        found[f"{name}_interval"] = {budget: [each.low, each.high] for budget, each in estimates.items()}
    return found


def _people(run: CardRun, back_test: BackTest) -> dict[str, Any]:
    return {
        "card_id": run.card_id,
        "signals": count_signals(run),
        "owners": loads(run, back_test),
        "standings": standings_of(run, back_test),
    }


def _signals(run: CardRun) -> Iterator[Row]:
    for each in signals_of(run):
        yield (
            run.role, "signal" if each.is_alert else "signal, nothing to handle", _moment(each.at), each.account_id,
            each.owner or "", each.kind.value, each.to, each.severity.value, _moment(each.since),
            "" if each.before is None else round(each.before, 1), round(each.after, 1), each.reason,
        )  # fmt: skip


def _by_order(run: CardRun, back_test: BackTest) -> Iterator[Row]:
    scores = run.scores
    alerts = order_alerts(scores, back_test.population, ORDER_BUDGET)
    for account, day in zip(alerts.account.tolist(), alerts.at.astype(int).tolist(), strict=True):
        trace, since = run.traces[account], max(day - _RECEIPT_DAYS, int(back_test.population.born[account]) + 1)
        yield (
            run.role, f"order at {ORDER_BUDGET}", _moment((back_test.recording.first_day + day) * DAY),
            trace.account_id, trace.standing.owner or "", "", "", "",
            _moment((back_test.recording.first_day + since) * DAY), round(float(scores[account, since]), 1),
            round(float(scores[account, day]), 1), _reason(run, account, since, day),
        )  # fmt: skip


def _reason(run: CardRun, account: int, since: int, day: int) -> str:
    """What the score lost since then, else what it has less than the reference; the largest parts."""
    parts = run.traces[account].parts.astype(float)
    names = [*(metric.name for metric in run.card.metrics), "cap"]
    lost = parts[day] - parts[since]
    told, moved = (lost, "lost in two weeks") if lost.min() <= -1 else (parts[day], "below the reference")
    worst = sorted(range(len(names)), key=lambda index: told[index])[:_PARTS]
    phrases = [f"{told[index]:+.0f} {in_words(names[index])}" for index in worst if told[index] <= -1]
    return f"{moved}: {', '.join(phrases)}" if phrases else WELL


def _moment(at: float) -> str:
    return to_datetime(at).isoformat(timespec="seconds")
