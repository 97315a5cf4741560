"""`python -m scoring log show|adopt|skip`: compares the log with the journal; decides how a stopped worker goes on."""

import argparse
from contextlib import AsyncExitStack

from common import database
from common.bus.kafka import KafkaAdmin
from common.bus.ports import Record
from common.contracts.dead_letters import DeadReason
from common.errors import Doubt, StopWorker
from common.topics import Topics
from scoring.errors import UnknownRecordType
from scoring.partition.commit import Commit, LogPosition, OutboxRow, dead_letter
from scoring.partition.memory import StoredPartition
from scoring.partition.origin import ACCEPTED, record_hash
from scoring.partition.records import decode
from scoring.postgres.store import PostgresStore
from scoring.settings import ScoringSettings
from scoring.worker.events_log import EventsLog

OPERATOR = "operator"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("show", help="where each partition stands; exit code 1 if one does not fit")
    adopt = actions.add_parser(
        "adopt",
        help="go on with the log as it is now (stop the workers first); event ids still remembered count once",
    )
    adopt.add_argument(
        "--from",
        dest="where",
        choices=("earliest", "journal"),
        required=True,
        help=("earliest: read everything the log holds; journal: keep the journal's offsets"),
    )
    skip = actions.add_parser(
        "skip", help="set the record at which a partition stopped aside on the dead topic; start its worker again then"
    )
    skip.add_argument("--partition", type=int, required=True)
    skip.add_argument("--offset", type=int, required=True, help="of the record, as /readyz says it")


async def run(arguments: argparse.Namespace, settings: ScoringSettings) -> int:
    """The exit code."""
    async with AsyncExitStack() as closing:
        engine = database.engine(settings.database_url, pool_size=1)
        closing.push_async_callback(engine.dispose)
        store = PostgresStore(engine, patience=settings.scoring_database_seconds)
        admin = KafkaAdmin(settings.kafka_bootstrap)
        cluster_id = await admin.cluster_id()
        topic = Topics(settings.topic_prefix).events
        events = EventsLog(admin, topic=topic, cluster_id=cluster_id, patience=settings.scoring_send_seconds)
        partitions = [
            (number, stored)
            for number in sorted(await store.load_origins())
            if (stored := await store.load_partition(number)) is not None
        ]
        if arguments.action == "show":
            return await _show(events, partitions)
        if arguments.action == "skip":
            await skip_unknown(store, events, arguments.partition, arguments.offset, cluster_id=cluster_id)
            return 0
        for number, stored in partitions:
            await _adopt(store, events, number, stored, cluster_id=cluster_id, where=arguments.where)
        return 0


async def _show(events: EventsLog, partitions: list[tuple[int, StoredPartition]]) -> int:
    wrong = 0
    for number, stored in partitions:
        verdict = await events.compare_with(number, stored)
        wrong += verdict not in ACCEPTED
        print(f"partition {number:3}  seq {stored.seq:8}  next offset {stored.position.to_offset:10}  {verdict.value}")
    return 1 if wrong else 0


async def _adopt(
    store: PostgresStore, events: EventsLog, number: int, stored: StoredPartition, *, cluster_id: str, where: str
) -> None:
    start = await events.first_position(number)
    offset = start.to_offset if where == "earliest" else stored.position.to_offset
    position = LogPosition(to_offset=offset, clock=stored.position.clock, newest=stored.position.newest)
    await _move(store, number, stored, position, cluster_id=cluster_id)
    print(f"partition {number:3}  goes on from offset {offset} of cluster {cluster_id}")


async def skip_unknown(store: PostgresStore, events: EventsLog, number: int, offset: int, *, cluster_id: str) -> None:
    """Sets aside the next record of a partition, whose type this version does not know; its owner begins after it.

    Raises `StopWorker` if another record comes next, or one of a known type: then nothing was changed.
    """
    stored = await store.load_partition(number)
    if stored is None or stored.position.to_offset != offset:
        reached = "was never read" if stored is None else f"comes to offset {stored.position.to_offset} next"
        raise StopWorker(f"partition {number} {reached}, not to {offset}: nothing was changed")
    await events.verify(number, stored)
    record = await events.read(number, offset)
    if record is None or not _is_unknown(record):
        raise StopWorker(f"partition {number} has no record of an unknown type at offset {offset}: nothing was changed")
    position = LogPosition(
        to_offset=offset + 1,
        clock=stored.position.clock,
        newest=max(stored.position.newest, record.timestamp / 1000),
        last_offset=offset,
        last_time=record.timestamp,
        last_hash=record_hash(record),
    )
    await _move(store, number, stored, position, dead_letter(record, DeadReason.UNKNOWN_TYPE), cluster_id=cluster_id)
    print(f"partition {number:3}  goes on from offset {offset + 1}: start the worker again that stopped before it")


def _is_unknown(record: Record) -> bool:
    try:
        decode(record)
    except UnknownRecordType:
        return True
    return False


async def _move(
    store: PostgresStore,
    number: int,
    stored: StoredPartition,
    position: LogPosition,
    *letters: OutboxRow,
    cluster_id: str,
) -> None:
    commit = Commit(
        partition=number,
        last_seq=stored.seq,
        writer=OPERATOR,
        position=position,
        states={},
        timers={},
        seen={},
        accounts=(),
        days=(),
        signals=(),
        outbox=letters,
    )
    try:
        await store.commit(commit, cluster_id)
    except Doubt as doubt:
        raise StopWorker(
            f"partition {number} is being written by a worker: stop the workers first ({doubt})"
        ) from doubt
