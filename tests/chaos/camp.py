"""One deployment and all that befalls it: a database, a topic prefix, an office, and its processes behind proxies."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from chaos.ground import Ground
from chaos.plan import Camp, Round
from chaos.postgres_proxy import PostgresProxy
from chaos.rounds import Outcome, Rounds
from chaos.system_under_test import SystemUnderTest
from chaos.traffic import Traffic
from chaos.witness import Witness
from local.fakes.kafka_proxy import KafkaProxy
from local.stack.processes import free_port
from local.stack.servers import Broker
from support.client import bearer
from support.office import DANA, HASTY_ROUTES, Office
from support.system import System, system

ACCOUNTS = tuple(f"account-{n}" for n in range(40))

# Seconds where names say so: what takes minutes elsewhere takes seconds here.
SETTINGS = {
    "INGEST_ACK_SECONDS": "2",
    "KEY_TTL_SECONDS": "1",
    "SCORING_SESSION_SECONDS": "3",
    "SCORING_LATE_SECONDS": "2",
    "SCORING_SEND_SECONDS": "4",
    "SCORING_DATABASE_SECONDS": "5",
    "SCORING_MAX_RECORDS": "100",
    "SCORING_CHUNK": "5",
    "SCORING_ACCOUNTS_MB": "1",
    "SCORING_HOUSEKEEPING_SECONDS": "0.5",
    "ALERTS_SESSION_SECONDS": "3",
    "ALERTS_LATE_SECONDS": "3",
    "ALERTS_BEHIND_SECONDS": "2",
    "ALERTS_GATHER_SECONDS": "2",
    "ALERTS_LEASE_SECONDS": "5",
    "ALERTS_SEND_SECONDS": "2",
    "ALERTS_DATABASE_SECONDS": "5",
    "ALERTS_RETRY_SECONDS": "0.05",
    "ALERTS_RETRY_MOST_SECONDS": "0.5",
    "ALERTS_SLACK_PER_SECOND": "0",
    "ALERTS_SMTP_PER_SECOND": "0",
}

# Told of each round and what came of it; whether to go on.
Heard = Callable[[Round, Outcome], bool]


def encamp(ground: Ground, camp: Camp, *, name: str, logs: Path, heard: Heard) -> None:
    """Its rounds, until `heard` says no. The logs of its processes are below `logs`."""
    postgres_proxy = PostgresProxy(ground.postgres.socket, port=free_port())
    kafka_proxy = None if camp.cluster else KafkaProxy(ground.kafka.ports[0], port=free_port())
    office = Office(logs, routes=HASTY_ROUTES)
    with _deployed(ground, name, logs, office, postgres_proxy, kafka_proxy) as made:
        asyncio.run(_live(made, ground, camp, office, postgres_proxy, kafka_proxy, heard))


@contextmanager
def _deployed(
    ground: Ground,
    name: str,
    logs: Path,
    office: Office,
    postgres_proxy: PostgresProxy,
    kafka_proxy: KafkaProxy | None,
) -> Iterator[System]:
    """Its processes know nothing but the proxies."""
    database_url = ground.postgres.create_database(name)
    more = {**SETTINGS, **office.settings, "DATABASE_URL": postgres_proxy.url(database_url)}
    if kafka_proxy is not None:
        more["KAFKA_BOOTSTRAP"] = kafka_proxy.bootstrap
    else:
        more["REPLICATION"] = str(len(ground.kafka.ports))
    with system(
        bootstrap=ground.kafka.bootstrap,
        broker=Broker.KAFKA,
        database_url=database_url,
        directory=logs,
        first_look_seconds=1,
        more=more,
    ) as made:
        yield made
    ground.postgres.drop_database(name)


async def _live(
    made: System,
    ground: Ground,
    camp: Camp,
    office: Office,
    postgres_proxy: PostgresProxy,
    kafka_proxy: KafkaProxy | None,
    heard: Heard,
) -> None:
    async with AsyncExitStack() as leaving:
        leaving.callback(made.stop)
        await leaving.enter_async_context(office)
        for proxy in (postgres_proxy, kafka_proxy):
            if proxy is not None:
                await proxy.start()
                leaving.push_async_callback(proxy.stop)
        headers = bearer(made.keys.write)
        http = httpx.AsyncClient(base_url=made.ingest_url, headers=headers, timeout=10.0)
        await leaving.enter_async_context(http)
        traffic = Traffic(http, accounts=ACCOUNTS, seed=camp.rounds[0].seed)
        under_test = SystemUnderTest(
            made, ground=ground, office=office, traffic=traffic,
            postgres_proxy=postgres_proxy, kafka_proxy=kafka_proxy, leaving=leaving,
        )  # fmt: skip
        await under_test.stand(workers=camp.workers)
        await traffic.introduce(_facts)
        rounds = Rounds(under_test, Witness(made, office, traffic), workers=camp.workers)
        for one in camp.rounds:
            if not heard(one, await rounds.fight(one)):
                return


def _facts(account: str) -> Mapping[str, Any]:
    """By the last digit: nobody is told of some, the owner of others; all the rest are the desk's or the mailbox's."""
    if account.endswith("9"):
        return {"tier": "tech"}
    if account.endswith("1"):
        return {"tier": "high", "owner": DANA}
    return {"tier": "low", "arr": 12_000}
