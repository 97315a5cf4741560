"""Weights give way to what is missing; facts have the last writer by event time."""

from datetime import date
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from common.contracts.signals import Band, Facts
from scoring.health.card import card_id
from scoring.health.metrics.definition import Dimension, MetricDefinition
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.moments import to_date
from support.random_cases import event
from support.scripted_account import DAWN, IDENTITY, ScriptedAccount, card


def gauge(name: str, dimension: Dimension, share: float = 1.0, **more: Any) -> MetricDefinition:
    curves = {"default": IDENTITY}
    return Gauge(name=name, dimension=dimension, share=share, events=(f"{name}.read",), curves=curves, **more)


CARD = card(
    gauge("a", "roi", 1.0),
    gauge("b", "roi", 3.0),
    gauge("c", "adoption"),
    gauge("d", "engagement", stages=("renewal",)),
    gauge("e", "deployment"),
    weights={"roi": 40, "adoption": 40, "deployment": 0, "engagement": 20},
    min_coverage=0.5,
)


@pytest.mark.parametrize(
    ("read", "weights", "coverage"),
    [
        ({}, {}, 0.0),
        ({"a"}, {"a": 1.0}, 0.125),  # all that there is
        ({"b"}, {"b": 1.0}, 0.375),
        ({"a", "b"}, {"a": 0.25, "b": 0.75}, 0.5),
        ({"a", "c"}, {"a": 0.5, "c": 0.5}, 0.625),  # b gives its weight to a, not to c
        ({"a", "b", "c"}, {"a": 0.125, "b": 0.375, "c": 0.5}, 1.0),
        ({"d"}, {}, 0.0),  # of another stage
        ({"e"}, {}, 0.0),  # weighs nothing
        ({"c", "e"}, {"c": 1.0, "e": 0.0}, 0.5),
    ],
)
def test_a_missing_metric_gives_its_weight_to_its_dimension_first(
    read: set[str], weights: dict[str, float], coverage: float
) -> None:
    script = ScriptedAccount(CARD)
    script.does("nobody.listens", 0)
    for name in sorted(read):
        script.does(f"{name}.read", 0, value=50)
    view = script.looks(0)
    assert {c.metric: c.weight for c in view.level.contributions} == pytest.approx(weights)
    assert view.health.coverage == pytest.approx(coverage)
    assert (view.health.band is Band.INSUFFICIENT) == (coverage < 0.5)
    assert view.level.score == pytest.approx(50 if weights else 100)


def test_dimensions_are_read_on_their_own() -> None:
    script = ScriptedAccount(CARD)
    for name, value in (("a", 20), ("b", 60), ("e", 7)):
        script.does(f"{name}.read", 0, value=value)
    assert script.looks(0).dimensions == {"roi": 50.0, "adoption": None, "deployment": pytest.approx(7)}


def test_coverage_of_exactly_the_least_is_enough() -> None:
    script = ScriptedAccount(CARD)
    script.does("a.read", 0, value=50)
    script.does("b.read", 0, value=50)
    assert script.band is Band.YELLOW


def test_another_stage_counts_another_way() -> None:
    script = ScriptedAccount(CARD)
    script.does("c.read", 0, value=80)
    script.does("d.read", 0, value=20)
    assert script.score(0) == 80
    script.does("account.updated", 1, stage="renewal")
    view = script.looks(1)
    assert view.health.stage == "renewal"
    assert view.health.score == pytest.approx((40 * 80 + 20 * 20) / 60)
    script.does("account.updated", 2, stage="retired")
    assert script.looks(2).health.stage == "adoption"


def test_facts_are_written_field_by_field_by_the_newest_event() -> None:
    script = ScriptedAccount(CARD)
    script.does("account.updated", 5, name="Acme", tier="high", arr=1000, seats=10, contract_start="2024-01-01")
    script.does("account.updated", 6, name="Old name", owner="jo@example.com", late=3)
    script.does("account.updated", 7, tier=None, arr="many", seats=True, contract_end="2024-12-31T22:00:00-05:00")
    script.does("contract.changed", 8, arr=2000, name="Not here", contract_start="soon")
    assert script.account.facts == Facts(
        name="Acme",
        owner="jo@example.com",
        arr=2000,
        seats=10,
        contract_start=date(2024, 1, 1),
        contract_end=date(2024, 12, 31),
    )


def test_of_two_writers_at_one_moment_the_later_in_the_log_wins() -> None:
    written = [
        event("account.updated", DAWN, event_id="e1", name="Acme"),
        event("account.updated", DAWN, event_id="e2", name="Apex"),
    ]
    for order in (written, written[::-1]):
        script = ScriptedAccount(CARD)
        for update in order:
            script.scorer.apply(script.account, update, DAWN)
        assert script.account.facts.name == order[-1].properties["name"]


