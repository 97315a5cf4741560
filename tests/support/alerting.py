"""Alerts as its operators run it: replicas, the topic that they read, and everybody whom they may tell."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from alerts.decisions.reasons import DecisionReason
from alerts.samples import Sample
from common.bus.ports import Outgoing
from common.contracts.signals import Band, CaughtUp, Facts, Signal, SignalsRecord, encode_signals_record
from common.keys import Scope
from local.replay.ingest_client import ClientEvent
from support.client import Client, bearer, happening
from support.office import Office
from support.service import Service
from support.system import System

# An account is as its mood was read last; a fall of 5 points or more is told at once.
MOOD = """
version: 1
metrics:
  mood: {dimension: engagement, kind: gauge, event: mood.read, value: score, curve: [[0, 0], [100, 100]],
         hold: 1h, ttl: 1d}
flags:
  payment_failed: {event: invoice.payment_failed, cap: 35, ttl: 1h, clear_on: invoice.paid}
outcomes:
  churned: {event: contract.ended}
weights:
  default: {deployment: 0, engagement: 100, adoption: 0, roi: 0}
bands: {default: {red: 40, yellow: 70, hysteresis: 5, min_duration: 1s}}
"""

# Seconds, but where their names say milliseconds; so short that a test can wait for what follows from them. A channel
# has ten to answer: a message whose answer comes later than that is sent again.
HURRIED = {
    "ALERTS_SESSION_SECONDS": "2",
    "ALERTS_LEASE_SECONDS": "5",
    "ALERTS_SEND_SECONDS": "10",
    "ALERTS_RETRY_SECONDS": "0.05",
    "ALERTS_RETRY_MOST_SECONDS": "0.5",
    "ALERTS_SLACK_PER_SECOND": "0",
    "ALERTS_SMTP_PER_SECOND": "0",
    "ALERTS_DATABASE_SECONDS": "5",
    "KEY_TTL_SECONDS": "1",
}

WAITS = DecisionReason.LATE.value
BEFORE_TOLD = DecisionReason.RECOVERED_BEFORE_TOLD.value

_REACHED = "SELECT partition, to_offset FROM alerts.progress"
_DECIDED = """SELECT reason FROM alerts.decision JOIN alerts.alert USING (signal_id)
              WHERE account_id = '{}' ORDER BY decision.seq"""
_ATTEMPTS = """SELECT a.n, a.outcome FROM alerts.attempt AS a JOIN alerts.notification USING (notification_id)
               WHERE account_id = '{}' ORDER BY notification.seq, a.n"""


class Alerting:
    """`office` must be open. What scoring would say, a test may say in its place, by `tell` and `caught_up`."""

    def __init__(self, system: System, office: Office, http: httpx.AsyncClient) -> None:
        self.system = system
        self.office = office
        self.client = Client(system, http)

    async def up(self, count: int = 1, **settings: str) -> list[Service]:
        """So many replicas more, ready."""
        return await self.system.up(*["alerts"] * count, **settings)

    async def tell(self, *signals: Signal) -> None:
        """As the relay does, in this order."""
        await self._write([(self.system.partition_of(one.account_id), one) for one in signals])

    async def caught_up(self) -> dict[int, int]:
        """To every partition, as scoring does when it has nothing more to say; where each word lies."""
        return await self._write([(n, CaughtUp(n)) for n in range(self.system.deployment.partitions)])

    async def decided(self) -> None:
        """When all that is on the topic now has been decided: a word of ours is the last of it."""
        ends = await self.caught_up()

        async def through() -> bool:
            reached = dict(await self.system.rows(_REACHED))
            return all(reached.get(partition, 0) > offset for partition, offset in ends.items())

        await self.system.until("every partition is decided to its end", through)

    async def quiet(self) -> None:
        """When all that is on the topic now has been decided, and all that follows has been sent or given up."""
        await self.decided()
        await self.holds("SELECT count(*) FROM alerts.notification WHERE status = 'pending'", [(0,)])

    async def holds(self, query: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """When the tables say so."""

        async def so() -> bool:
            return await self.system.rows(query) == list(rows)

        await self.system.until(f"{query} gives {rows}", so)

    async def tried(self, count: int) -> None:
        """When Slack has been asked so often since the start."""

        async def so_often() -> bool:
            return len(self.office.slack.requests.all) >= count

        await self.system.until(f"Slack is asked {count} times", so_often)

    async def failed(self, account_id: str) -> None:
        """When an attempt to tell of the account has come to nothing."""
        failed = f"{_ATTEMPTS.format(account_id)} LIMIT 1"

        async def so() -> bool:
            return any(outcome not in (None, "sent") for _, outcome in await self.system.rows(failed))

        await self.system.until(f"an attempt to tell of {account_id} fails", so)

    async def told(self, count: int) -> None:
        """When so many messages have arrived since the start, over whichever channel."""

        async def so_many() -> bool:
            return self.office.messages >= count

        await self.system.until(f"{count} messages arrive", so_many)

    async def owns(self, service: Service, partitions: int) -> None:
        """When a replica has this many, and may send for them."""

        async def so_many() -> bool:
            return await self.client.metric(service, "churn_alerts_partitions_open") == partitions

        await self.system.until(f"{service.name} sends for {partitions} partitions", so_many)

    async def shared(self, *replicas: Service) -> None:
        """When each has as many as the others."""
        for one in replicas:
            await self.owns(one, self.system.deployment.partitions // len(replicas))

    async def decisions(self, account_id: str) -> list[str]:
        """Their reasons, in the order in which they were made."""
        return [reason for (reason,) in await self.system.rows(_DECIDED.format(account_id))]

    async def attempts(self, account_id: str) -> list[tuple[int, str | None]]:
        """The number and the outcome of each, message by message."""
        return [(n, outcome) for n, outcome in await self.system.rows(_ATTEMPTS.format(account_id))]

    async def ask(self, path: str, **query: str) -> Any:
        """The API's answer, with a new key."""
        key = await self.system.key("alerts", Scope.READ)
        url = f"{self.system.the('alerts').url}{path}"
        answer = httpx.Response(0)

        async def known() -> bool:
            nonlocal answer
            answer = await self.client.http.get(url, params=query, headers=bearer(key))
            return answer.status_code != httpx.codes.UNAUTHORIZED

        await self.system.until("a new key is known", known)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    async def _write(self, records: Sequence[tuple[int, SignalsRecord]]) -> dict[int, int]:
        outgoing = [
            Outgoing(
                partition,
                record.account_id.encode() if isinstance(record, Signal) else None,
                encode_signals_record(record),
            )
            for partition, record in records
        ]
        acks = await self.system.append(self.system.deployment.topics.signals, outgoing)
        return {ack.partition: ack.offset for ack in acks}


def mood(account_id: str, score: float) -> ClientEvent:
    """What `MOOD` goes by."""
    return happening(account_id, "mood.read", properties={"score": score})


def red(account_id: str, *, ago: float = 0.0, **facts: Any) -> Signal:
    """Confirmed so many seconds ago; opens an episode."""
    at = datetime.now(UTC) - timedelta(seconds=ago)
    named = Facts(name=account_id.title(), **facts)
    return Sample(account=account_id, to=Band.RED, at=at, before=80.0, after=20.0, facts=named).build()


def green(opened: Signal, *, ago: float = 0.0) -> Signal:
    """The recovery from it."""
    at = datetime.now(UTC) - timedelta(seconds=ago)
    return Sample(
        account=opened.account_id, to=Band.GREEN, at=at, before=20.0, after=85.0, was=Band.RED,
        facts=opened.facts, episode=opened.episode,
    ).build()  # fmt: skip
