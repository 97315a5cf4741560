"""KPIs are those that a recount of the log finds, whatever came, in whatever order it came."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from common.contracts.events import Tick
from scoring.cards.load import load
from scoring.health import Scorer
from support.examples import examples
from support.kpi_recount import random_logs
from support.kpi_recount.account import Read
from support.kpi_recount.card import ADOPTION, CARD, STEPS
from support.kpi_recount.figures import Group, Rules, recount
from support.kpi_recount.random_logs import BEGIN, DAYS, log_of
from support.scoring_api import Api

pytestmark = pytest.mark.servers
RULES = Rules(Scorer(load(CARD, "card"), "card"), STEPS, ADOPTION)


async def scored(api: Api, log: Sequence[Read]) -> None:
    await api.harness.empty()
    for event, recorded in log:
        if isinstance(event, Tick):
            await api.harness.tick(recorded.timestamp())
        else:
            await api.harness.write(api.harness.partition_of(event.account_id), event, at=recorded.timestamp())
    await api.harness.score()
    await api.rank()


async def answered(api: Api, first: date, last: date, **asked: Any) -> dict[str | None, Group]:
    answer = await api.kpis(from_=first.isoformat(), to=last.isoformat(), **asked)
    return {
        group["group"]: Group(group["accounts"], {name: each["value"] for name, each in group["figures"].items()})
        for group in answer["spans"][0]["groups"]
    }


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=random_logs.logs,
    ticks=st.sampled_from([(), range(10, DAYS, 20)]),
    span=random_logs.spans,
    known=st.one_of(st.none(), st.none(), st.integers(0, DAYS * 24)),
    by=st.sampled_from([None, None, "tier", "stage", "cohort"]),
)
@example(rows=[random_logs.POSTED_LATE], ticks=(), span=(0, 40), known=None, by=None)
async def test_kpis_are_those_of_a_recount(
    mood_api: Api, rows: list[Any], ticks: Sequence[int], span: tuple[int, int], known: int | None, by: str | None
) -> None:
    log = log_of(rows, ticks)
    await scored(mood_api, log)
    first = BEGIN.date() + timedelta(days=span[0])
    last = first + timedelta(days=span[1])
    known_at = None if known is None else BEGIN + timedelta(hours=known)
    asked = {} if known_at is None else {"known_at": known_at.isoformat()}
    found = await answered(mood_api, first, last, **asked, **({} if by is None else {"by": by}))
    expected = recount(log, first, last, rules=RULES, known_at=known_at, by=by)
    assert found.keys() == expected.keys()
    for name, group in expected.items():
        assert found[name].accounts == group.accounts
        assert found[name].figures == near(group.figures)


def near(figures: dict[str, float | None]) -> Any:
    """Entries have scores and points with one decimal, values of metrics with four."""
    return {
        name: value
        if value is None
        else pytest.approx(value, abs=0.051 if "score" in name else 1e-4 if name.startswith("use.") else 1e-9)
        for name, value in figures.items()
    }


def test_the_recount_knows_what_it_counts() -> None:
    """By hand: one customer begins with 10, rises to 20, and leaves."""
    rows = [
        (0, 0, "acme", "ann", ("contract.started", {"arr": 10})),
        (24 * 5, 0, "acme", "ann", ("contract.changed", {"arr": 20})),
        (24 * 9, 0, "acme", "ann", ("contract.ended", {})),
    ]
    found = recount(log_of(rows), date(2026, 1, 2), date(2026, 1, 20), rules=RULES)[None].figures
    assert (found["expansion_bookings"], found["net_new_bookings"]) == (10.0, -10.0)
    assert (found["customers"], found["logo_churn_rate"], found["gross_revenue_retention"]) == (0, 1.0, 0.0)


def test_busy_logs_have_what_kpis_tell_apart() -> None:
    """Every KPI says something of some of them, and customers in danger stay or leave."""
    first, last = BEGIN.date() + timedelta(days=20), BEGIN.date() + timedelta(days=100)
    found = [recount(log_of(random_logs.busy_log(seed)), first, last, rules=RULES)[None].figures for seed in range(60)]
    silent = {name for name in found[0] if not any(figures[name] for figures in found)}
    assert not silent
    assert {0.0, 1.0} <= {figures["save_rate"] for figures in found}
    assert any((figures["arr_at_risk"] or 0.0) < (figures["arr"] or 0.0) for figures in found)
