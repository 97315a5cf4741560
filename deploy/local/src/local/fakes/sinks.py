"""`python -m local.fakes.sinks`: a Slack and a mail server in one, which write every message they get to a file.

So that whoever runs the stack can read what people would have read.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO, TypeVar

from local.fakes.arrivals import Arrivals
from local.fakes.mail_sink import MailSink
from local.fakes.messages import ON_SCREEN, ReceivedMessage, of_mail, of_slack
from local.fakes.slack_sink import SlackSink

T = TypeVar("T")


class MessageSinks:
    """Both at their ports. `messages` has what came, of either; someone has to `run` it."""

    def __init__(self, *, slack_port: int, smtp_port: int) -> None:
        self.slack = SlackSink(port=slack_port)
        self.mail = MailSink(port=smtp_port)
        self.messages: Arrivals[ReceivedMessage] = Arrivals()
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as opening:
            await opening.enter_async_context(self.slack)
            await opening.enter_async_context(self.mail)
            self._open = opening.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    @property
    def taken(self) -> int:
        """How many came, those included that are not among the `messages` yet."""
        return len(self.slack.posts.all) + len(self.mail.mails.all)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as together:
            together.create_task(self._read(self.slack.posts, of_slack))
            together.create_task(self._read(self.mail.mails, of_mail))

    async def _read(self, arrivals: Arrivals[T], read: Callable[[T], ReceivedMessage]) -> None:
        async for one in arrivals.each():
            await self.messages.add(read(one))


def entry(message: ReceivedMessage) -> str:
    """A message as it stands in the file, with a line above it that says how it came."""
    came = datetime.fromtimestamp(message.moment).astimezone()
    head = f"--- {came:%Y-%m-%d %H:%M:%S} {ON_SCREEN[message.channel]} to {message.address} "
    return "\n".join([f"{head:-<100}", "", *message.lines, "", ""])


async def keep(sinks: MessageSinks, file: Path) -> None:
    """Takes messages and writes them down until it is told to end."""
    working = asyncio.current_task()
    assert working is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, working.cancel)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8", buffering=1) as log, suppress(asyncio.CancelledError):
        async with sinks, asyncio.TaskGroup() as together:
            together.create_task(sinks.run())
            together.create_task(_write(sinks.messages, log))


async def _write(messages: Arrivals[ReceivedMessage], log: TextIO) -> None:
    async for message in messages.each():
        log.write(entry(message))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.fakes.sinks", description=__doc__)
    parser.add_argument("--slack", type=int, required=True, help="port of the Slack API and of webhooks")
    parser.add_argument("--smtp", type=int, required=True, help="port of the mail server")
    parser.add_argument("--messages", type=Path, required=True, help="the file that messages are appended to")
    arguments = parser.parse_args(argv)
    sinks = MessageSinks(slack_port=arguments.slack, smtp_port=arguments.smtp)
    asyncio.run(keep(sinks, arguments.messages))
    return 0


if __name__ == "__main__":
    sys.exit(main())
