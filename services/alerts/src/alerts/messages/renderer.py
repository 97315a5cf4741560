"""From the content of a message to what its channel sends."""

from collections.abc import Callable, Mapping
from typing import Protocol

from alerts.channels.registry import Channel
from alerts.messages.compose import compose
from alerts.messages.content import MessageContent
from alerts.messages.customer import EVERYTHING, CustomerDetails
from alerts.messages.first_look import compose_first_look
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
    """`account_url` gives the address of an account's page, if there is one; `accounts_url` is that of the list.

    `shown` is what is shown of customers.
    """

    def __init__(
        self,
        playbooks: Playbooks,
        account_url: Callable[[str], str | None],
        channels: Mapping[Channel, ChannelRenderer],
        *,
        accounts_url: str | None = None,
        shown: CustomerDetails = EVERYTHING,
    ) -> None:
        self._playbooks = playbooks
        self._account_url = account_url
        self._channels = channels
        self._accounts_url = accounts_url
        self._shown = shown

    def render(self, content: MessageContent) -> RenderedMessage:
        channel = self._channels[content.target.channel]
        # Many accounts in one message.
        if content.summary is not None:
            first_look = compose_first_look(
                content,
                content.summary,
                playbooks=self._playbooks,
                account_url=self._account_url,
                accounts_url=self._accounts_url,
            )
            return channel.render(first_look, content)
        message = compose(
            content,
            playbooks=self._playbooks,
            account_url=self._account_url,
            in_thread=channel.continues_thread(content),
            shown=self._shown,
        )
        return channel.render(message, content)
