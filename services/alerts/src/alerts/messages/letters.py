"""From a story to what goes over its channel."""

from collections.abc import Callable

from alerts.channels.letters import RenderedMessage
from alerts.core.destination import Channel
from alerts.messages.compose import compose
from alerts.messages.mail import EmailRenderer
from alerts.messages.playbooks import Playbooks
from alerts.messages.slack import render_slack
from alerts.messages.story import MessageContent


class MessageRenderer:
    """`account_url` gives the address of an account's page, if there is one; `domain` is that of all Message-IDs."""

    def __init__(self, playbooks: Playbooks, account_url: Callable[[str], str | None], domain: str) -> None:
        self._playbooks = playbooks
        self._account_url = account_url
        self._mails = EmailRenderer(domain)

    def letter(self, content: MessageContent) -> RenderedMessage:
        message = compose(content, playbooks=self._playbooks, account_url=self._account_url)
        if content.target.channel is Channel.EMAIL:
            return self._mails.mail(message, content)
        return render_slack(message, content)
