"""What every partition of a worker uses, and the ports that it asks for."""

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

from msgspec import Struct

from scoring.cache import CacheBound
from scoring.commit import Commit, Position
from scoring.health.scorer import Scorer
from scoring.memory import Opened
from scoring.metrics import WorkerMetrics
from scoring.origin import Origin


class Store(Protocol):
    async def origins(self) -> dict[int, Origin]:
        """What each partition was begun with."""

    async def opened(self, partition: int) -> Opened | None: ...

    async def begin(
        self, partition: int, origin: Origin, position: Position, *, cluster_id: str, writer: str
    ) -> None: ...

    async def states(self, account_ids: Collection[str]) -> dict[str, bytes]: ...

    async def commit(self, commit: Commit, cluster_id: str) -> None: ...


class Log(Protocol):
    """The log as one partition's reader sees it."""

    async def start(self, partition: int) -> Position:
        """Where a partition that was never read begins."""

    async def verify(self, partition: int, opened: Opened) -> None:
        """Raises `Stop` if this is not the log that the journal was written from."""


class Reader(Protocol):
    def seek(self, partition: int, offset: int) -> None: ...

    def pause(self, partition: int) -> None: ...

    def at_end(self, partition: int) -> bool: ...


class Limits(Struct, frozen=True, kw_only=True):
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


class Shared(Struct, frozen=True, kw_only=True):
    """What every partition of a worker uses. Whoever scores holds `turn`: there is one interpreter for all."""

    scorer: Scorer
    store: Store
    log: Log
    reader: Reader
    metrics: WorkerMetrics
    origin: Origin
    cluster_id: str
    owns: Callable[[int, str], bool]
    steady: Callable[[], float]
    limits: Limits
    turn: asyncio.Lock
    cache_bound: CacheBound
