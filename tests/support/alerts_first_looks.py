"""First looks for tests: accounts of two people and of a desk, and the moments at which they come."""

import asyncio

from msgspec.structs import replace

from alerts.samples import Sample
from common.bus.partitioner import partition_of
from common.contracts.signals import Facts, Kind, OpenCondition, Severity, Signal
from support.alerts_decisions import at
from support.alerts_replicas import ReplicasHarness

ROUTES = """
route:
  receiver: desk
  resolve_after: at once
  routes:
    - matchers: ['owner!=""']
      receiver: owner
receivers:
  - name: desk
    slack: {channel: "#desk"}
  - {name: owner, owner: true, else: desk}
people:
  dana@example.com: {name: Dana, slack: UDANA}
  eli@example.com: {name: Eli, slack: UELI}
final_outcomes: [churned]
"""
SEVERITY = {"red": Severity.CRITICAL, "yellow": Severity.WARNING, "green": Severity.INFO}


def first_look(
    account: str, band: str = "red", *, minutes: float = 0.0, owner: str | None = None, flags: tuple[str, ...] = ()
) -> Signal:
    moment = at(minutes / 60)
    standing = [OpenCondition(Kind.BAND, band, moment)] if band != "green" else []
    standing += [OpenCondition(Kind.FLAG, name, moment) for name in flags]
    signal = Sample(
        account=account,
        kind=Kind.FIRST_LOOK,
        to=band,
        at=moment,
        after={"red": 30.0, "yellow": 60.0, "green": 80.0}[band],
        severity=SEVERITY["yellow" if flags and band == "green" else band],
        facts=Facts(name=account.title(), owner=owner, arr=1000.0),
    ).build()
    return replace(signal, standing=tuple(standing))


def later(replicas: ReplicasHarness, minutes: float) -> None:
    replicas.clock.now = at(minutes / 60).timestamp()


def account_in(partition: int, n: int = 0, *, partitions: int = 2) -> str:
    found = [name for k in range(400) if partition_of((name := f"acc-{k:03d}").encode(), partitions) == partition]
    return found[n]


async def quiet(replicas: ReplicasHarness) -> None:
    """Long enough for a tick and a message, if there were any."""
    await asyncio.sleep(1.5)
    await replicas.settled()


async def nothing_gathered(replicas: ReplicasHarness) -> None:
    async with asyncio.timeout(60):
        while await replicas.rows("SELECT 1 FROM alerts.gathering"):  # noqa: ASYNC110 - a row tells nobody
            await asyncio.sleep(0.02)
    await replicas.settled()


async def kinds_of_timers(replicas: ReplicasHarness) -> list[tuple[object, ...]]:
    return await replicas.rows("SELECT kind, subject, partition, due FROM alerts.timer ORDER BY subject")
