"""`erasures list` shows the requests to erase accounts and people; `erasures lift ID` ends one."""

import argparse
import sys
from collections.abc import Sequence

from common.bus.kafka import KafkaProducer
from common.database import engine
from common.database_errors import DatabaseUnavailable
from common.problems import Problem
from common.topics import Topics
from ingest.erasures.erased_subjects import ErasedSubjects
from ingest.erasures.erasure import StoredErasure
from ingest.erasures.service import ErasureAnnouncer, ErasureService
from ingest.erasures.store import ErasureStore
from ingest.settings import IngestSettings

_BY = "command"
_MOST = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help=f"show the newest {_MOST} requests, never an id of those erased")
    lift = actions.add_parser("lift", help="take events of the account or person again; they begin from nothing")
    lift.add_argument("id", help="as shown by list")


async def run(arguments: argparse.Namespace, settings: IngestSettings) -> int:
    """Returns the exit code."""
    connected = engine(settings.database_url, pool_size=1)
    store = ErasureStore(connected)
    try:
        if arguments.action == "list":
            print("\n".join(lines(await store.newest(most=_MOST))))
        else:
            lifted = await _lift(store, arguments.id, settings)
            print(f"lifted: {lifted.erasure_id}")
        return 0
    except DatabaseUnavailable as error:
        print(f"PostgreSQL: {error}", file=sys.stderr)
        return 1
    except Problem as problem:
        print(problem.detail, file=sys.stderr)
        return 1
    finally:
        await connected.dispose()


async def _lift(store: ErasureStore, erasure_id: str, settings: IngestSettings) -> StoredErasure:
    """Raises `Problem`. All processes of ingest take events of the account or person again within seconds."""
    producer = KafkaProducer(settings.kafka_bootstrap, deadline=settings.ingest_ack_seconds)
    topic = Topics(settings.topic_prefix).events
    service = ErasureService(
        store,
        ErasureAnnouncer(producer, topic=topic, partitions=settings.partitions, mode=settings.time_mode),
        ErasedSubjects(None),
        key=None,
        partitions=settings.partitions,
    )
    try:
        await producer.start()
        return await service.lift(erasure_id, by=_BY)
    finally:
        await producer.stop()


def lines(erasures: Sequence[StoredErasure]) -> list[str]:
    """A line for each request, in the given order."""
    return [
        f"{one.erasure_id}  {one.kind:<7}  {one.state:<9}  filed {one.filed_at:%Y-%m-%d %H:%M:%SZ} by {one.filed_by}"
        for one in erasures
    ]
