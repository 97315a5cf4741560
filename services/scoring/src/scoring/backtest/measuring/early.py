"""What alerts were worth: how many churns were alerted early, how often an alert was right, and how long before."""

from math import nan

import numpy as np
from msgspec import Struct

from scoring.backtest.measuring.alerts import GivenAlerts
from scoring.backtest.measuring.bootstrap import Bootstrap, Estimate
from scoring.backtest.measuring.population import EARLY, RIGHT_WITHIN, Flags, Indexes, Numbers, Population


class AlertMeasures(Struct, frozen=True):
    """`per_week` is alerts per 100 accounts and week, as they were given.

    `early_recall`: of those that churned, the share that was alerted 14 days or more before the confirmation.
    `timely_recall`: 14 to 56 days before it, for an older alert was about something else. `repeats`: alerts beyond the
    first, for each alerted account. `precision`: the share of alerts with a churn confirmed within 56 days; an alert
    whose 56 days the recording does not hold is left out. `lead_days`: the median from an account's first right alert
    to the confirmation.
    """

    per_week: float
    early_recall: Estimate
    timely_recall: Estimate
    repeats: Estimate
    precision: Estimate
    lead_days: Estimate


class AlertCounts:
    """GivenAlerts counted by account, so that a bootstrap can draw accounts."""

    def __init__(self, alerts: GivenAlerts, population: Population) -> None:
        size, account = population.size, alerts.account
        lead: Numbers = population.confirmed[account] - alerts.at
        timely: Flags = (lead >= EARLY) & (lead <= RIGHT_WITHIN)
        right: Flags = (lead >= 0) & (lead <= RIGHT_WITHIN) & (population.confirmed[account] <= population.last_date)
        known = right | (alerts.at + RIGHT_WITHIN <= population.last_date)
        self.churned = population.churned.astype(float)
        self.alerts = _count(account, size)
        self.alerted = (self.alerts > 0).astype(float)
        self.timely = (_count(account[timely], size) > 0) * self.churned
        self.early = (_count(account[lead >= EARLY], size) > 0) * self.churned
        self.right = _count(account[right], size)
        self.known = _count(account[known], size)
        self.lead = np.full(size, nan)
        np.fmax.at(self.lead, account[right], lead[right])

    def early_recall(self, weights: Numbers) -> float:
        return _share(self.early, self.churned, weights)

    def timely_recall(self, weights: Numbers) -> float:
        return _share(self.timely, self.churned, weights)

    def repeats(self, weights: Numbers) -> float:
        return _share(self.alerts - self.alerted, self.alerted, weights)

    def precision(self, weights: Numbers) -> float:
        return _share(self.right, self.known, weights)

    def lead_days(self, weights: Numbers) -> float:
        known = ~np.isnan(self.lead)
        leads = np.repeat(self.lead[known], weights[known].astype(np.int64))
        return float(np.median(leads)) if len(leads) else nan


def measure_alerts(alerts: GivenAlerts, population: Population, bootstrap: Bootstrap) -> AlertMeasures:
    counts, weeks = AlertCounts(alerts, population), population.weeks()
    return AlertMeasures(
        per_week=100 * len(alerts) / weeks if weeks else nan,
        early_recall=bootstrap.estimate(counts.early_recall),
        timely_recall=bootstrap.estimate(counts.timely_recall),
        repeats=bootstrap.estimate(counts.repeats),
        precision=bootstrap.estimate(counts.precision),
        lead_days=bootstrap.estimate(counts.lead_days),
    )


def recalls(alerts: GivenAlerts, population: Population) -> tuple[float, float]:
    """Early and timely, without intervals."""
    counts, everybody = AlertCounts(alerts, population), np.ones(population.size)
    return counts.early_recall(everybody), counts.timely_recall(everybody)


def _count(account: Indexes, size: int) -> Numbers:
    return np.bincount(account, minlength=size).astype(float)


def _share(part: Numbers, whole: Numbers, weights: Numbers) -> float:
    total = float((weights * whole).sum())
    return float((weights * part).sum()) / total if total > 0 else nan
