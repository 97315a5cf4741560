"""What was accepted, read back from the log: scoring can read every record, and the core survives them."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition

from common.bus.ports import Record
from common.contracts.events import Event, decode_events_record
from scoring.cards.country_days import country_days
from scoring.health.scorer import Scorer
from scoring.worker.assembly import origin
from support.recount import Recount
from support.system import System

_PATIENCE = 600.0


@dataclass
class Taken:
    """`scored` are the records of one partition, each through the core; `states` those that it came to."""

    records: int = 0
    scored: int = 0
    accounts: int = 0
    violations: list[str] = field(default_factory=list)


async def check(system: System, *, partition: int = 0) -> Taken:
    taken = Taken()
    scorer, recount = _core(system, partition)
    async for record in _all(system):
        taken.records += 1
        try:
            said = decode_events_record(record.value or b"")
        except msgspec.DecodeError as error:
            taken.violations.append(f"cannot be read: {error}: {record.value!r:.300}")
            continue
        if not isinstance(said, Event):
            taken.violations.append(f"not an event: {record.value!r:.300}")
        elif record.partition == partition:
            taken.scored += 1
            recount.read(record)
    taken.accounts = len(recount.accounts)
    for account_id, account in recount.accounts.items():
        body = scorer.dump(account)
        if scorer.dump(scorer.load(account_id, body)) != body:
            taken.violations.append(f"the state of {account_id!r:.100} is not what was stored")
    taken.violations += [f"set aside as {reason}: {value!r:.300}" for reason, _, value in recount.dead]
    return taken


def _core(system: System, partition: int) -> tuple[Scorer, Recount]:
    deployment = system.deployment
    card, mine = origin(
        deployment.card.read_text(), name="card", time_mode=deployment.mode, partitions=deployment.partitions
    )
    scorer = Scorer(card, mine.card_id, strict=False, calendars=country_days)
    partitions = deployment.partitions
    return scorer, Recount(scorer, partition=partition, partitions=partitions, remembered=system.remembered)


async def _all(system: System) -> AsyncIterator[Record]:
    deployment = system.deployment
    topic = [TopicPartition(deployment.topics.events, n) for n in range(deployment.partitions)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=deployment.bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=round(deployment.fetch_wait * 1000),
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(topic)
        left = {one for one, end in ends.items() if end}
        consumer.assign(topic)
        for one in topic:
            consumer.seek(one, 0)
        deadline = time.monotonic() + _PATIENCE
        while left and time.monotonic() < deadline:
            for one, records in (await consumer.getmany(*left, timeout_ms=500, max_records=5_000)).items():
                for record in records:
                    yield record
                if records[-1].offset + 1 >= ends[one]:
                    left.discard(one)
        if left:
            raise TimeoutError(f"the log did not yield {left} within {_PATIENCE:g} s")
    finally:
        await consumer.stop()
