"""Sends letters again, and notes in the dead topic which ones were sent."""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Protocol

from msgspec import Struct, field

from common.bus.errors import RecordRefused
from common.bus.ports import Ack, Outgoing
from common.contracts.dead_letters import REASON, RESENT, encode_marker
from ingest.dead_letters.letter import DeadLetter, LetterPosition
from ingest.dead_letters.offset_set import OffsetSet
from ingest.dead_letters.reading import DeadTopic, ScanTooLong
from ingest.dead_letters.resending import CannotResend, LetterResender, ResendRefusal
from ingest.dead_letters.selection import LetterSelection

MOST_ATTEMPTS = 3
"""A record that was on the events topic so often is sent again only by its position."""

_BATCH_LETTERS = 200
_BATCH_BYTES = 1_000_000
_SHOWN_REFUSALS = 20


class ResendProducer(Protocol):
    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        """Raises `BusUnavailable` or `RecordRefused`."""


class ResendReport(Struct):
    """`sent` counts letters; `refusals` has the first refused ones, with the reason in words."""

    sent: int = 0
    refused: Counter[ResendRefusal] = field(default_factory=Counter)
    refusals: list[tuple[LetterPosition, str]] = field(default_factory=list)

    def refuse(self, letter: DeadLetter, refusal: CannotResend) -> None:
        self.refused[refusal.reason] += 1
        if len(self.refusals) < _SHOWN_REFUSALS:
            self.refusals.append((letter.position, refusal.detail))


class _Ready(Struct, frozen=True):
    letter: DeadLetter
    records: Sequence[Outgoing]

    @property
    def bytes(self) -> int:
        return sum(len(record.value) for record in self.records)


class LetterSender:
    """Sends the selected letters in the order of the dead topic, so that the records of one account keep their order.

    When Kafka has acknowledged a letter's records, a marker says that it was sent. Later calls skip it unless `again`
    is set. After a crash between the two the letter is sent twice, and workers take the second record for a duplicate.
    """

    def __init__(
        self,
        dead: DeadTopic,
        resender: LetterResender,
        producer: ResendProducer,
        *,
        events_topic: str,
        dead_topic: str,
        again: bool = False,
    ) -> None:
        self._dead = dead
        self._resender = resender
        self._producer = producer
        self._events_topic = events_topic
        self._dead_topic = dead_topic
        self._again = again

    async def count(self, selection: LetterSelection, report: ResendReport) -> None:
        """Adds to `report` what `send` would send and refuse. Sends nothing."""
        for partition in selection.partitions(await self._dead.partitions()):
            async with aclosing(self._ready(partition, selection, report)) as found:
                async for _ in found:
                    report.sent += 1

    async def send(self, selection: LetterSelection, report: ResendReport) -> None:
        """Adds to `report` while it sends. Called again, it sends the rest.

        Raises `BusUnavailable`, and `ScanTooLong` after it has sent what was found in time.
        """
        for partition in selection.partitions(await self._dead.partitions()):
            batch: list[_Ready] = []
            size = 0
            try:
                async with aclosing(self._ready(partition, selection, report)) as found:
                    async for ready in found:
                        batch.append(ready)
                        size += ready.bytes
                        if len(batch) >= _BATCH_LETTERS or size >= _BATCH_BYTES:
                            await self._send(batch, report)
                            batch, size = [], 0
            except ScanTooLong:
                # Else a partition that takes too long to read would never have its letters sent.
                await self._send(batch, report)
                raise
            await self._send(batch, report)

    async def _ready(
        self, partition: int, selection: LetterSelection, report: ResendReport
    ) -> AsyncGenerator[_Ready, None]:
        resent = await self._dead.resent(partition, selection)
        async with aclosing(self._dead.letters(partition, selection)) as letters:
            async for letter in letters:
                try:
                    self._check(letter, selection, resent)
                    ready = _Ready(letter, await self._resender.records(letter))
                except CannotResend as refusal:
                    report.refuse(letter, refusal)
                else:
                    yield ready

    def _check(self, letter: DeadLetter, selection: LetterSelection, resent: OffsetSet) -> None:
        if not self._again and letter.position.offset in resent:
            detail = "it was sent again before: --again sends it once more, and counts it twice if its id is forgotten"
            raise CannotResend(ResendRefusal.ALREADY_RESENT, detail)
        # Otherwise a repeated command would send for ever what fails each time.
        if letter.attempt >= MOST_ATTEMPTS and letter.position not in selection.positions:
            detail = f"it was on the topic {letter.attempt} times: give its position to send it once more"
            raise CannotResend(ResendRefusal.TOO_MANY_ATTEMPTS, detail)

    async def _send(self, batch: Sequence[_Ready], report: ResendReport) -> None:
        if not batch:
            return
        try:
            await self._producer.send(self._events_topic, [record for one in batch for record in one.records])
        except RecordRefused as error:
            if len(batch) > 1:
                # At least one of them can never be sent: send one at a time to find it.
                for one in batch:
                    await self._send([one], report)
                return
            refusal = CannotResend(ResendRefusal.REFUSED_BY_LOG, f"the log never takes it: {error}")
            report.refuse(batch[0].letter, refusal)
            return
        await self._mark([one.letter.position for one in batch])
        report.sent += len(batch)

    async def _mark(self, positions: Sequence[LetterPosition]) -> None:
        marker = encode_marker(position.offset for position in positions)
        headers = ((REASON, RESENT.encode()), (RESENT, b"true"))
        await self._producer.send(self._dead_topic, [Outgoing(positions[0].partition, None, marker, headers)])
