"""The measures as one table, with their intervals."""

from collections.abc import Iterator

from scoring.backtest.back_test import AGAINST, BOOSTING, CARD, LOGISTIC, SHUFFLED, BackTest
from scoring.backtest.measuring.bootstrap import NOTHING, Estimate
from scoring.backtest.measuring.early import AlertMeasures
from scoring.backtest.measuring.measures import ALL, BUDGETS, Measures
from scoring.backtest.measuring.population import EARLY, RIGHT_WITHIN, SILENT_DAYS
from scoring.backtest.reports.columns import in_columns

_MIDDLE = "5"


def describe(back_test: BackTest) -> Iterator[str]:
    population, observations = back_test.population, back_test.observations
    yield "What it was worth (with 95 % margins, by drawing accounts anew)"
    yield (
        f"  {len(observations):,} observations, {int(observations.silent.sum()):,} of them before 28 days of silence, "
        f"{int(observations.decided.sum()):,} before a decision; {int(population.churned.sum()):,} of "
        f"{population.size:,} accounts churned."
    )
    if any(each.name in (LOGISTIC, BOOSTING) for each in back_test.measures):
        how = "they learned from the other half" if back_test.half is not None else "each half by the other's lessons"
        yield f"  {LOGISTIC} and {BOOSTING} are judged on accounts that they did not learn from: {how}."
    yield from in_columns(_rows(back_test))
    yield f"  auc: no activity in the next {SILENT_DAYS} days. outcome: the decision to leave within them."
    yield "  in date: only accounts of one date are compared, so that the calendar is no skill."
    yield f"  early: churns that were alerted {EARLY} days or more before they were confirmed, at so many alerts"
    yield f"  per 100 accounts and week. timely: {EARLY} to {RIGHT_WITHIN} days before; whoever alerts all is early."
    yield f"  timely, repeats, right (precision) and lead (days) are at {_MIDDLE} a week; a week: as it came out."
    for note in back_test.notes:
        yield f"  {note}"


def _rows(back_test: BackTest) -> list[list[str]]:
    early = [f"early {budget}" for budget in BUDGETS]
    rows = [["", "auc", "in date", "outcome", "in date", *early, "timely", "repeats", "right", "lead", "a week"]]
    for measures in back_test.measures:
        rows.append([_title(measures, "by order"), *_areas(measures), *_alerts(measures.by_order)])
        if measures.name in (CARD, AGAINST):
            rows.append([_title(measures, "by its signals"), *[""] * 4, *_alerts(measures.by_signals or {})])
            rows.append([_title(measures, "by a line"), *[""] * 4, *_alerts(measures.by_line)])
    return rows


def _title(measures: Measures, way: str) -> str:
    return measures.name if measures.name == SHUFFLED else f"{measures.name}, {way}"


def _areas(measures: Measures) -> list[str]:
    areas = (measures.auc, measures.auc_within_date, measures.auc_outcome, measures.auc_outcome_within_date)
    return [share(each) for each in areas]


def _alerts(by_budget: dict[str, AlertMeasures]) -> list[str]:
    cells = [share(by_budget[str(each)].early_recall) if str(each) in by_budget else "-" for each in BUDGETS]
    middle = by_budget.get(_MIDDLE)
    if middle is None:
        return [*cells, *"-----"]
    days = "-" if middle.lead_days == NOTHING else f"{middle.lead_days.value:.0f}"
    # Signals have a rate of their own.
    rate = by_budget.get(ALL, middle).per_week
    return [*cells, *map(share, (middle.timely_recall, middle.repeats, middle.precision)), days, f"{rate:.1f}"]


def share(estimate: Estimate) -> str:
    """`.848±.010`; a dash if there is nothing to count it by."""
    if estimate.value != estimate.value:
        return "-"
    return f"{estimate.value:.2f}±{estimate.margin:.2f}".replace("0.", ".")
