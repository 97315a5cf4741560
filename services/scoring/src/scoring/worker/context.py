"""What all partitions of a worker share, and the ports that they use."""

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

from msgspec import Struct

from common.erasures.erasure_key import ErasureKey
from scoring.health import Scorer
from scoring.partition.cache import CacheBound
from scoring.partition.commit import Commit, LogPosition
from scoring.partition.event_use import ValuesByEvent
from scoring.partition.memory import StoredPartition
from scoring.partition.origin import Origin
from scoring.worker.event_use_report import EventUseReport
from scoring.worker.metrics import WorkerMetrics
from scoring.worker.renaming import NameSearch


class StateStore(NameSearch, Protocol):
    async def load_origins(self) -> dict[int, Origin]:
        """What the journal of each partition was begun with."""

    async def load_partition(self, partition: int) -> StoredPartition | None: ...

    async def begin_journal(
        self, partition: int, origin: Origin, position: LogPosition, *, cluster_id: str, writer: str
    ) -> None: ...

    async def load_states(self, account_ids: Collection[str]) -> dict[str, bytes]: ...

    async def commit(self, commit: Commit, cluster_id: str) -> None: ...


class LogVerifier(Protocol):
    """The events topic as one partition's reader sees it."""

    async def first_position(self, partition: int) -> LogPosition:
        """Where a partition begins that was never read."""

    async def verify(self, partition: int, stored: StoredPartition) -> None:
        """Raises `StopWorker` if this is not the log that the journal was written from."""


class WorkerLimits(Struct, frozen=True, kw_only=True):
    """`remembered` event ids per partition; `cached` bytes of accounts per process; `outbox_rows` unsent per partition.

    A transaction takes at most `chunk` accounts of a big tick, `run_records`, and what is scored in `run_seconds`.
    More than `poisoned` failures of the core within `poisoned_within` seconds stop the worker; with 0 none do. After
    an error the worker opens a partition again after `pause` seconds, then after twice as long, up to `longest_pause`.
    """

    remembered: int = 2_000_000
    cached: float = 512e6
    chunk: int = 2_000
    run_records: int = 20_000
    run_seconds: float = 0.25
    outbox_rows: int = 10_000
    poisoned: int = 100
    poisoned_within: float = 600.0
    pause: float = 0.2
    longest_pause: float = 5.0


class WorkerContext(Struct, frozen=True, kw_only=True):
    """What all partitions of a worker share. They hold `scoring_lock` while they score: Python runs one at a time."""

    scorer: Scorer
    store: StateStore
    log: LogVerifier
    metrics: WorkerMetrics
    origin: Origin
    cluster_id: str
    owns: Callable[[int, str], bool]
    steady: Callable[[], float]
    limits: WorkerLimits
    scoring_lock: asyncio.Lock
    cache_bound: CacheBound
    values: ValuesByEvent
    event_use: EventUseReport
    erasure_key: ErasureKey | None
