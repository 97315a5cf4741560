"""What people used and what they said, counted again from answers and month ends."""

from collections.abc import Sequence
from datetime import date
from statistics import median

from support.kpi_recount.account import ONE_DAY, Account, midnight
from support.kpi_recount.shares import mean, share


def answers(accounts: Sequence[Account], first: date, last: date) -> dict[str, float | None]:
    given = [
        [one for one in account.of(last) if one.time.date() >= first and one.name.endswith(".answered")]
        for account in accounts
    ]
    satisfied = [one.properties["score"] for each in given for one in each if one.name == "csat.answered"]
    # Of each person the last answer; a person of two accounts is two.
    last_of = [
        {one.user_id: one.properties["score"] for one in each if one.name == "nps.answered"}.values() for each in given
    ]
    recommended = [score for each in last_of for score in each]
    balance = sum((score >= 9) - (score <= 6) for score in recommended)
    return {
        "nps": share(100.0 * balance, len(recommended)),
        "csat": share(sum(score >= 4 for score in satisfied), len(satisfied)),
    }


def health_figures(
    accounts: Sequence[Account], last: date, *, metrics: Sequence[str], now: bool
) -> dict[str, float | None]:
    """Over the customers at the end of the span; `now` if it ends today. `metrics` are those of the Adoption."""
    customers = [one for one in accounts if one.state(last).customer]
    months = [month for one in customers if (month := one.health.month(midnight(last + ONE_DAY))) is not None]
    scores = [_score(one, last, now=now) for one in customers]
    used = {metric: [value for one in months if (value := one.values.get(metric)) is not None] for metric in metrics}
    return {
        "health_score": mean([score for score in scores if score is not None]),
        "adoption_score": mean([month.points for month in months if month.points is not None]),
    } | {f"use.{metric}": median(values) if values else None for metric, values in used.items()}


def _score(account: Account, last: date, *, now: bool) -> float | None:
    health, end = account.health, midnight(last + ONE_DAY)
    if now and health.score is not None:
        return health.score
    noted = [one for one in (health.stand(end), health.month(end)) if one is not None]
    return max(noted, key=lambda one: one.at).score if noted else None
