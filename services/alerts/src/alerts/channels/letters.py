"""What goes over a channel: rendered whole, so that a channel only has to carry it."""

from typing import Any

from msgspec import Struct

from alerts.core.destination import Target


class SlackMessage(Struct, frozen=True):
    """To Slack. `text` is what notifications and screen readers show; `thread` is the `ts` to answer under.

    `broadcast`: an answer that the whole channel shall see, for one in a thread rings nobody who is not in it.
    """

    target: Target
    text: str
    blocks: tuple[dict[str, Any], ...]
    thread: str | None = None
    broadcast: bool = False


class Email(Struct, frozen=True):
    """One e-mail. `message_id` is the same however often it is tried; `references` are the thread's, oldest first."""

    target: Target
    subject: str
    text: str
    html: str
    message_id: str
    references: tuple[str, ...] = ()


RenderedMessage = SlackMessage | Email


class Delivered(Struct, frozen=True):
    """`thread` is what later messages of the thread must name, where the channel says so (Slack's bot: `ts`)."""

    thread: str | None = None
