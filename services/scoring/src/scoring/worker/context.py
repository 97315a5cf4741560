"""What every partition of a worker uses, and the ports that it asks for."""

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

from msgspec import Struct

from scoring.health import Scorer
from scoring.partition.cache import CacheBound
from scoring.partition.commit import Commit, LogPosition
from scoring.partition.memory import StoredPartition
from scoring.partition.origin import Origin
from scoring.worker.metrics import WorkerMetrics


class StateStore(Protocol):
    async def origins(self) -> dict[int, Origin]:
        """What each partition was begun with."""

    async def opened(self, partition: int) -> StoredPartition | None: ...

    async def begin(
        self, partition: int, origin: Origin, position: LogPosition, *, cluster_id: str, writer: str
    ) -> None: ...

    async def states(self, account_ids: Collection[str]) -> dict[str, bytes]: ...

    async def commit(self, commit: Commit, cluster_id: str) -> None: ...


class LogVerifier(Protocol):
    """The log as one partition's reader sees it."""

    async def start(self, partition: int) -> LogPosition:
        """Where a partition that was never read begins."""

    async def verify(self, partition: int, opened: StoredPartition) -> None:
        """Raises `Stop` if this is not the log that the journal was written from."""


class PartitionReader(Protocol):
    def seek(self, partition: int, offset: int) -> None: ...

    def pause(self, partition: int) -> None: ...

    def level(self, partition: int) -> bool: ...


class WorkerLimits(Struct, frozen=True, kw_only=True):
    """`remembered` ids per partition; `cached` bytes of accounts per process.

    A transaction takes `chunk` accounts of a big tick; of a backlog `depth` records, or what was scored in `stretch`
    seconds. More than `poisoned` failures of the core within `poisoned_within` seconds stop the worker.
    """

    remembered: int = 2_000_000
    cached: float = 512e6
    chunk: int = 2_000
    depth: int = 20_000
    stretch: float = 0.25
    backlog: int = 10_000
    poisoned: int = 100
    poisoned_within: float = 600.0
    pause: float = 0.2
    longest_pause: float = 5.0


class WorkerContext(Struct, frozen=True, kw_only=True):
    """What every partition of a worker uses. Whoever scores holds `turn`: there is one interpreter for all."""

    scorer: Scorer
    store: StateStore
    log: LogVerifier
    reader: PartitionReader
    metrics: WorkerMetrics
    origin: Origin
    cluster_id: str
    owns: Callable[[int, str], bool]
    steady: Callable[[], float]
    limits: WorkerLimits
    turn: asyncio.Lock
    cache_bound: CacheBound
