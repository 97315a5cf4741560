"""The workload has all that the cards of the digest watch, and is the same every time."""

from itertools import pairwise
from pathlib import Path

import pytest

from digest.__main__ import CARDS
from digest.workload import DAYS, START, Record, records
from scoring.cards.load import load
from scoring.health.metric_kinds import KINDS

WORKLOAD: list[Record] = list(records(6, 500))


def names(card: Path) -> set[str]:
    loaded = load(card.read_text(), card.name)
    metrics = {name for metric in loaded.metrics for name in getattr(metric, "events", ())}
    flags = {name for flag in loaded.flags for name in (*flag.events, *flag.clear_on)}
    outcomes = {name for outcome in loaded.outcomes for name in outcome.events}
    return (
        metrics | flags | outcomes | {"account.updated", "contract.changed", "milestone.planned", "milestone.reached"}
    )


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.parent.name)
def test_every_event_that_a_card_watches_happens(card: Path) -> None:
    assert names(card) <= {record.event.name for record in WORKLOAD}


def test_the_cards_have_every_kind_of_metric() -> None:
    assert {type(metric) for card in CARDS for metric in load(card.read_text(), card.name).metrics} == set(KINDS)


def test_records_come_in_the_order_of_their_time_over_two_years() -> None:
    moments = [record.at for record in WORKLOAD]
    assert all(before <= after for before, after in pairwise(moments))
    assert 0.8 * DAYS < (moments[-1] - START.timestamp()) / 86_400 <= DAYS


def test_events_come_late_in_the_same_millisecond_and_as_history() -> None:
    late = [(record.event.received_at - record.event.time).days for record in WORKLOAD]
    assert max(late) > 60
    assert any(one.account_id == other.account_id and one.at == other.at for one, other in pairwise(WORKLOAD))
    assert any(record.event.history for record in WORKLOAD)


def test_the_workload_is_the_same_every_time() -> None:
    assert list(records(6, 500)) == WORKLOAD
