"""All KPIs counted again from the log in another way: account by account, day by day, without entries."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from scoring.health.scorer import Scorer
from support.kpi_recount.account import MERGED, ONE_DAY, Account, Read, events_of, midnight
from support.kpi_recount.adoption import answers, health_figures
from support.kpi_recount.decisions import decisions
from support.kpi_recount.health import follow_health
from support.kpi_recount.onboarding import onboarding
from support.kpi_recount.revenue import lifetimes, revenue

NO_VALUE = "(none)"


class Rules(NamedTuple):
    """What KPIs need to know of the card: the days of each step of onboarding, and the metrics of the Adoption."""

    scorer: Scorer
    steps: Mapping[str, int]
    adoption: Sequence[str]


class Group(NamedTuple):
    """`accounts` is how many accounts the group has, customers or not."""

    accounts: int
    figures: dict[str, float | None]


def recount(
    log: Sequence[Read],
    first: date,
    last: date,
    *,
    rules: Rules,
    known_at: datetime | None = None,
    by: str | None = None,
) -> dict[str | None, Group]:
    """The groups by their names: one without a name if they are not told apart."""
    now = known_at is None and last >= log[-1].recorded.date() if log else False
    named = {
        name: Account(events, follow_health(rules.scorer, name, log).known(known_at))
        for name, events in events_of(log, known_at).items()
    }
    for account in named.values():
        for one in account.events:
            if one.name == MERGED and one.properties["into"] in named:
                named[one.properties["into"]].merged_into_this.append((account, one.time.date()))
    accounts = list(named.values())
    groups: dict[str | None, list[Account]] = {} if by else {None: []}
    for account in accounts:
        # Who never had a contract is left out.
        if account.start is not None:
            groups.setdefault(_LABELS[by](account, last) if by else None, []).append(account)
    return {name: Group(len(each), _figures(each, first, last, rules=rules, now=now)) for name, each in groups.items()}


def _figures(
    accounts: Sequence[Account], first: date, last: date, *, rules: Rules, now: bool
) -> dict[str, float | None]:
    return {
        **onboarding(accounts, first, last, steps=rules.steps),
        **answers(accounts, first, last),
        **health_figures(accounts, last, metrics=rules.adoption, now=now),
        **revenue(accounts, first, last),
        **lifetimes(accounts, last),
        **decisions(accounts, first, last),
    }


def _tier(account: Account, last: date) -> str:
    return account.facts(last).get("tier") or NO_VALUE


def _stage(account: Account, last: date) -> str:
    stand = account.health.stand(midnight(last + ONE_DAY))
    return NO_VALUE if stand is None else stand.stage


def _cohort(account: Account, last: date) -> str:
    return NO_VALUE if account.start is None else f"{account.start:%Y-%m}"


_LABELS: Mapping[str, Callable[[Account, date], str]] = {"tier": _tier, "stage": _stage, "cohort": _cohort}
