"""The measures of one method: how well it ranks, and what its alerts were worth in each of the ways to give them."""

from collections.abc import Sequence

from msgspec import Struct

from scoring.backtest.measuring import alerts
from scoring.backtest.measuring.alerts import GivenAlerts
from scoring.backtest.measuring.auc import RankedPairs
from scoring.backtest.measuring.bootstrap import NOTHING, Bootstrap, Estimate
from scoring.backtest.measuring.early import AlertMeasures, measure_alerts, recalls
from scoring.backtest.measuring.population import Flags, Numbers, Observations, Population

BUDGETS = (3, 5, 7)
"""GivenAlerts per 100 accounts and week."""
CURVE = tuple(range(1, 11))
ALL = "all"


class Method(Struct, frozen=True):
    """Something that ranks accounts. `score` is by account and date, higher is healthier.

    `silent` and `decided` are its risks for each observation, None if it has none. `signals` are the alerts that it
    gives by itself: indexes of accounts, and moments in days.
    """

    name: str
    score: Numbers | None
    silent: Numbers | None
    decided: Numbers | None
    signals: tuple[Sequence[int], Sequence[float]] | None = None


class Measures(Struct, frozen=True):
    """`auc` and the like count pairs. `by_order` and `by_line` are by budget, `by_signals` also has "all".

    `early_curve` and `timely_curve` are the recalls by order for budgets of 1 to 10; empty without scores.
    """

    name: str
    auc: Estimate
    auc_within_date: Estimate
    auc_outcome: Estimate
    auc_outcome_within_date: Estimate
    by_order: dict[str, AlertMeasures]
    by_line: dict[str, AlertMeasures]
    by_signals: dict[str, AlertMeasures] | None
    early_curve: tuple[float, ...] = ()
    timely_curve: tuple[float, ...] = ()


def ranking_method(
    name: str,
    score: Numbers,
    observations: Observations,
    *,
    signals: tuple[Sequence[int], Sequence[float]] | None = None,
) -> Method:
    """A method that has one score for everything."""
    risk = -score[observations.account, observations.date]
    return Method(name, score, risk, risk, signals)


def measure(method: Method, population: Population, observations: Observations, bootstrap: Bootstrap) -> Measures:
    silent = _aucs(method.silent, observations, observations.silent, bootstrap)
    decided = _aucs(method.decided, observations, observations.decided, bootstrap)
    score = method.score
    curves: tuple[tuple[float, ...], ...] = ((), ()) if score is None else _curves(score, population)
    return Measures(
        name=method.name,
        auc=silent[0],
        auc_within_date=silent[1],
        auc_outcome=decided[0],
        auc_outcome_within_date=decided[1],
        by_order={} if score is None else _by_order(score, population, bootstrap),
        by_line={} if score is None else _by_line(score, population, bootstrap),
        by_signals=None if method.signals is None else _by_signals(method.signals, population, bootstrap),
        early_curve=curves[0],
        timely_curve=curves[1],
    )


def measure_ranking(method: Method, observations: Observations, bootstrap: Bootstrap) -> Measures:
    """The areas alone."""
    silent = _aucs(method.silent, observations, observations.silent, bootstrap)
    decided = _aucs(method.decided, observations, observations.decided, bootstrap)
    return Measures(method.name, *silent, *decided, by_order={}, by_line={}, by_signals=None)


def order_alerts(score: Numbers, population: Population, budget: int) -> GivenAlerts:
    return alerts.by_order(score, population, budget)


def _aucs(
    risk: Numbers | None, observations: Observations, label: Flags, bootstrap: Bootstrap
) -> tuple[Estimate, Estimate]:
    """Pooled, and within a date."""
    if risk is None or not len(observations):
        return NOTHING, NOTHING
    pooled = RankedPairs(risk, label, observations.account)
    within = RankedPairs(risk, label, observations.account, date=observations.date)
    return bootstrap.estimate(pooled.auc), bootstrap.estimate(within.auc)


def _by_order(score: Numbers, population: Population, bootstrap: Bootstrap) -> dict[str, AlertMeasures]:
    return {
        str(budget): measure_alerts(alerts.by_order(score, population, budget), population, bootstrap)
        for budget in BUDGETS
    }


def _by_line(score: Numbers, population: Population, bootstrap: Bootstrap) -> dict[str, AlertMeasures]:
    """Of all lines that would have kept to the budget on average, the best one in hindsight."""
    tried = [alerts.by_line(score, population, line) for line in alerts.lines_of(score, population)]
    weeks = population.weeks()
    found = {}
    for budget in BUDGETS:
        affordable = [each for each in tried if 100 * len(each) <= budget * weeks]
        if affordable:
            best = max(affordable, key=lambda each: recalls(each, population))
            found[str(budget)] = measure_alerts(best, population, bootstrap)
    return found


def _by_signals(
    signals: tuple[Sequence[int], Sequence[float]], population: Population, bootstrap: Bootstrap
) -> dict[str, AlertMeasures]:
    rates: dict[str, float | None] = {str(budget): budget for budget in BUDGETS} | {ALL: None}
    return {
        name: measure_alerts(alerts.by_signals(*signals, population, rate), population, bootstrap)
        for name, rate in rates.items()
    }


def _curves(score: Numbers, population: Population) -> tuple[tuple[float, ...], ...]:
    """Early and timely recall for each budget of CURVE."""
    found = [recalls(alerts.by_order(score, population, budget), population) for budget in CURVE]
    return tuple(zip(*found, strict=True))
