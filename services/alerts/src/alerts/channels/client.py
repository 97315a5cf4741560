"""How the sender calls a channel. Each channel's `client.py` does what this promises."""

from typing import Protocol

from msgspec import Struct

from alerts.messages.renderer import RenderedMessage


class Delivered(Struct, frozen=True):
    """`thread` is what later messages of the thread must name, where the channel says so (Slack's bot: `ts`)."""

    thread: str | None = None


class ChannelClient(Protocol):
    """Makes one attempt at one message; the sender decides about the next one."""

    async def deliver(self, message: RenderedMessage) -> Delivered:
        """Raises `DeliveryFailed`; `TypeError` for a message that another channel rendered."""
