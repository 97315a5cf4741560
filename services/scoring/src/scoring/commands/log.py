"""`python -m scoring log show|adopt`: compares the log with the journal, or adopts another log."""

import argparse
from contextlib import AsyncExitStack

from common import database
from common.bus.kafka import KafkaAdmin
from common.errors import Doubt, StopWorker
from common.topics import Topics
from scoring.partition.commit import Commit, LogPosition
from scoring.partition.memory import StoredPartition
from scoring.partition.origin import ACCEPTED
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
    commit = Commit(
        partition=number,
        last_seq=stored.seq,
        writer=OPERATOR,
        position=LogPosition(to_offset=offset, clock=stored.position.clock, newest=stored.position.newest),
        states={},
        timers={},
        seen={},
        accounts=(),
        days=(),
        signals=(),
        outbox=(),
    )
    try:
        await store.commit(commit, cluster_id)
    except Doubt as doubt:
        raise StopWorker(
            f"partition {number} is being written by a worker: stop the workers first ({doubt})"
        ) from doubt
    print(f"partition {number:3}  goes on from offset {offset} of cluster {cluster_id}")
