"""From the outbox to the log: one relay per owned partition, woken by its own commit, in the order of the journal.

A row is deleted after its ack, so a crash between the two sends it again; readers know signals by their ids.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Protocol

import structlog

from common.bus.errors import BusUnavailable, RecordRefused
from common.bus.ports import Ack, Outgoing
from common.contracts.signals import CaughtUp, encode_signals_record
from common.retry import ExponentialBackoff
from scoring.cause import Cause, cause_of
from scoring.commit import OutboxRow, Outlet, Queued
from scoring.errors import Doubt

_log = structlog.get_logger()

RUN = 500
RUN_BYTES = 4_000_000  # a producer refuses more than it may hold unacknowledged, and many relays share it
PAUSE = (0.1, 5.0)  # seconds, first and longest


class Outbox(Protocol):
    async def outbox(self, partition: int, *, after: tuple[int, int], limit: int) -> list[Queued]: ...

    async def sent(self, partition: int, through: tuple[int, int]) -> None: ...


class Sender(Protocol):
    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]: ...


class Relay:
    """`stamped` puts the signal's own moment on each record (stream mode); else the log stamps.

    `now` is the log's time as far as it is known, in seconds. `told` hears of each signal that the log took: what
    brought it about, and how many seconds after its moment, by the log's own clock; of none in stream mode.
    """

    def __init__(
        self,
        partition: int,
        *,
        outbox: Outbox,
        sender: Sender,
        topics: Mapping[Outlet, str],
        stamped: bool,
        now: Callable[[], float],
        told: Callable[[Cause, float], None] = lambda cause, seconds: None,
    ) -> None:
        self._partition = partition
        self._outbox = outbox
        self._sender = sender
        self._topics = topics
        self._stamped = stamped
        self._now = now
        self._told = told
        self._rows: deque[Queued] = deque()
        self._oldest: float | None = None
        self._first: int | None = None  # the stamp of the first row; it stays while memory is in doubt
        self._reading = True  # the outbox may hold what memory does not
        self._missed = False
        self._ended = False
        self._late = 0.0
        self._through = (-1, -1)
        self._moved = asyncio.Event()
        self._wake = asyncio.Event()
        self._wake.set()

    @property
    def depth(self) -> int:
        """Rows known to wait."""
        return len(self._rows)

    @property
    def empty(self) -> bool:
        return not self._rows and not self._reading

    def waited(self) -> float:
        """How long the oldest row has been waiting, in seconds."""
        return 0.0 if self._oldest is None else self._now() - self._oldest

    def oldest(self) -> float:
        """How long ago the first row that is known to wait came to be, in seconds; 0 in stream mode."""
        return 0.0 if self._first is None or self._stamped else max(0.0, self._now() - self._first / 1000)

    def told_late(self) -> float:
        """How old the oldest signal told since the last call was when the log took it, in seconds.

        By the log's own clock: readers go by it too when they decide to wait for word.
        """
        late, self._late = self._late, 0.0
        return late

    def add(self, rows: Sequence[Queued]) -> None:
        """What a commit has just put into the outbox."""
        if not rows:
            return
        if self._oldest is None:
            self._oldest = self._now()
        if self._first is None:
            self._first = rows[0].row.stamp
        if self._reading:
            self._missed = True  # a look at the table that is under way may have been too early
        else:
            self._rows.extend(rows)
        self._wake.set()

    def reread(self) -> None:
        """Memory is in doubt: the table says what waits."""
        self._rows.clear()
        self._moved.set()
        self._through = (-1, -1)
        self._reading = True
        self._missed = True
        self._wake.set()

    async def room(self, backlog: int) -> None:
        """Returns when at most `backlog` rows wait: what fills the outbox faster than the log takes it, waits here.

        At once if nobody relays any more.
        """
        while len(self._rows) > backlog and not self._ended:
            self._moved.clear()
            await self._moved.wait()

    async def caught_up(self, stamp: int) -> None:
        """Tells readers that all that was due up to now has been told. Raises `BusUnavailable`."""
        record = Outgoing(
            self._partition,
            None,
            encode_signals_record(CaughtUp(self._partition)),
            timestamp=stamp if self._stamped else None,
        )
        await self._sender.send(self._topics[Outlet.SIGNALS], [record])

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await self._run()
        finally:
            self._ended = True
            self._moved.set()

    async def _run(self) -> None:
        backoff = ExponentialBackoff(*PAUSE)
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while await self._step():
                    backoff.reset()
            except (BusUnavailable, Doubt) as error:
                pause = backoff.next_pause()
                _log.warning("relay.waiting", partition=self._partition, seconds=pause, reason=str(error))
                await asyncio.sleep(pause)
                self.reread()

    async def _step(self) -> bool:
        """Sends one run of rows; False if none were waiting."""
        if self._reading and not self._rows:
            await self._read()
        rows = self._next_run()
        if not rows:
            self._oldest = self._first = None
            return False
        await self._send(rows)
        through = (rows[-1].seq, rows[-1].n)
        await self._outbox.sent(self._partition, through)
        self._through = max(self._through, through)
        while self._rows and (self._rows[0].seq, self._rows[0].n) <= through:
            self._rows.popleft()
        if self._rows:
            self._first = self._rows[0].row.stamp
        self._moved.set()
        return True

    def _next_run(self) -> list[Queued]:
        """The first rows that wait, at least one, and no more than go together."""
        size = 0
        rows: list[Queued] = []
        for queued in islice(self._rows, RUN):
            size += len(queued.row.value or b"")
            if rows and size > RUN_BYTES:
                break
            rows.append(queued)
        return rows

    async def _read(self) -> None:
        self._missed = False
        found = await self._outbox.outbox(self._partition, after=self._through, limit=RUN)
        self._rows.extend(found)
        if found:
            self._first = found[0].row.stamp
        self._reading = len(found) == RUN or self._missed

    async def _send(self, rows: Sequence[Queued]) -> None:
        """In order; the two topics keep no order between them."""
        for outlet in Outlet:
            mine = [queued.row for queued in rows if queued.row.outlet is outlet]
            if not mine:
                continue
            try:
                await self._tell(outlet, mine)
            except RecordRefused:
                await self._one_by_one(outlet, mine)

    async def _tell(self, outlet: Outlet, rows: Sequence[OutboxRow]) -> None:
        acks = await self._sender.send(self._topics[outlet], [self._outgoing(row) for row in rows])
        if outlet is Outlet.SIGNALS and not self._stamped:
            for row, ack in zip(rows, acks, strict=True):
                # A log that does not stamp has our own stamp on the record.
                taken = self._now() if ack.timestamp is None else ack.timestamp / 1000
                late = taken - row.stamp / 1000
                self._late = max(self._late, late)
                if (cause := cause_of(row.value)) is not None:
                    self._told(cause, max(0.0, late))

    async def _one_by_one(self, outlet: Outlet, rows: Sequence[OutboxRow]) -> None:
        """One of these will never be taken: the others go, and it is named."""
        for row in rows:
            try:
                await self._tell(outlet, [row])
            except RecordRefused as refusal:
                # A signal is still in the table of signals.
                self._refused(outlet, row, refusal)
                if outlet is Outlet.DEAD:
                    await self._shorten(row)

    async def _shorten(self, row: OutboxRow) -> None:
        """A dead letter keeps its reason, and its key if that is not what is too large."""
        whole = self._outgoing(row)
        short = whole._replace(value=b"", headers=(*whole.headers, ("truncated", b"true")))
        for attempt in (short, short._replace(key=None)):
            try:
                await self._sender.send(self._topics[Outlet.DEAD], [attempt])
            except RecordRefused as refusal:
                self._refused(Outlet.DEAD, row, refusal)
            else:
                return

    def _refused(self, outlet: Outlet, row: OutboxRow, refusal: RecordRefused) -> None:
        _log.error(
            "record.refused",
            outlet=outlet.value,
            partition=self._partition,
            bytes=len(row.value or b""),
            reason=str(refusal),
        )

    def _outgoing(self, row: OutboxRow) -> Outgoing:
        headers = (("reason", row.reason.value.encode()),) if row.reason is not None else ()
        stamp = row.stamp if self._stamped else None
        return Outgoing(self._partition, row.key, row.value or b"", headers, stamp)
