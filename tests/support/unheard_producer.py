"""A producer whose first acknowledgements are lost."""

from collections.abc import Sequence

from common.bus.errors import BusUnavailable
from common.bus.ports import Ack, Outgoing, Producer


class UnheardProducer:
    """The records of its first sends are in the log, and the caller does not know it."""

    def __init__(self, inner: Producer, *, times: int) -> None:
        self._inner = inner
        self._left = times
        self.healthy = True

    async def start(self) -> None:
        await self._inner.start()

    async def stop(self) -> None:
        await self._inner.stop()

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        acks = await self._inner.send(topic, records)
        if self._left:
            self._left -= 1
            raise BusUnavailable("no acknowledgement")
        return acks