def test_signals_carry_the_facts_of_their_moment() -> None:
    script = ScriptedAccount(CARD)
    script.does("account.updated", 0, name="Acme")
    (signal,) = script.does("contract.renewed", 1).signals
    assert signal.facts == Facts(name="Acme")


def test_country_and_currency_are_facts() -> None:
    script = ScriptedAccount(CARD)
    script.does("account.updated", 1, country="DE", currency="EUR", parent="group")
    script.does("account.updated", 2, late=1.5, country="FR")
    script.does("account.updated", 3, currency=None)
    assert script.account.facts == Facts(country="DE", parent="group")


# What `away` is on day 1 and on day 2, and what is known then. What is posted later of an earlier moment counts where
# neither of them did.
AWAY: list[tuple[Any, Any, list[tuple[str, str]]]] = [
    ([{"from": "2024-05-01", "until": "2024-05-03"}], 0, [("2024-05-01", "2024-05-03")]),
    ([{"from": "2024-05-01", "until": "2024-05-03"}], None, []),
    ([{"from": "2024-05-01", "until": "2024-05-03"}], [], []),
    ([{"from": "2024-05-01", "until": "2024-05-03"}], "closed", [("2024-05-01", "2024-05-03")]),
    ([{"from": "2024-05-03", "until": "2024-05-01"}, {"from": "2024-06-01", "until": "2024-06-01"}], 0,
     [("2024-06-01", "2024-06-01")]),
    ([{"from": "2024-05-01"}], 0, [("2020-01-01", "2020-01-01")]),
    ([{"from": "2024-05-01", "until": "2024-05-03"}] * 33, 0, [("2020-01-01", "2020-01-01")]),
    ([{"from": "2024-06-01T10:00:00+02:00", "until": "2024-06-02"}, {"from": "2024-05-01", "until": "2024-05-01"}], 0,
     [("2024-05-01", "2024-05-01"), ("2024-06-01", "2024-06-02")]),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "known"), AWAY)
def test_the_days_on_which_an_account_is_closed_are_kept(first: Any, second: Any, known: list[tuple[str, str]]) -> None:
    script = ScriptedAccount(CARD)
    script.does("account.updated", 1, away=first)
    script.does("account.updated", 2, away=second)
    script.does("account.updated", 3, late=2.5, away=[{"from": "2020-01-01", "until": "2020-01-01"}])
    script.account = script.scorer.load("acme", script.scorer.dump(script.account))
    days = [tuple(to_date(day).isoformat() for day in each) for each in script.account.away.days]
    assert days == known


TIERS = replace(CARD, tiers={"low": 5_000, "high": 50_000})

# What is posted, one event a day, and the tier that follows.
BY_VALUE: list[tuple[list[dict[str, Any]], str | None]] = [
    ([{"arr": 50_000}], "high"),
    ([{"arr": 49_999.99}], "low"),
    ([{"arr": 4_999}], "tech"),
    ([{"arr": 0}], "tech"),
    ([{"name": "Acme"}], None),  # no ARR is known
    ([{"arr": 90_000, "tier": "tech"}], "tech"),
    ([{"arr": 90_000, "tier": "tech"}, {"tier": None}], "high"),
    ([{"tier": "low"}, {"arr": 90_000}], "low"),
    ([{"arr": 90_000}, {"arr": None}], None),
    ([{"arr": 90_000}, {"arr": 10_000}], "low"),
]


@pytest.mark.parametrize(("posted", "tier"), BY_VALUE)
def test_the_tier_is_the_one_posted_else_the_one_of_its_arr(posted: list[dict[str, Any]], tier: str | None) -> None:
    script = ScriptedAccount(TIERS)
    for day, facts in enumerate(posted, 1):
        script.does("account.updated", day, **facts)
        script.account = script.scorer.load("acme", script.scorer.dump(script.account))
    assert script.account.facts.tier == tier


def test_without_amounts_in_the_card_a_tier_is_what_was_posted() -> None:
    script = ScriptedAccount(CARD)
    script.does("account.updated", 1, arr=90_000)
    assert script.account.facts.tier is None


def test_a_card_without_amounts_has_the_id_that_it_had() -> None:
    without = b"".join(msgspec.json.encode([CARD]).split(b"tiers"))
    assert without == msgspec.json.encode([CARD])
    assert card_id(TIERS, {}) != card_id(CARD, {})
