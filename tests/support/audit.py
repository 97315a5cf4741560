"""After whatever befell the system: what it holds and what it told, against a recount of the log."""

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from common.bus.ports import Outgoing, Record
from common.contracts.signals import CaughtUp, Signal, decode_signals_record, encode_signals_record
from common.topics import TimeMode
from scoring.cards.country_days import country_days
from scoring.health.request import REQUEST_SECONDS
from scoring.health.scorer import Scorer
from scoring.worker.assembly import origin
from support.recount import Recount, Rows, Told
from support.system import COMMITS, System

_log = logging.getLogger(__name__)
_READ_SECONDS = 60.0
_END = (("end", b""),)

# All that depends on the log alone; what is left out names the cuts (seq) or the clock of the machine.
STORED = {
    "state": "SELECT account_id, partition, body FROM scoring.state",
    "timer": "SELECT account_id, partition, due FROM scoring.timer",
    "account": """SELECT account_id, partition, name, tier, owner, arr, seats, contract_start, contract_end, stage,
                  time_zone, language, parent, status, country, currency, merged_into, segment, band, scored_stage
                  FROM scoring.account""",
    "person": """SELECT account_id, partition, user_id, last_seen, left_on, name, email, role, champion
                 FROM scoring.person""",
    "signal": "SELECT signal_id, account_id, partition, kind, at, body::text FROM scoring.signal",
    "day": "SELECT account_id, day, partition, body::text FROM scoring.day",
    "applied": "SELECT partition, id FROM scoring.applied",
    "feed_pause": "SELECT partition, source, since, until FROM scoring.feed_pause",
    "position": """SELECT DISTINCT ON (partition) partition, to_offset, clock, newest FROM scoring.journal
                   ORDER BY partition, seq DESC""",
}
WAITING = "SELECT partition, key, value FROM scoring.outbox WHERE topic = 'signals' ORDER BY partition, seq, n"


class Figures(Struct, frozen=True):
    """`copies` are signals that the topic holds more than once; `commits` are transactions."""

    records: int
    counted: int
    duplicates: int
    ticks: int
    accounts: int
    signals: int
    commits: int
    copies: int = 0


class Audit(Struct, frozen=True):
    figures: Figures
    recounts: Mapping[int, Recount]
    signals: tuple[Signal, ...]

    def of(self, account_id: str) -> list[Signal]:
        return [one for one in self.signals if one.account_id == account_id]


async def audit(system: System, *, accepted: Collection[str] = ()) -> Audit:
    """Asserts that everything accepted was counted, and once; that the tables and the signals topic hold what the log
    comes to, to the byte. No worker may run.
    """
    found = await tables_audited(system, accepted=accepted)
    told = await told_by(system)
    for partition, key, value in await system.rows(WAITING):
        told[partition].append(told_of(key, value))
    copies = sum(check_told(one.told(), told[n]) for n, one in found.recounts.items())
    figures = msgspec.structs.replace(found.figures, copies=copies)
    _log.info("recounted %s", figures)
    return msgspec.structs.replace(found, figures=figures)


async def tables_audited(system: System, *, accepted: Collection[str] = ()) -> Audit:
    """The same, of the tables alone; workers may run."""
    stored = await system.snapshot({**STORED, "commits": COMMITS})
    (commits,) = stored.pop("commits")[0]
    recounts = await recounted(system, {row[0]: row[1] for row in stored["position"]})
    for name, rows in expected(recounts.values()).items():
        assert_table(name, rows, stored[name])
    counted = Counter(one for recount in recounts.values() for one in recount.counted)
    lost = set(accepted) - counted.keys()
    assert not lost, f"{len(lost)} of {len(accepted)} accepted events are not on the log, {sorted(lost)[:5]} among them"
    signals = tuple(one for recount in recounts.values() for one in recount.signals)
    figures = Figures(
        records=sum(recount.to_offset for recount in recounts.values()),
        counted=counted.total(),
        duplicates=sum(recount.duplicates for recount in recounts.values()),
        ticks=sum(recount.ticks for recount in recounts.values()),
        accounts=len(stored["state"]),
        signals=len(signals),
        commits=commits,
    )
    return Audit(figures, recounts, signals)


async def recounted(system: System, ends: Mapping[int, int]) -> dict[int, Recount]:
    """The events topic from its beginning to where the tables say that they are."""
    recounts = begun(system)
    for record in await read(system, system.deployment.topics.events, ends):
        recounts[record.partition].read(record)
    return {partition: recounts[partition] for partition in ends}


