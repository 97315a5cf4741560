"""Guarantee 7: replicas that die or sleep with messages in hand lose none, and repeat only what was cut short."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine

from alerts.postgres import schema
from common.contracts.signals import Signal
from local.fakes.http_server import Ending
from local.fakes.mail_sink import SmtpEnding, SmtpStep
from local.fakes.slack_sink import silence
from local.stack.servers import Broker
from support.alerting import Alerting, red
from support.load import loaded
from support.office import HASTY_ROUTES
from support.quick import QUICK
from support.reckoning import reckoned
from support.service import Service
from support.system import PARTITIONS, System

CROWD = 20
# Messages under load, so that each mishap finds some on their way.
ENOUGH = 50
# Seconds, longer than a session and a lease.
ASLEEP = 6.0
DIES, ALL_DIE, SLEEPS = "one dies", "all die, with a message that Slack has taken", "one sleeps"
MISHAPS = {Broker.EMBEDDED: (ALL_DIE, DIES), Broker.KAFKA: (ALL_DIE, SLEEPS, DIES, SLEEPS, ALL_DIE)}


async def test_what_a_replica_had_in_its_hands_when_it_died_arrives_once_more_at_the_most(alerting: Alerting) -> None:
    """The mail server has taken its message, Slack has not; the replica hears from neither."""
    office = alerting.office
    (replica,) = await alerting.up(ALERTS_LEASE_SECONDS="5", ALERTS_SEND_SECONDS="30")
    office.slack.plan(silence())
    office.mail.plan(SmtpEnding(SmtpStep.DATA, Ending.SILENCE, taken=True))
    await alerting.tell(red("posted-1"), red("mailed-2"))
    await alerting.told(1)
    await alerting.tried(1)
    replica.kill()
    await alerting.up()
    await alerting.quiet()

    assert len(office.posts("posted-1")) == 1
    first, second = office.mails("mailed-2")
    assert first.message["Message-ID"] == second.message["Message-ID"], "mail programs show it once"
    for account_id in ("posted-1", "mailed-2"):
        assert await alerting.attempts(account_id) == [(1, "cut short"), (2, "sent")]
    assert (await reckoned(alerting)).repeats == 1


async def test_a_replica_that_slept_with_a_message_in_its_hands_sends_it_no_more(alerting: Alerting) -> None:
    """It sleeps through its lease and its session; another sends all there is, and then it wakes."""
    sleeper, heir = await pair(alerting, "posted-1")
    alerting.office.slack.plan(silence())
    await alerting.tell(red("posted-1"))
    await alerting.tried(1)
    sleeper.freeze()
    await alerting.owns(heir, PARTITIONS)
    await alerting.tell(*(red(f"crowd-{n}") for n in range(CROWD)))
    await alerting.quiet()
    sleeper.thaw()
    await alerting.shared(sleeper, heir)
    await alerting.quiet()

    assert alerting.office.messages == CROWD + 1
    (_, first), (_, second) = await alerting.attempts("posted-1")
    assert first in ("cut short", "no answer in time"), "the heir cannot know better, the sleeper may"
    assert second == "sent"
    assert (await reckoned(alerting)).repeats == 0


async def pair(alerting: Alerting, account_id: str, **settings: str) -> tuple[Service, Service]:
    """Two replicas that share the work, the one that reads of this account first."""
    replicas = await alerting.up(2, **settings)
    await alerting.shared(*replicas)
    partition = alerting.system.partition_of(account_id)
    one, other = sorted(replicas, key=lambda each: partition not in partitions_of(each))
    return one, other


def partitions_of(replica: Service) -> list[int]:
    last: list[int] = replica.said("partitions.assigned")[-1]["partitions"]
    return last


async def test_a_replica_that_slept_in_the_middle_of_deciding_keeps_nobody_waiting(alerting: Alerting) -> None:
    """Its transaction is open, with all its locks, until the database ends it."""
    sleeper, heir = await pair(alerting, "posted-1", ALERTS_DATABASE_SECONDS="2")
    fallen = red("posted-1")
    async with nobody_records(alerting.system, fallen):
        await alerting.tell(fallen)
        await alerting.holds(LOCKED, [(1,)])
        sleeper.freeze()
    await alerting.told(1)
    await alerting.owns(heir, PARTITIONS)
    sleeper.thaw()
    await alerting.shared(sleeper, heir)
    await alerting.quiet()
    assert await alerting.decisions("posted-1") == ["new"]
    assert len(alerting.office.posts("posted-1")) == 1


LOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@asynccontextmanager
async def nobody_records(system: System, signal: Signal) -> AsyncIterator[None]:
    """Whoever would record this signal waits to hear whether we have done so; we have not."""
    engine = create_async_engine(system.deployment.database_url)
    row: dict[str, Any] = dict.fromkeys(("account_id", "episode", "kind", "to", "severity", "stage"), "")
    row |= {"signal_id": signal.signal_id, "partition": 0, "at": 0, "recorded": 0, "history": False, "waiting": False}
    async with engine.connect() as connection:
        await connection.execute(insert(schema.alert).values(**row, body={}))
        yield
        await connection.rollback()
    await engine.dispose()


class TestUnderLoad:
    @pytest.fixture
    def card(self) -> str:
        return QUICK

    async def test_mishaps_at_any_moment_lose_nothing_and_repeat_only_what_was_cut_short(
        self, alerting: Alerting, tmp_path: Path
    ) -> None:
        draw = Random(7)
        system = alerting.system
        _, worker = await system.up("ingest", "worker")
        routes = tmp_path / "hasty.yml"
        routes.write_text(HASTY_ROUTES)
        await alerting.up(2, ALERTS_ROUTES=str(routes))
        async with loaded(system, accounts=20, clients=2):
            for mishap in MISHAPS[system.deployment.broker]:
                await more_attempts(alerting, draw.randint(5, 20))
                await befalls(alerting, mishap, routes)
            # How many were sent until here depends on how fast the machine is.
            await more_attempts(alerting, max(5, ENOUGH - alerting.office.messages))
        await system.scored()
        await system.told()
        assert await worker.terminate() == 0
        found = await reckoned(alerting)
        assert found.cut_short > 0
        assert found.messages > ENOUGH / 2


async def befalls(alerting: Alerting, mishap: str, routes: Path) -> None:
    """Afterwards there are two replicas again."""
    one, other = (service for service in alerting.system.services if service.name == "alerts" and service.expected)
    if mishap == SLEEPS:
        one.freeze()
        await alerting.system.passes(ASLEEP)
        one.thaw()
        return
    if mishap == ALL_DIE:
        before = len(alerting.office.slack.requests.all)
        alerting.office.slack.plan(silence(taken=True))
        await alerting.tried(before + 1)
        other.kill()
    one.kill()
    await alerting.up(2 if mishap == ALL_DIE else 1, ALERTS_ROUTES=str(routes))


async def more_attempts(alerting: Alerting, count: int) -> None:
    query = "SELECT count(*) FROM alerts.attempt"
    ((before,),) = await alerting.system.rows(query)

    async def made() -> bool:
        ((now,),) = await alerting.system.rows(query)
        return bool(now >= before + count)

    await alerting.system.until(f"{count} more attempts are made", made)
