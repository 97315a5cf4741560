"""The ticks that the owner of a partition appends to the signals topic: they alone fire timers."""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from common.bus.errors import BusUnavailable
from common.bus.ports import Ack, Outgoing, Record
from common.contracts.events import Tick
from common.contracts.signals import encode_signals_record
from common.ticks import LogTime, Ticker

_log = structlog.get_logger()
_TICK = encode_signals_record(Tick())


class RecordSender(Protocol):
    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        """Raises `BusUnavailable`."""


class PartitionTicks:
    """One partition's ticks in wall mode: appended when a timer is due. In stream mode scoring forwards its own."""

    def __init__(
        self,
        partition: int,
        *,
        sender: RecordSender,
        topic: str,
        log_time: LogTime,
        steady: Callable[[], float],
        wall: bool,
    ) -> None:
        self._partition = partition
        self._sender = sender
        self._topic = topic
        self._log_time = log_time
        self._steady = steady
        self._wall = wall
        self._ticker = Ticker()
        self._sent_at = log_time.clock_readings()

    def seconds_until(self, earliest: float | None) -> float | None:
        """From now to a moment of record time, as far as this process knows; None if it need not wake for it."""
        return None if earliest is None or not self._wall else earliest - self._log_time.now()

    async def append_if_due(self, earliest: float | None, *, to_offset: int) -> None:
        """`earliest` is when the next timer is due. All records before `to_offset` are decided."""
        if not self._wall:
            return
        self._ticker.committed(to_offset)
        if not self._ticker.is_due(earliest=earliest, now=self._log_time.now(), steady=self._steady()):
            return
        attempted_at, self._sent_at = self._steady(), self._log_time.clock_readings()
        try:
            acks = await self._sender.send(self._topic, [Outgoing(self._partition, None, _TICK)])
        except BusUnavailable as error:
            self._ticker.failed(steady=attempted_at)
            _log.warning("log.unavailable", partition=self._partition, reason=str(error))
            return
        self._ticker.sent(offset=acks[0].offset, steady=attempted_at)

    def read(self, ticks: Sequence[Record]) -> None:
        """Ticks that were read back and decided: by them the process corrects its idea of the log's time."""
        for tick in ticks:
            if self._ticker.read_back(offset=tick.offset):
                self._log_time.correct(sent=self._sent_at, stamped=tick.timestamp / 1000)
