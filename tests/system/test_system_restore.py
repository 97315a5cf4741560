"""Guarantee 10: an older backup of PostgreSQL and the log after it come to what there was before the accident."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest

from common.keys import Scope
from local.stack.postgres import Postgres
from support.alerting import Alerting, mood
from support.audit import STORED, audit, told_by
from support.system import System

ACCOUNTS = [f"account-{n}" for n in range(12)]
# Told before the backup and no news since; told, and recovered after the backup; fallen after the backup.
QUIET, RECOVERED, FALLEN = ACCOUNTS[:4], ACCOUNTS[4:6], ACCOUNTS[6:]
# What the accident must not change; the audit compares everything else with the log.
TABLES = {name: STORED[name] for name in ("signal", "account")}


def messages(alerting: Alerting) -> Counter[str]:
    """How often each account was told of."""
    return Counter({one: len(alerting.office.posts(one)) + len(alerting.office.mails(one)) for one in ACCOUNTS})


async def all_is_told(alerting: Alerting) -> None:
    await alerting.system.scored()
    await alerting.system.told()
    await alerting.quiet()


async def posted(alerting: Alerting, accounts: list[str], score: float) -> None:
    await alerting.client.posted(*(mood(one, score) for one in accounts))
    await all_is_told(alerting)


async def lost(system: System, postgres: Postgres) -> None:
    """The database is gone in the middle of everything, and every process hears of it."""
    await asyncio.to_thread(postgres.drop_database, _name(system))

    async def noticed() -> bool:
        worker, alerts = system.the("worker"), system.the("alerts")
        return bool(worker.said("heartbeat.unwritten") and alerts.said("depths.unreadable"))

    await system.until("the worker and alerts miss the database", noticed)


async def restored(system: System, postgres: Postgres, backup: Path) -> None:
    await asyncio.to_thread(postgres.create_database, _name(system))
    await asyncio.to_thread(postgres.restore, _name(system), backup)


def _name(system: System) -> str:
    return system.deployment.database_url.partition("?")[0].rpartition("/")[2]


async def opens(alerting: Alerting, key: str) -> bool:
    """Whether the read API takes this key."""
    return (await alerting.client.ask("/v1/accounts", key=key)).status_code == httpx.codes.OK


@pytest.mark.parametrize("stopped", [True, False], ids=["as the drill says", "nobody stops anything"])
async def test_a_backup_and_the_log_after_it_come_to_what_was(
    alerting: Alerting, postgres: Postgres, tmp_path: Path, stopped: bool
) -> None:
    system = alerting.system
    await system.up("ingest", "worker", "api")
    await alerting.up()
    await posted(alerting, ACCOUNTS, 90)
    await posted(alerting, QUIET + RECOVERED, 20)
    known = await system.key("scoring", Scope.READ)
    backup = tmp_path / "churn.dump"
    await asyncio.to_thread(postgres.dump, _name(system), backup)

    young = await system.key("scoring", Scope.READ)
    await posted(alerting, RECOVERED, 95)
    await posted(alerting, FALLEN, 30)
    before, told, copies = await system.snapshot(TABLES), messages(alerting), await told_by(system)
    assert told.total() == len(ACCOUNTS) + len(RECOVERED)

    await lost(system, postgres)
    # Whoever posts meanwhile does not notice: ingest knows its keys by heart.
    await alerting.client.posted(mood(QUIET[0], 21))
    if stopped:
        for name in ("worker", "alerts", "api"):
            await system.the(name).terminate()
    await restored(system, postgres, backup)
    if stopped:
        await system.up("worker", "api")
        await alerting.up()
    await all_is_told(alerting)

    after = await system.snapshot(TABLES)
    for name in TABLES:
        assert Counter(after[name]) == Counter(before[name]), name
    news = set(FALLEN + RECOVERED)
    assert {one: messages(alerting)[one] - told[one] for one in ACCOUNTS} == {one: int(one in news) for one in ACCOUNTS}
    await system.until("a key of before the backup opens", lambda: opens(alerting, known))
    assert not await opens(alerting, young), "what was made after the backup is gone"
    worker = system.the("worker")
    assert await worker.terminate() == 0
    found = await audit(system)
    assert found.figures.copies >= len(news), "signals of after the backup were told again, under the same ids"
    assert sum(map(len, copies.values())) + found.figures.copies == sum(map(len, (await told_by(system)).values()))
