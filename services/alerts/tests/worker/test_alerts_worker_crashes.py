"""However the log is cut into polls, whoever reads it and whenever they die: the same account of it in the end."""

import asyncio
import random
from collections import Counter

import pytest

from alerts.decisions.reasons import DecisionReason
from alerts.samples import Sample
from common.contracts.signals import Kind, Signal
from support.alerts_decisions import at
from support.alerts_replicas import ReplicasHarness, Running

ACCOUNTS = ("cust-001", "cust-002", "cust-003")


def lives(draw: random.Random) -> list[Signal]:
    """Bands up and down and flags of some accounts, each account's in its order."""
    told: list[Signal] = []
    episodes: dict[str, Signal | None] = dict.fromkeys(ACCOUNTS)
    for number in range(30):
        account = draw.choice(ACCOUNTS)
        opener = episodes[account]
        if draw.random() < 0.3:
            episode = None if opener is None else opener.episode
            told.append(
                Sample(account=account, kind=Kind.FLAG, to=f"flag-{number}", at=at(number), episode=episode).build()
            )
            continue
        to = draw.choice(("yellow", "red") if opener is None else ("yellow", "red", "green"))
        episode = None if opener is None else opener.episode
        signal = Sample(account=account, to=to, at=at(number), episode=episode, after=50.0).build()
        episodes[account] = None if to == "green" else (opener or signal)
        told.append(signal)
    return told


@pytest.mark.parametrize("seed", range(6))
async def test_every_signal_is_recorded_and_decided_once_whoever_dies(replicas: ReplicasHarness, seed: int) -> None:
    draw = random.Random(seed)
    replicas.lease = 5.0  # so long a message waits whose sender has died
    running: list[Running] = []

    async def crash() -> None:
        victim = running.pop(draw.randrange(len(running)))
        replicas.running.remove(victim)
        await victim.kill()
        await replicas.broker.expire_session(victim.consumer)

    signals = lives(draw)
    for signal in signals:
        replicas.clock.now = signal.at.timestamp() + 1
        await replicas.tell(signal)
        if draw.random() < 0.2:
            await replicas.tell(signal)  # the relay, in doubt, says it again
        if not running or draw.random() < 0.3:
            running.append(await replicas.start(max_records=draw.choice((1, 2, 500))))
        await asyncio.sleep(draw.random() * 0.02)
        if len(running) > 1 or draw.random() < 0.3:
            await crash()
    if not running:
        running.append(await replicas.start())
    await replicas.settled()

    recorded = await replicas.rows("SELECT signal_id FROM alerts.alert")
    assert Counter(row[0] for row in recorded) == Counter(signal.signal_id for signal in signals)
    decided = await replicas.rows("SELECT signal_id, reason FROM alerts.decision ORDER BY seq")
    assert {row[0] for row in decided} == {signal.signal_id for signal in signals}
    last = {row[0]: DecisionReason(row[1]) for row in decided}
    assert DecisionReason.LATE not in last.values()
    await _nothing_sent_twice(replicas)


async def _nothing_sent_twice(replicas: ReplicasHarness) -> None:
    """Of each signal at most one message was sent, and each message once but for attempts that a crash cut short."""
    sent = await replicas.rows(
        "SELECT s, count(*) FROM alerts.notification n, unnest(n.signals) s WHERE n.status = 'sent' GROUP BY s"
    )
    assert all(count == 1 for _, count in sent)
    attempts = await replicas.rows(
        """SELECT notification_id, count(*), count(*) FILTER (WHERE outcome IS NULL OR outcome = 'cut short')
           FROM alerts.attempt GROUP BY notification_id"""
    )
    assert all(count - cut <= 1 for _, count, cut in attempts)
    assert len(replicas.post.arrived) <= sum(count for _, count, _ in attempts)
