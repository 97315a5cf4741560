"""What is gathered for people, in an open transaction of one partition."""

import uuid
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from alerts.decisions.account import GatheredSignal
from alerts.decisions.first_look import NAMED, GatheredMember, ToldGathering, open_conditions
from alerts.postgres import gathering_statements as statements
from alerts.routing.destination import Destination
from alerts.signals.score import SEVERITY_RANK
from common.bus.partitioner import partition_of
from common.contracts.signals import Severity

_destination = msgspec.json.Decoder(Destination)


class DueGathering(Struct, frozen=True):
    """What is told now; `due` is the record time at which its quiet interval ended."""

    address_key: str
    gathering_id: str
    due: float
    destination: Destination


class PostgresGatherings:
    """`partitions` is how many the topic has: a person's timer lives in one of them, by the address key."""

    def __init__(self, connection: AsyncConnection, partition: int, *, partitions: int) -> None:
        self._connection = connection
        self._partition = partition
        self.partitions = partitions

    async def gather(
        self,
        looks: Sequence[tuple[GatheredSignal, float]],
        *,
        taken_out: Sequence[tuple[GatheredSignal, float]] = (),
        quiet: float,
    ) -> None:
        """Each look with the record time of its coming or going. `quiet` is seconds after which they are told."""
        persons: dict[str, dict[str, Any]] = {}
        # Who loses an account is locked with those who gain one, in one order.
        for look, moment in (*looks, *taken_out):
            key = look.destination.ways[0].address_key
            person = persons.setdefault(key, self._person(look.destination, first=moment))
            person["first"] = min(person["first"], moment)
            person["last"] = max(person["last"], moment)
        await self._connection.execute(
            statements.GATHER,
            {
                "looks": _as_json([_member_row(look, arrived) for look, arrived in looks]),
                "persons": _as_json(list(persons.values())),
                "taken_out": _as_json(
                    [
                        {"address_key": one.destination.ways[0].address_key, "account_id": one.signal.account_id}
                        for one, _ in taken_out
                    ]
                ),
                "quiet": quiet,
            },
        )

    async def due(self, *, most: int, regardless: bool = False) -> Sequence[DueGathering]:
        """At most so many whose moment every partition has passed, locked until the transaction ends.

        `regardless`: it is enough that this partition has.
        """
        asked = {"partition": self._partition, "partitions": self.partitions, "regardless": regardless}
        locked = (await self._connection.scalars(statements.LOCK, asked | {"most": most})).all()
        if not locked:
            return []
        rows = await self._connection.execute(statements.DUE, asked | {"locked": list(locked)})
        return [
            DueGathering(row.address_key, row.gathering_id, row.due, _destination.decode(row.destination))
            for row in rows
        ]

    async def members(self, gathering: DueGathering, *, final: Collection[str]) -> Sequence[GatheredMember]:
        """`final` are the outcomes that end a relationship."""
        asked = {"gathering_id": gathering.gathering_id, "final": list(final)}
        rows = await self._connection.execute(statements.MEMBERS, asked)
        return [_member(*row) for row in rows]

    async def close(self, gathering: DueGathering, told: ToldGathering) -> None:
        """Writes the decisions, and the message if anybody is told anything. What comes next is gathered anew."""
        named = told.told[:NAMED]
        ids = {one.signal_id for one in told.told}
        await self._connection.execute(
            statements.CLOSE,
            {
                "address_key": gathering.address_key,
                "gathering_id": gathering.gathering_id,
                "kept": [name for name in told.reasons if name not in ids],
                "notification_id": uuid.uuid4().hex if named else None,
                "partition": self._partition,
                "rank": min((SEVERITY_RANK[one.severity] for one in named), default=0),
                "signals": [one.signal_id for one in named],
                "at": gathering.due,
                "signal_ids": list(told.reasons),
                "reasons": [reason.value for reason in told.reasons.values()],
                "summary": msgspec.json.encode(told.summary).decode(),
                "destination": msgspec.json.encode(gathering.destination).decode(),
            },
        )

    async def wake_owners(self) -> None:
        """Every owner looks at its timers once this transaction is committed."""
        await self._connection.execute(statements.WAKE)

    def _person(self, destination: Destination, *, first: float) -> dict[str, Any]:
        key = destination.ways[0].address_key
        return {
            "address_key": key,
            "partition": partition_of(key.encode(), self.partitions),
            "new_id": uuid.uuid4().hex,
            "first": first,
            "last": first,
            "receiver": destination.receiver,
            "path": destination.path,
            "destination": destination,
        }


def _member(
    signal_id: str,
    account_id: str,
    band: str,
    severity: str,
    standing: int,
    arr: float | None,
    contract_end: date | None,
    newer_band: str | None,
    acknowledged: str | None,
    left: bool,
) -> GatheredMember:
    """The columns of `MEMBERS`, in their order: there may be a hundred thousand rows."""
    return GatheredMember(
        signal_id,
        account_id,
        band,
        Severity(severity),
        standing,
        arr,
        contract_end,
        newer_band,
        None if acknowledged is None else Severity(acknowledged),
        left,
    )


def _member_row(look: GatheredSignal, arrived: float) -> dict[str, Any]:
    signal = look.signal
    return {
        "address_key": look.destination.ways[0].address_key,
        "account_id": signal.account_id,
        "signal_id": signal.signal_id,
        "band": signal.to,
        "severity": signal.severity,
        "open": len(open_conditions(signal)),
        "arr": signal.facts.arr,
        "contract_end": signal.facts.contract_end,
        "arrived": arrived,
    }


def _as_json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()
