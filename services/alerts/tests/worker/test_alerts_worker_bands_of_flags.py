"""What is stored of a flag that brings a band is read back as one: the same alert joins, worsens and recovers."""

from collections.abc import AsyncIterator

import pytest

from alerts.decisions.reasons import DecisionReason
from common.contracts.signals import Signal
from support.alerts_decisions import at, band, flag, flag_with_band
from support.alerts_replicas import ReplicasHarness, replicas_harness, titles

ROUTES = """
route: {receiver: desk}
receivers:
  - {name: desk, slack: {channel: "#desk"}}
"""


@pytest.fixture
async def slow(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database, routes=ROUTES) as built:
        yield built


async def tell(replicas: ReplicasHarness, *signals: Signal) -> None:
    for signal in signals:
        replicas.clock.now = signal.at.timestamp()
        await replicas.tell(signal)
        await replicas.settled()


async def reason(replicas: ReplicasHarness, signal: Signal) -> str:
    """The last decision about it."""
    query = f"SELECT reason FROM alerts.decision WHERE signal_id = '{signal.signal_id}' ORDER BY seq DESC LIMIT 1"
    [(found,)] = await replicas.rows(query)
    return str(found)


async def test_a_flag_that_comes_and_goes_with_its_band_is_one_alert(slow: ReplicasHarness) -> None:
    first, again = flag_with_band("payment_failed", "yellow"), flag_with_band("payment_failed", "yellow", hours=2)
    await slow.start()
    await tell(slow, first, band("green", hours=1, opens=first), again)
    assert await reason(slow, again) == DecisionReason.WITHIN_RESOLVE
    worse = band("red", hours=3, opens=again)
    await tell(slow, worse)
    assert await reason(slow, worse) == DecisionReason.WORSE
    assert titles(slow.post.arrived) == [
        "🟡 Birch Foods: payment failed, now yellow (78 → 60)",
        "🔴 Birch Foods is red: 78 → 30",
    ]
    [(brought,)] = await slow.rows(
        "SELECT count(*) FROM alerts.alert WHERE kind = 'flag' AND body -> 'before' ->> 'band' = 'green'"
    )
    assert brought == 2


async def test_its_recovery_is_told_once_it_has_held(slow: ReplicasHarness) -> None:
    first = flag_with_band("payment_failed", "yellow")
    green = band("green", hours=1, opens=first)
    await slow.start()
    await tell(slow, first, green)
    assert await reason(slow, green) == DecisionReason.HELD
    slow.clock.now = at(30).timestamp()
    await slow.post.until(arrived=2)
    await slow.settled()
    assert await reason(slow, green) == DecisionReason.RECOVERED


async def test_a_flag_without_a_band_joins_nothing(slow: ReplicasHarness) -> None:
    """Its score was green before and after: the yellow that comes next is news."""
    plain, yellow = flag("support_storm"), band("yellow", hours=1)
    await slow.start()
    await tell(slow, plain, yellow)
    assert await reason(slow, yellow) == DecisionReason.NEW
