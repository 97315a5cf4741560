"""The default card: DEAR as customer success practice measures it, and silent where a company posts nothing of it."""

from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from common.catalogue.events import STANDARD_EVENTS
from common.contracts.signals import Band
from scoring.health.context import STAGES
from support.cards import shipped_card
from support.scripted_account import ScriptedAccount, told

DEFAULT = shipped_card()
OPTIONAL = {metric.name for metric in DEFAULT.metrics if metric.optional is True}
WITHOUT = replace(DEFAULT, metrics=tuple(metric for metric in DEFAULT.metrics if metric.name not in OPTIONAL))
FACTS: dict[str, Any] = {"seats": 5, "stage": "adoption", "contract_start": "2023-01-01"}
PEOPLE = ("ann", "bob", "cem", "dee", "eve")

Deed = tuple[float, str, dict[str, Any]]


def work(days: int, *, seed: int = 1) -> list[Deed]:
    """What most companies post: facts, contract, sessions, features, core use, at times a ticket."""
    random = Random(seed)
    deeds: list[Deed] = [(0.0, "account.updated", FACTS), (0.0, "contract.changed", {"arr": 20_000})]
    for day in range(days):
        for person in PEOPLE:
            if day % 7 < 5 and random.random() < 0.8:
                at = day + 0.3 + 0.4 * random.random()
                deeds.append((at, "session.started", {"user_id": person}))
                deeds.append((at, "feature.used", {"user_id": person, "feature": random.choice("abcdefgh")}))
                deeds.append((at, "report.created", {"user_id": person}))
                if random.random() < 0.03:
                    deeds.append((at, "ticket.opened", {"user_id": person, "ticket": f"T{at}", "severity": 2}))
    return deeds


def practice(days: int) -> list[Deed]:
    """What a company posts that measures all of DEAR, of a customer who is well."""
    deeds: list[Deed] = [(0.0, "user.updated", {"user_id": "ann", "champion": True})]
    for day in range(days):
        deeds.append((day + 0.1, "integration.synced", {"integration": "salesforce"}))
        if day % 14 == 3:
            for person in PEOPLE:
                deeds.append((day + 0.2, "email.sent", {"user_id": person}))
            deeds += [(day + 0.3, "email.opened", {"user_id": person}) for person in PEOPLE[:2]]
            deeds.append((day + 0.4, "community.posted", {"user_id": "ann"}))
        if day % 30 == 10:
            deeds.append((day + 0.5, "seminar.attended", {"user_id": "bob"}))
            deeds.append((day + 0.5, "ticket.resolved", {"ticket": f"T{day}", "hours": 12}))
            deeds.append((day + 0.6, "csat.answered", {"user_id": "cem", "score": 4}))
        if day % 91 == 20:
            deeds.append((day + 0.5, "review.held", {}))
            deeds.append((day + 0.7, "nps.answered", {"user_id": "dee", "score": 9}))
            deeds.append((day + 0.7, "milestone.planned", {"step": f"goal {day}", "due": "2030-01-01"}))
        if day == 25:
            deeds.append((25.5, "goal.reached", {"goal": "close the month in two days"}))
    return deeds


def lived(deeds: list[Deed], on: ScriptedAccount) -> ScriptedAccount:
    for day, name, properties in sorted(deeds, key=lambda deed: deed[0]):
        on.does(name, day, **properties)
    return on


def available(script: ScriptedAccount, day: float) -> set[str]:
    return {part.metric for part in script.looks(day).level.contributions}


@pytest.mark.parametrize("stage", STAGES)
def test_with_all_of_its_data_every_metric_of_the_stage_has_points(stage: str) -> None:
    done = [(0.0, "milestone.reached", {"step": step}) for step in ("kickoff", "sso_live", "first_value")]
    # Long enough to have a past of its own.
    deeds = [*done, *work(75), *practice(75), (0.05, "account.updated", {"stage": stage})]
    script = lived(deeds, ScriptedAccount(DEFAULT))
    of_stage = {metric.name for metric in DEFAULT.metrics if not metric.stages or stage in metric.stages}
    assert available(script, 75) == of_stage
    assert script.looks(75).health.coverage == 1.0
    assert script.band is Band.GREEN