def begun(system: System) -> dict[int, Recount]:
    """One for each partition, before its first record."""
    deployment = system.deployment
    card, mine = origin(
        deployment.card.read_text(),
        name="card",
        time_mode=deployment.mode,
        partitions=deployment.partitions,
        first_look_seconds=deployment.first_look_seconds,
    )
    seconds = REQUEST_SECONDS if deployment.mode is TimeMode.WALL else None
    wait = mine.first_look_seconds
    scorer = Scorer(
        card, mine.card_id, strict=True, calendars=country_days, request_seconds=seconds, first_look_seconds=wait
    )
    return {
        partition: Recount(scorer, partition=partition, partitions=deployment.partitions, remembered=system.remembered)
        for partition in range(deployment.partitions)
    }


def expected(recounts: Iterable[Recount]) -> Rows:
    rows: Rows = {name: [] for name in STORED}
    for recount in recounts:
        for name, found in recount.rows().items():
            rows[name] += found
    return rows


def assert_table(name: str, expected: Sequence[tuple[Any, ...]], found: Sequence[tuple[Any, ...]]) -> None:
    """To the byte; but a timer may be early: what it finds then is nothing, and when it looks depends on batches."""
    if name != "timer":
        assert_same(name, expected, found)
        return
    alarms = {(account_id, partition): due for account_id, partition, due in found}
    late = [one for one in expected if alarms.get((one[0], one[1]), one[2] + 1) > one[2]]
    assert not late, f"{len(late)} timers are late or missing, {late[0]} among them"


def assert_same(name: str, expected: Sequence[tuple[object, ...]], found: Sequence[tuple[object, ...]]) -> None:
    """Short where pytest's own answer would fill the screen."""
    missing, surplus = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    assert not missing, f"{name}: {missing.total()} rows are not as recounted; expected {next(iter(missing))}, " + (
        f"found {next(iter(surplus), None)}"
    )
    assert not surplus, f"{name}: {surplus.total()} rows too many, {next(iter(surplus))} among them"


async def told_by(system: System) -> dict[int, list[Told]]:
    """Every signal on the topic, copies too, in the order of each partition."""
    told: dict[int, list[Told]] = {n: [] for n in range(system.deployment.partitions)}
    for record in await signals_topic(system):
        assert record.value is not None
        if record.key is not None:
            told[record.partition].append(told_of(record.key, record.value))
    return told


def told_of(key: bytes, value: bytes) -> Told:
    said = decode_signals_record(value)
    assert isinstance(said, Signal)
    return Told(said.signal_id, key, value)


def first_of_each(told: Iterable[Told]) -> list[Told]:
    """What a reader that keeps ids takes."""
    found: dict[str, Told] = {}
    for one in told:
        found.setdefault(one.signal_id, one)
    return list(found.values())


async def signals_topic(system: System) -> list[Record]:
    """All of it, partition by partition. Leaves a mark at its end, which later calls skip."""
    topic = system.deployment.topics.signals
    ends = [Outgoing(n, None, encode_signals_record(CaughtUp(n)), _END) for n in range(system.deployment.partitions)]
    acks = await system.append(topic, ends)
    records = await read(system, topic, {ack.partition: ack.offset for ack in acks})
    return [record for record in records if record.headers != _END]


def check_told(expected: list[Told], told: list[Told]) -> int:
    """To a reader that keeps ids all signals come, once, in their order; how many copies it has to let pass.

    What comes under a known id is a copy, or the core itself named two facts alike (a step that was planned anew
    within the second in which it was missed): then the first is the one that counts.
    """
    assert_same("signals told", first_of_each(expected), first_of_each(told))
    for due, came in zip(first_of_each(expected), first_of_each(told), strict=True):
        assert came == due, f"signals were told in another order: {came} came before {due}"
    assert set(told) <= set(expected), "a copy says something else"
    return len(told) - len(expected)


async def read(
    system: System, topic: str, ends: Mapping[int, int], *, starts: Mapping[int, int] | None = None
) -> list[Record]:
    """Everything below these offsets, partition by partition; from the beginning, or from `starts` on."""
    begin = {TopicPartition(topic, partition): (starts or {}).get(partition, 0) for partition in ends}
    wanted = {one: ends[one.partition] for one in begin if ends[one.partition] > begin[one]}
    if not wanted:
        return []
    consumer = AIOKafkaConsumer(
        bootstrap_servers=system.deployment.bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=round(system.deployment.fetch_wait * 1000),
    )
    found: dict[TopicPartition, list[Record]] = {one: [] for one in wanted}
    await consumer.start()
    try:
        consumer.assign(list(wanted))
        for one in wanted:
            consumer.seek(one, begin[one])
        deadline = time.monotonic() + _READ_SECONDS
        while left := [one for one, end in wanted.items() if begin[one] + len(found[one]) < end]:
            assert time.monotonic() < deadline, f"{topic} did not yield {wanted} within {_READ_SECONDS} s: {left}"
            for one, records in (await consumer.getmany(*left, timeout_ms=500, max_records=5000)).items():
                found[one] += [record for record in records if record.offset < wanted[one]]
    finally:
        await consumer.stop()
    return [record for records in found.values() for record in records]
