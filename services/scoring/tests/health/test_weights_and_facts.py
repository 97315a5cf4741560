"""Weights give way to what is missing; facts have the last writer by event time."""

from datetime import date
from typing import Any

import pytest

from common.contracts.signals import Band, Facts
from scoring.health.metrics.definition import Dimension, MetricDefinition
from scoring.health.metrics.gauge.definition import Gauge
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
