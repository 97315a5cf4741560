"""The relay of an owned partition: sends its outbox to Kafka in the order of the journal, woken by each commit.

It deletes a row after Kafka's acknowledgement. A crash between the two sends the row again; readers know signals by
their ids.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Protocol

import structlog

from common.bus.errors import BusUnavailable, RecordRefused
from common.bus.ports import Ack, Outgoing
from common.contracts.dead_letters import ATTEMPT, REASON, TRUNCATED
from common.contracts.signals import CaughtUp, encode_signals_record
from common.errors import Doubt
from common.retry import ExponentialBackoff
from scoring.partition.commit import OutboxRow, OutboxTopic, QueuedRow
from scoring.worker.cause import Cause, cause_of

_log = structlog.get_logger()

MAX_ROWS = 500
MAX_BYTES = 4_000_000  # the producer bounds what is unacknowledged, and the relays of all partitions share it
RETRY_PAUSE = (0.1, 5.0)  # seconds, first and longest


class OutboxStore(Protocol):
    async def load_outbox(self, partition: int, *, after: tuple[int, int], limit: int) -> list[QueuedRow]: ...

    async def delete_sent(self, partition: int, through: tuple[int, int]) -> None: ...


class SignalSender(Protocol):
    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]: ...


class Relay:
    """`stamped` puts the signal's own moment on each record (stream mode); else the log stamps.

    `now` is the log's time as far as it is known, in seconds. `on_sent` gets the cause of each acknowledged signal, and
    the seconds from its moment to the log's time stamp; it gets none in stream mode.
    """

    def __init__(
        self,
        partition: int,
        *,
        outbox: OutboxStore,
        sender: SignalSender,
        topics: Mapping[OutboxTopic, str],
        stamped: bool,
        now: Callable[[], float],
        on_sent: Callable[[Cause, float], None] = lambda cause, seconds: None,
    ) -> None:
        self._partition = partition
        self._outbox = outbox
        self._sender = sender
        self._topics = topics
        self._stamped = stamped
        self._now = now
        self._on_sent = on_sent
        self._rows: deque[QueuedRow] = deque()
        self._waiting_since: float | None = None
        self._first_stamp: int | None = None  # of the first row; kept while the rows are loaded again
        self._table_ahead = True  # the table may hold rows that memory does not
        self._read_again = False  # the table changed while it was being read
        self._stopped = False
        self._longest_delay = 0.0
        self._sent_through = (-1, -1)
        self._shrunk = asyncio.Event()
        self._wake = asyncio.Event()
        self._wake.set()

    @property
    def depth(self) -> int:
        """Rows known to wait."""
        return len(self._rows)

    @property
    def empty(self) -> bool:
        return not self._rows and not self._table_ahead

    def waited(self) -> float:
        """How long rows have been waiting without a break, in seconds."""
        return 0.0 if self._waiting_since is None else self._now() - self._waiting_since

    def oldest_age(self) -> float:
        """The age of the first row that is known to wait, in seconds; 0 in stream mode."""
        if self._first_stamp is None or self._stamped:
            return 0.0
        return max(0.0, self._now() - self._first_stamp / 1000)

    def take_longest_delay(self) -> float:
        """The longest delay of the signals sent since the last call, from moment to log, in seconds.

        By the log's clock, because readers decide by it as well whether they wait for `CaughtUp`.
        """
        longest, self._longest_delay = self._longest_delay, 0.0
        return longest

    def add(self, rows: Sequence[QueuedRow]) -> None:
        """Takes the rows that a commit has just written to the outbox."""
        if not rows:
            return
        if self._waiting_since is None:
            self._waiting_since = self._now()
        if self._first_stamp is None:
            self._first_stamp = rows[0].row.stamp
        if self._table_ahead:
            self._read_again = True  # a query under way may have begun before this commit
        else:
            self._rows.extend(rows)
        self._wake.set()

    def reload(self) -> None:
        """Forgets the rows in memory, which are in doubt, and reads the table from its beginning."""
        self._rows.clear()
        self._shrunk.set()
        self._sent_through = (-1, -1)
        self._table_ahead = True
        self._read_again = True
        self._wake.set()

    async def wait_until_below(self, max_rows: int) -> None:
        """Backpressure: returns when at most `max_rows` wait, or when the relay has stopped."""
        while len(self._rows) > max_rows and not self._stopped:
            self._shrunk.clear()
            await self._shrunk.wait()

    async def send_caught_up(self, stamp: int) -> None:
        """Tells readers that every signal due until now has been sent. Raises `BusUnavailable`."""
        record = Outgoing(
            self._partition,
            None,
            encode_signals_record(CaughtUp(self._partition)),
            timestamp=stamp if self._stamped else None,
        )
        await self._sender.send(self._topics[OutboxTopic.SIGNALS], [record])

    async def run(self) -> None:
        """Until cancelled."""
        try:
            await self._run()
        finally:
            self._stopped = True
            self._shrunk.set()

    async def _run(self) -> None:
        backoff = ExponentialBackoff(*RETRY_PAUSE)
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while await self._send_next_rows():
                    backoff.reset()
            except (BusUnavailable, Doubt) as error:
                pause = backoff.next_pause()
                _log.warning("relay.waiting", partition=self._partition, seconds=pause, reason=str(error))
                await asyncio.sleep(pause)
                self.reload()

    async def _send_next_rows(self) -> bool:
        """Whether there were rows to send."""
        if self._table_ahead and not self._rows:
            await self._load_rows()
        rows = self._next_rows()
        if not rows:
            self._waiting_since = self._first_stamp = None
            return False
        await self._send_by_topic(rows)
        through = (rows[-1].seq, rows[-1].n)
        await self._outbox.delete_sent(self._partition, through)
        # A reload during the send may have replaced the rows in memory, so they are dropped by their place.
        self._sent_through = max(self._sent_through, through)
        while self._rows and (self._rows[0].seq, self._rows[0].n) <= through:
            self._rows.popleft()
        if self._rows:
            self._first_stamp = self._rows[0].row.stamp
        self._shrunk.set()
        return True

    def _next_rows(self) -> list[QueuedRow]:
        """The first rows within `MAX_ROWS` and `MAX_BYTES`, but at least one if any waits."""
        size = 0
        rows: list[QueuedRow] = []
        for queued in islice(self._rows, MAX_ROWS):
            size += len(queued.row.value or b"")
            if rows and size > MAX_BYTES:
                break
            rows.append(queued)
        return rows

    async def _load_rows(self) -> None:
        self._read_again = False
        loaded = await self._outbox.load_outbox(self._partition, after=self._sent_through, limit=MAX_ROWS)
        self._rows.extend(loaded)
        if loaded:
            self._first_stamp = loaded[0].row.stamp
        self._table_ahead = len(loaded) == MAX_ROWS or self._read_again

    async def _send_by_topic(self, rows: Sequence[QueuedRow]) -> None:
        """In order within each topic; between the topics there is none."""
        for topic in OutboxTopic:
            of_topic = [queued.row for queued in rows if queued.row.topic is topic]
            if not of_topic:
                continue
            try:
                await self._send(topic, of_topic)
            except RecordRefused:
                await self._send_one_by_one(topic, of_topic)

    async def _send(self, topic: OutboxTopic, rows: Sequence[OutboxRow]) -> None:
        acks = await self._sender.send(self._topics[topic], [self._outgoing(row) for row in rows])
        if topic is OutboxTopic.SIGNALS and not self._stamped:
            for row, ack in zip(rows, acks, strict=True):
                # Without a time stamp in the acknowledgement the record carries the producer's own.
                logged_at = self._now() if ack.timestamp is None else ack.timestamp / 1000
                delay = logged_at - row.stamp / 1000
                self._longest_delay = max(self._longest_delay, delay)
                if (cause := cause_of(row.value)) is not None:
                    self._on_sent(cause, max(0.0, delay))

    async def _send_one_by_one(self, topic: OutboxTopic, rows: Sequence[OutboxRow]) -> None:
        """Kafka will never take one of these rows: the relay sends the others and logs that one."""
        for row in rows:
            try:
                await self._send(topic, [row])
            except RecordRefused as refusal:
                # A refused signal can still be read from the table of signals.
                self._log_refusal(topic, row, refusal)
                if topic is OutboxTopic.DEAD:
                    await self._send_truncated(row)

    async def _send_truncated(self, row: OutboxRow) -> None:
        """A dead letter keeps its reason, and its key unless the key is what is too large."""
        whole = self._outgoing(row)
        short = whole._replace(value=b"", headers=(*whole.headers, (TRUNCATED, b"true")))
        for attempt in (short, short._replace(key=None)):
            try:
                await self._sender.send(self._topics[OutboxTopic.DEAD], [attempt])
            except RecordRefused as refusal:
                self._log_refusal(OutboxTopic.DEAD, row, refusal)
            else:
                return

    def _log_refusal(self, topic: OutboxTopic, row: OutboxRow, refusal: RecordRefused) -> None:
        _log.error(
            "record.refused",
            outlet=topic.value,
            partition=self._partition,
            bytes=len(row.value or b""),
            reason=str(refusal),
        )

    def _outgoing(self, row: OutboxRow) -> Outgoing:
        headers: tuple[tuple[str, bytes], ...] = ()
        if row.reason is not None:
            headers = ((REASON, row.reason.value.encode()),)
        if row.attempt is not None:
            headers = (*headers, (ATTEMPT, str(row.attempt).encode()))
        stamp = row.stamp if self._stamped else None
        return Outgoing(self._partition, row.key, row.value or b"", headers, stamp)
