"""From the content of a message to what its channel sends."""

from collections.abc import Callable, Mapping
from typing import Protocol

from alerts.channels.registry import Channel
from alerts.messages.compose import compose
from alerts.messages.content import MessageContent
from alerts.messages.customer import EVERYTHING, CustomerDetails
from alerts.messages.message import Message
from alerts.playbooks.playbooks import Playbooks
from alerts.routing.destination import Target


class RenderedMessage(Protocol):
    """A message as one channel sends it: written whole, so that the channel's client only has to deliver it."""

    @property
    def target(self) -> Target: ...


class ChannelRenderer(Protocol):
    def continues_thread(self, content: MessageContent) -> bool:
        """Whether the reader sees the message below the ones that it follows."""

    def render(self, message: Message, content: MessageContent) -> RenderedMessage: ...


class MessageRenderer:
    """`account_url` gives the address of an account's page, if there is one; `shown` is what is shown of customers."""

    def __init__(
        self,
        playbooks: Playbooks,
        account_url: Callable[[str], str | None],
        channels: Mapping[Channel, ChannelRenderer],
        shown: CustomerDetails = EVERYTHING,
    ) -> None:
        self._playbooks = playbooks
        self._account_url = account_url
        self._channels = channels
        self._shown = shown

    def render(self, content: MessageContent) -> RenderedMessage:
        channel = self._channels[content.target.channel]
        message = compose(
            content,
            playbooks=self._playbooks,
            account_url=self._account_url,
            in_thread=channel.continues_thread(content),
            shown=self._shown,
        )
        return channel.render(message, content)
