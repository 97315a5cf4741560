"""Faults of our own processes: they die, sleep, join and leave."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from random import Random

from sqlalchemy.exc import DBAPIError

from chaos.plan import Strike
from chaos.postgres_proxy import End
from chaos.system_under_test import Missed, SystemUnderTest
from local.fakes.slack_sink import silence
from support.service import Service

_DELETES_FROM_OUTBOX = "DELETE FROM scoring.outbox"
_DUE = "SELECT count(*) FROM alerts.timer WHERE due < extract(epoch FROM now())"
_LOOK = 0.05
_TICKED = 0.5  # seconds: by then a tick is decided by as a rule
_AIM = 15.0  # seconds that a strike waits for its moment


async def ingest_dies(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _dies(under_test, strike, under_test.those("ingest"))


async def worker_dies(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _dies(under_test, strike, [draw.choice(under_test.those("worker"))])


async def all_workers_die(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _dies(under_test, strike, under_test.those("worker"))


async def relay_dies(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    """The log has acknowledged what the outbox is about to be rid of."""
    with under_test.postgres_proxy.trap(_DELETES_FROM_OUTBOX, End.HELD) as trap:
        try:
            await asyncio.wait_for(trap.first.wait(), _AIM)
        except TimeoutError as error:
            raise Missed from error
        await _dies(under_test, strike, under_test.those("worker"))


async def worker_sleeps(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _sleeps(draw.choice(under_test.those("worker")), strike)


async def workers_change(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    """One or two join, and then one leaves of those that were there."""
    first = under_test.those("worker")
    for _ in range(draw.randint(1, 2)):
        under_test.start("worker")
        await asyncio.sleep(strike.lasts / 2)
    leaver = draw.choice(first)
    if leaver.running and (code := await leaver.terminate()):
        under_test.ended.append(f"told to end, it ended with {code}: {leaver.last_words()}")


async def replica_dies(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _with_a_message(under_test)
    await _dies(under_test, strike, [draw.choice(under_test.those("alerts"))])


async def alerts_die(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _with_a_message(under_test)
    await _dies(under_test, strike, under_test.those("alerts"))


async def timer_dies(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    """A timer of alerts is due. All replicas die while its tick is written, read back or decided by."""
    deadline = asyncio.get_running_loop().time() + _AIM
    while not await _due(under_test):
        if asyncio.get_running_loop().time() > deadline:
            raise Missed
        await asyncio.sleep(_LOOK)
    await asyncio.sleep(draw.uniform(0.0, _TICKED))
    await _dies(under_test, strike, under_test.those("alerts"))


async def _due(under_test: SystemUnderTest) -> bool:
    with suppress(DBAPIError, OSError):
        return bool((await under_test.system.rows(_DUE))[0][0])
    return False


async def replica_sleeps(under_test: SystemUnderTest, strike: Strike, draw: Random) -> None:
    await _with_a_message(under_test)
    await _sleeps(draw.choice(under_test.those("alerts")), strike)


async def _with_a_message(under_test: SystemUnderTest) -> None:
    """When Slack has taken a message and has not said so: one replica has it in its hands."""
    slack = under_test.office.slack
    before = len(slack.requests.all)
    slack.plan(silence(taken=True))
    try:
        await asyncio.wait_for(slack.requests.nth(before + 1), _AIM)
    except TimeoutError as error:
        raise Missed from error


async def _dies(under_test: SystemUnderTest, strike: Strike, services: Iterable[Service]) -> None:
    """And as many come back."""
    died = list(services)
    for one in died:
        one.kill()
    await asyncio.sleep(strike.lasts)
    for one in died:
        under_test.start(one.name)


async def _sleeps(service: Service, strike: Strike) -> None:
    service.freeze()
    try:
        await asyncio.sleep(strike.lasts)
    finally:
        service.thaw()
