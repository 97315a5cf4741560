"""Faults of those around the system: who posts, and who is told."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar

from chaos.plan import Strike
from chaos.scene import Scene
from common.bus.ports import Outgoing
from common.contracts.events import Event, encode_events_record
from local.fakes import mail_sink, slack_sink
from local.fakes.http_server import Ending

A = TypeVar("A")


async def partition_idle(scene: Scene, strike: Strike, draw: Random) -> None:
    """For the rest of the round: its accounts fall silent, and nothing but ticks is written to it."""
    idle = draw.randrange(scene.system.deployment.partitions)
    scene.traffic.add_to_rest([one for one in scene.traffic.accounts if scene.system.partition_of(one) == idle])


async def clock_ahead(scene: Scene, strike: Strike, draw: Random) -> None:
    """Through ingest, and past it: another program stamps its record a year ahead too."""
    for request in scene.traffic.ahead():
        await scene.traffic.deliver(request)
    ahead = datetime.now(UTC) + timedelta(days=365)
    account = draw.choice(scene.traffic.accounts)
    event = Event(
        event_id=f"ahead-{draw.getrandbits(64):x}", account_id=account, name="session.started", time=ahead,
        source="other", received_at=ahead, user_id="user-1",
    )  # fmt: skip
    stamp = round(ahead.timestamp() * 1000)
    record = Outgoing(
        scene.system.partition_of(account), account.encode(), encode_events_record(event), (), stamp
    )  # fmt: skip
    scene.traffic.sent.add(event.event_id)
    await scene.system.append(scene.system.deployment.topics.events, [record])
    scene.traffic.accepted.add(event.event_id)


async def office_down(scene: Scene, strike: Strike, draw: Random) -> None:
    await scene.office.close()
    try:
        await asyncio.sleep(strike.lasts)
    finally:
        await scene.office.open()


async def _always(meet: Callable[[A | None], None], answer: A, strike: Strike) -> None:
    """Whoever is to be told meets every message like this for a while."""
    meet(answer)
    try:
        await asyncio.sleep(strike.lasts)
    finally:
        meet(None)


async def slack_silent(scene: Scene, strike: Strike, draw: Random) -> None:
    await _always(scene.office.slack.always, slack_sink.silence(taken=draw.random() < 0.5), strike)


async def slack_busy(scene: Scene, strike: Strike, draw: Random) -> None:
    await _always(scene.office.slack.always, slack_sink.rate_limited(draw.choice((1, 2))), strike)


async def slack_broken(scene: Scene, strike: Strike, draw: Random) -> None:
    await _always(scene.office.slack.always, slack_sink.broken(), strike)


async def mail_silent(scene: Scene, strike: Strike, draw: Random) -> None:
    await _always(
        scene.office.mail.always,
        mail_sink.SmtpEnding(mail_sink.SmtpStep.DATA, Ending.SILENCE, taken=draw.random() < 0.5),
        strike,
    )


async def mail_busy(scene: Scene, strike: Strike, draw: Random) -> None:
    step = draw.choice(list(mail_sink.SmtpStep))
    await _always(scene.office.mail.always, mail_sink.SmtpReply(step, "451 4.3.0 Try again later"), strike)
