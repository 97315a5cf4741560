"""Slack and the mail server in one: whatever comes by either can be read."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiosmtplib
import httpx
import pytest

from local.fakes.http_server import HOST
from local.fakes.sinks import MessageSinks, entry

BLOCKS = [
    {"type": "header", "text": {"type": "plain_text", "text": "🔴 Birch Foods is red"}},
    {"type": "section", "text": {"type": "mrkdwn", "text": "Why: logins"}},
]


@pytest.fixture
async def sinks() -> AsyncIterator[MessageSinks]:
    async with MessageSinks(slack_port=0, smtp_port=0) as opened:
        running = asyncio.create_task(opened.run())
        yield opened
        running.cancel()


async def post(sinks: MessageSinks) -> None:
    async with httpx.AsyncClient(headers={"authorization": "Bearer any"}) as http:
        body = {"channel": "U1", "text": "Birch Foods is red", "blocks": BLOCKS}
        answer = await http.post(f"{sinks.slack.api_url}chat.postMessage", json=body)
        assert answer.json()["ok"], answer.text


async def mail(sinks: MessageSinks) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "churn@example.com", "desk@example.com", "Re: 🔴 Birch Foods"
    letter["Message-ID"] = "<n1@example.com>"
    letter.set_content("🟢 Birch Foods is green again, after a\nlong time\n\nWhat helped: 田中\n")
    await aiosmtplib.send(letter, hostname=sinks.mail.host, port=sinks.mail.port, start_tls=False)


async def test_a_message_reads_the_same_whichever_way_it_came(sinks: MessageSinks) -> None:
    await post(sinks)
    await sinks.messages.nth(1)
    await mail(sinks)

    slack, email = sinks.messages.all[0], await sinks.messages.nth(2)

    assert (slack.lane, slack.title, slack.name) == ("slack:U1", "🔴 Birch Foods is red", None)
    assert slack.lines == ("🔴 Birch Foods is red", "", "Why: logins")
    assert (email.lane, email.name) == ("email:desk@example.com", "n1")
    assert email.title == "🟢 Birch Foods is green again, after a long time"
    assert email.lines[2:] == (
        "Subject: Re: 🔴 Birch Foods",
        "",
        "🟢 Birch Foods is green again, after a",
        "long time",
        "",
        "What helped: 田中",
    )
    assert sinks.taken == 2


async def test_in_the_file_a_line_above_each_message_says_how_it_came(sinks: MessageSinks) -> None:
    await post(sinks)

    head, blank, *lines = entry(await sinks.messages.nth(1)).splitlines()

    assert head.startswith("--- ")
    assert " Slack to U1 ---" in head
    assert (blank, lines[:3]) == ("", ["🔴 Birch Foods is red", "", "Why: logins"])


async def test_what_was_opened_is_closed_again_if_the_rest_cannot_be() -> None:
    async with MessageSinks(slack_port=0, smtp_port=0) as first:
        second = MessageSinks(slack_port=0, smtp_port=first.mail.port)
        with pytest.raises(OSError, match="in use"):
            await second.__aenter__()

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(HOST, second.slack.port)
