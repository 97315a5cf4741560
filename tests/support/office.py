"""Everybody who may be told: a Slack and a mail server of a test's own, and the routes that lead to them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from common.contracts.signals import Signal
from local.fakes.mail_sink import MailSink, ReceivedMail
from local.fakes.slack_sink import SlackPost, SlackSink
from local.stack.processes import free_port

DANA, THEO = "dana@example.com", "theo@example.com"
_ACCOUNTS = "https://app.example.com/accounts/"
_FIRST_LOOK = "First look at "
DESK, DANAS_SLACK, MAILBOX = "#desk", "U02DANA7Q1", "mailbox@example.com"

# Accounts whose name ends in an even digit are heard of by e-mail, so that each message can be told from each other.
ROUTES = f"""
route:
  receiver: desk
  repeat_interval: 1h
  resolve_after: at once
  routes:
    - matchers: ['account=~".*[02468]"']
      receiver: mailbox
    - matchers: ['tier="tech"']
      receiver: nobody
    - matchers: ['tier="high"']
      receiver: account-owner
receivers:
  - name: desk
    slack: {{channel: "{DESK}"}}
  - name: mailbox
    email: {{to: {MAILBOX}}}
  - name: account-owner
    owner: true
    else: desk
  - name: nobody
people:
  {DANA}: {{name: Dana Reyes, slack: {DANAS_SLACK}}}
  {THEO}: {{name: Theo Lindqvist}}
links:
  account_url: "{_ACCOUNTS}{{account_id}}"
"""
# What goes up and down is told each time, a recovery once it has lasted for two seconds.
HASTY_ROUTES = ROUTES.replace("repeat_interval: 1h", "repeat_interval: 1s").replace("at once", "2s")


class Office:
    """Its servers are there while it is open, and keep their addresses; what they were told stays."""

    def __init__(self, directory: Path, *, routes: str = ROUTES) -> None:
        self.slack = SlackSink(port=free_port())
        self.mail = MailSink(port=free_port())
        self._routes = directory / "routes.yml"
        self._routes.write_text(routes)
        self._open = AsyncExitStack()

    async def open(self) -> None:
        await self._open.enter_async_context(self.slack)
        await self._open.enter_async_context(self.mail)

    async def close(self) -> None:
        """Connections are refused from now on."""
        await self._open.aclose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def settings(self) -> Mapping[str, str]:
        """What a replica of alerts is told to find it."""
        return {
            "ALERTS_ROUTES": str(self._routes),
            "ALERTS_SLACK_API": self.slack.api_url,
            "ALERTS_SLACK_TOKEN": "xoxb-of-a-test",
            "ALERTS_SMTP_HOST": self.mail.host,
            "ALERTS_SMTP_PORT": str(self.mail.port),
            "ALERTS_SMTP_TLS": "none",
        }

    @property
    def messages(self) -> int:
        return len(self.slack.posts.all) + len(self.mail.mails.all)

    @property
    def mailed(self) -> list[str]:
        """What each e-mail that arrived calls itself, in their order."""
        return [str(mail.message["Message-ID"])[1:].partition("@")[0] for mail in self.mail.mails.all]

    @property
    def posted(self) -> Mapping[tuple[str, str], int]:
        """How many posts arrived, by lane and account. Those of a first look have no account: "" stands for it."""
        return Counter(
            (post.lane, account)
            for post in self.slack.posts.all
            for account in ([""] if _FIRST_LOOK in post.text else accounts(post))
        )

    def posts(self, account_id: str) -> list[SlackPost]:
        """Oldest first."""
        return [post for post in self.slack.posts.all if about(post, account_id)]

    def mails(self, account_id: str) -> list[ReceivedMail]:
        return [mail for mail in self.mail.mails.all if link_to(account_id) in mail.text.split()]


def concerns_somebody(signal: Signal) -> bool:
    """Whether the routes lead it to anybody at all."""
    return signal.facts.tier != "tech" or signal.account_id[-1] in "02468"


def link_to(account_id: str) -> str:
    return f"{_ACCOUNTS}{account_id}"


def about(post: SlackPost, account_id: str) -> bool:
    return account_id in accounts(post)


def accounts(post: SlackPost) -> set[str]:
    """Those that it leads to."""
    return {link.removeprefix(_ACCOUNTS) for link in links(post.blocks) if link.startswith(_ACCOUNTS)}


def links(blocks: object) -> Iterator[str]:
    """Every `url` in a message's blocks, however deep."""
    match blocks:
        case {"url": str(url)}:
            yield url
        case dict():
            for one in blocks.values():
                yield from links(one)
        case list() | tuple():
            for one in blocks:
                yield from links(one)
