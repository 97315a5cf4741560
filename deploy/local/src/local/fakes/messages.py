"""A message as its reader sees it, whichever channel it came by. Pure: what a sink was given in, text out."""

from dataclasses import dataclass
from itertools import takewhile

from alerts.channels.registry import Channel
from local.fakes.mail_sink import ReceivedMail
from local.fakes.slack_sink import SlackPost
from local.fakes.slack_text import as_text

ON_SCREEN = {Channel.SLACK: "Slack", Channel.EMAIL: "e-mail"}


@dataclass(frozen=True)
class ReceivedMessage:
    """`moment` is when it came, in seconds since the epoch; `lane` is what alerts calls its address.

    `title` is what stands on top, `lines` are the whole. `name` is what an e-mail calls itself, before the @.
    """

    moment: float
    channel: Channel
    lane: str
    title: str
    lines: tuple[str, ...]
    name: str | None = None

    @property
    def address(self) -> str:
        return self.lane.partition(":")[2]


def of_slack(post: SlackPost) -> ReceivedMessage:
    lines = as_text(post.blocks) or post.text.splitlines()
    return ReceivedMessage(post.moment, Channel.SLACK, post.lane, title=lines[0], lines=tuple(lines))


def of_mail(mail: ReceivedMail) -> ReceivedMessage:
    """With the headers that a mail program shows."""
    message = mail.message
    text = mail.text.rstrip().splitlines()
    to = mail.recipients[0]
    head = [f"From: {message['From']}", f"To: {message['To']}", f"Subject: {message['Subject']}", ""]
    return ReceivedMessage(
        mail.moment,
        Channel.EMAIL,
        f"{Channel.EMAIL}:{to}",
        # The first paragraph, which is folded like all the others.
        title=" ".join(takewhile(bool, text)),
        lines=(*head, *text),
        name=str(message["Message-ID"]).strip("<>").partition("@")[0],
    )
