"""Readers hear of every change of what an account is called, who owns it and what it is worth: in order, and once."""

import pytest

from common.contracts.signals import FactsChanged, Signal
from common.topics import TimeMode
from scoring.worker.context import WorkerLimits
from support.cards import SMALL
from support.scoring_harness import START, ScoringHarness, event, scoring_harness

HOUR = 3600.0


async def updated(harness: ScoringHarness, hours: float, **facts: object) -> None:
    at = START + hours * HOUR
    harness.clock.now = at
    await harness.post(event("acme", "account.updated", at, event_id=f"facts-{hours}", properties=facts))


def changes(harness: ScoringHarness) -> list[FactsChanged]:
    return [one for one in harness.told() if isinstance(one, FactsChanged)]


async def test_each_change_is_told_with_all_that_is_known_then(wall: ScoringHarness) -> None:
    await updated(wall, 0, name="Acme", owner="dana@example.com", seats=5)
    await updated(wall, 1, owner="eli@example.com")
    await updated(wall, 2, arr=12_000, tier="high", language="ja", time_zone="Asia/Tokyo")
    await wall.score()
    assert [(one.facts.owner, one.facts.name, one.facts.arr) for one in changes(wall)] == [
        ("dana@example.com", "Acme", None),
        ("eli@example.com", "Acme", None),
        ("eli@example.com", "Acme", 12_000.0),
    ]


async def test_what_stays_the_same_and_what_nobody_is_told_by_is_not_told(wall: ScoringHarness) -> None:
    await updated(wall, 0, name="Acme", owner="dana@example.com")
    await updated(wall, 1, name="Acme", owner="dana@example.com")
    await updated(wall, 2, seats=7, stage="renewal")
    await wall.score()
    assert len(changes(wall)) == 1


@pytest.mark.parametrize("max_records", [1, 3, 500])
async def test_however_the_log_is_cut_the_same_is_told_before_the_signals_of_the_same_event(
    stream: ScoringHarness, max_records: int
) -> None:
    for hour in range(6):
        await updated(stream, hour, owner=f"csm-{hour % 3}@example.com")
        at = START + (hour + 0.5) * HOUR
        await stream.post(event("acme", "invoice.payment_failed" if hour % 2 else "invoice.paid", at))
    await stream.tick(START + 10 * HOUR)
    await stream.score(stream.worker(limits=WorkerLimits(run_records=max_records), max_records=max_records))
    assert [one.facts.owner for one in changes(stream)] == [f"csm-{hour % 3}@example.com" for hour in range(6)]
    known = None
    for record in stream.told():
        if isinstance(record, FactsChanged):
            known = record.facts.owner
        elif isinstance(record, Signal):
            assert record.facts.owner == known, "the change comes before the signals that know of it"
    assert len(stream.signals()) == await stream.scalar("SELECT count(*) FROM scoring.signal")


async def test_a_tier_that_follows_from_arr_is_told_as_one_that_was_posted(database: str) -> None:
    card = f"{SMALL}\ntiers: {{high: 50000, low: 5000}}\n"
    async with scoring_harness(database, card, mode=TimeMode.WALL) as wall:
        await updated(wall, 0, arr=60_000)
        await updated(wall, 1, tier="tech")
        await wall.score()
        assert [one.facts.tier for one in changes(wall)] == ["high", "tech"]
        assert await wall.scalar("SELECT tier FROM scoring.account") == "tech"
