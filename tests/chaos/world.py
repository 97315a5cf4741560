"""Faults of those around the system: who posts, and who is told."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar

from chaos.plan import Strike
from chaos.system_under_test import SystemUnderTest
from common.bus.ports import Outgoing
from common.contracts.events import Event, encode_events_record
from local.fakes import mail_sink, slack_sink
from local.fakes.http_server import Ending

A = TypeVar("A")


async def partition_idle(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    """For the rest of the round: its accounts fall silent, and nothing but ticks is written to it."""
    idle = draw.randrange(under_test.system.deployment.partitions)
    under_test.traffic.add_to_rest(
        [one for one in under_test.traffic.accounts if under_test.system.partition_of(one) == idle]
    )


async def clock_ahead(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    """Through ingest, and past it: another program stamps its record a year ahead too."""
    for request in under_test.traffic.ahead():
        await under_test.traffic.deliver(request)
    ahead = datetime.now(UTC) + timedelta(days=365)
    account = draw.choice(under_test.traffic.accounts)
    event = Event(
        event_id=f"ahead-{draw.getrandbits(64):x}", account_id=account, name="session.started", time=ahead,
        source="other", received_at=ahead, user_id="user-1",
    )  # fmt: skip
    stamp = round(ahead.timestamp() * 1000)
    record = Outgoing(
        under_test.system.partition_of(account), account.encode(), encode_events_record(event), (), stamp
    )  # fmt: skip
    under_test.traffic.sent.add(event.event_id)
    await under_test.system.append(under_test.system.deployment.topics.events, [record])
    under_test.traffic.accepted.add(event.event_id)


async def office_down(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await under_test.office.close()
    try:
        await asyncio.sleep(strike.lasts)
    finally:
        await under_test.office.open()


async def _always(meet: Callable[[A | None], None], answer: A, strike: Strike) -> None:
    """Whoever is to be told meets every message like this for a while."""
    meet(answer)
    try:
        await asyncio.sleep(strike.lasts)
    finally:
        meet(None)


async def slack_silent(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _always(under_test.office.slack.always, slack_sink.silence(taken=draw.random() < 0.5), strike)


async def slack_busy(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _always(under_test.office.slack.always, slack_sink.rate_limited(draw.choice((1, 2))), strike)


async def slack_broken(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _always(under_test.office.slack.always, slack_sink.broken(), strike)


async def mail_silent(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _always(
        under_test.office.mail.always,
        mail_sink.SmtpEnding(mail_sink.SmtpStep.DATA, Ending.SILENCE, taken=draw.random() < 0.5),
        strike,
    )


async def mail_busy(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    step = draw.choice(list(mail_sink.SmtpStep))
    await _always(under_test.office.mail.always, mail_sink.SmtpReply(step, "451 4.3.0 Try again later"), strike)