def test_without_its_data_everything_is_as_without_those_metrics() -> None:
    """To the bit: scores, coverage, bands, and what was told and when. The second month is silent at its end."""
    with_them, without = ScriptedAccount(DEFAULT), ScriptedAccount(WITHOUT)
    for day, name, properties in sorted(work(50), key=lambda deed: deed[0]):
        one, other = with_them.does(name, day, **properties), without.does(name, day, **properties)
        assert told(one) == told(other)
        assert with_them.looks(day).health == without.looks(day).health
    for day in range(51, 130):
        assert told(with_them.waits(day)) == told(without.waits(day))
        assert with_them.looks(day).health == without.looks(day).health
    assert without.band is Band.RED
    assert available(with_them, 130).isdisjoint(OPTIONAL)


def test_every_dimension_has_optional_metrics_or_needs_none() -> None:
    by_dimension = {name: {each.dimension for each in DEFAULT.metrics if each.name == name} for name in OPTIONAL}
    assert set().union(*by_dimension.values()) == {"deployment", "engagement", "roi"}


def test_the_contract_stays_the_heaviest_measure_of_value() -> None:
    script = lived([*work(40), *practice(40)], ScriptedAccount(DEFAULT))
    weights = {part.metric: part.weight for part in script.looks(40).level.contributions if part.dimension == "roi"}
    assert len(weights) == 6
    assert weights["arr_ratio"] >= 2 * max(weight for name, weight in weights.items() if name != "arr_ratio")


def test_every_event_that_the_card_names_is_a_standard_one() -> None:
    named = {event for metric in DEFAULT.metrics for event in metric.listens}
    assert named <= set(STANDARD_EVENTS)


# Each metric: what happens on which days; then the points that the card's comments promise, by day.
PROMISES: list[tuple[str, list[Deed], dict[float, float]]] = [
    ("integrations", [(day, "integration.synced", {"integration": "erp"}) for day in range(60)], {60: 87.5, 97: 0}),
    ("time_to_resolve", [(1, "ticket.resolved", {"ticket": "a", "hours": 24}),
                         (2, "ticket.resolved", {"ticket": "b", "hours": 120})], {2: 60, 92: 80}),
    ("time_to_resolve", [(1, "ticket.resolved", {"ticket": "a", "hours": 400})], {1: 0}),
    ("emails", [(1, "email.sent", {"user_id": person}) for person in PEOPLE], {1: 40}),
    ("emails", [*[(1.0, "email.sent", {"user_id": person}) for person in PEOPLE],
                *[(1.1, "email.opened", {"user_id": person}) for person in PEOPLE[:3]]], {2: 100}),
    ("seminars", [(1, "seminar.attended", {"user_id": "ann"})], {1: 100, 400: 60}),
    ("community", [(1, "community.answered", {"user_id": "ann"})], {1: 100, 400: 60}),
    ("goals", [(1, "goal.reached", {})], {1: 100, 366: 79, 740: 40}),
    ("reviews", [(91 * quarter, "review.held", {}) for quarter in range(9)], {500: 100, 728: 100, 910: 76}),
    ("csat", [(1, "csat.answered", {"user_id": "ann", "score": 5}),
              (1, "csat.answered", {"user_id": "bob", "score": 3})], {1: 80, 250: 60}),
]  # fmt: skip


@pytest.mark.parametrize(("metric", "deeds", "points"), PROMISES)
def test_a_metric_keeps_what_its_comment_promises(metric: str, deeds: list[Deed], points: dict[float, float]) -> None:
    script = ScriptedAccount(DEFAULT)
    script.does("account.updated", 0, **FACTS)
    for day in sorted({*points, *(deed[0] for deed in deeds)}):
        for deed in deeds:
            if deed[0] == day:
                script.does(deed[1], day, **deed[2])
        if day in points:
            assert script.points(metric, day) == pytest.approx(points[day], abs=1.5), day


def test_two_e_mails_are_too_few_to_judge_by() -> None:
    script = ScriptedAccount(DEFAULT)
    script.does("account.updated", 0, **FACTS)
    for person in PEOPLE[:2]:
        script.does("email.sent", 1, user_id=person)
    assert script.points("emails", 1) is None


def test_who_comes_to_a_seminar_once_is_not_told_of_for_coming_no_more() -> None:
    """The other metrics stay as they are; only the seminar fades."""
    deeds = work(300)
    script = lived([*deeds, (20.0, "seminar.attended", {"user_id": "ann"})], ScriptedAccount(DEFAULT))
    plain = lived(deeds, ScriptedAccount(DEFAULT))
    assert script.band is plain.band is Band.GREEN
    assert script.score(300) == pytest.approx(plain.score(300), abs=2)
