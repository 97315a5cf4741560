"""What is rendered goes over the real protocols and comes out whole, whatever a customer calls itself."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from alerts.channels.email.client import EmailClient, SmtpTls
from alerts.channels.email.render import EmailRenderer
from alerts.channels.registry import Channel
from alerts.channels.slack.client import SlackClient
from alerts.channels.slack.render import SlackRenderer
from alerts.decisions.reasons import DecisionReason
from alerts.messages.content import EarlierMessage, MessageContent
from alerts.messages.renderer import MessageRenderer
from alerts.playbooks.load import load_playbooks
from alerts.routing.destination import Target
from alerts.samples import BIRCH_FOODS, NOON, Sample
from common.contracts.signals import Kind
from local.fakes.mail_sink import MailSink
from local.fakes.slack_sink import SlackSink

PLAYBOOKS = Path(__file__).resolve().parents[4] / "deploy" / "playbooks.yml"
NAMES = [
    "Birch Foods",
    "",
    "🔴" * 5_000,
    "<!channel> <@U1> *bold* _it_ ~no~ `code` &amp; <https://evil.example|here>",
    "<script>alert(1)</script>" * 400,
    "Birch\r\nBcc: all@example.com\r\n\r\nA body of my own",
    "\u202e" + "\u05d0" * 10_000,
    "a\x00b\u2028c\ud83d",
]
KINDS = [(Kind.BAND, "red"), (Kind.BAND, "green"), (Kind.FLAG, "gone_quiet"), (Kind.OUTCOME, "churned")]
KINDS += [(Kind.MILESTONE_MISSED, "sso_live")]


@pytest.fixture
def renderer() -> MessageRenderer:
    playbooks = load_playbooks(PLAYBOOKS.read_text(encoding="utf-8"), str(PLAYBOOKS))
    return MessageRenderer(
        playbooks,
        lambda account: f"https://app.example.com/accounts/{account}",
        {Channel.SLACK: SlackRenderer(), Channel.EMAIL: EmailRenderer("example.com")},
    )


@pytest.fixture
async def slack() -> AsyncIterator[SlackSink]:
    async with SlackSink() as sink:
        yield sink


@pytest.fixture
async def server() -> AsyncIterator[MailSink]:
    async with MailSink() as sink:
        yield sink


def contents(target: Target, name: str, *, thread: str | None = None) -> list[MessageContent]:
    facts = replace(BIRCH_FOODS, name=name, arr=48_000.0)
    told = [Sample(kind=kind, to=to, facts=facts).build() for kind, to in KINDS]
    before = EarlierMessage("n-0", told[0], NOON.timestamp(), thread)
    return [
        *(MessageContent("n-1", target, DecisionReason.NEW, (one,), NOON.timestamp()) for one in told),
        MessageContent("n-2", target, DecisionReason.WORSE, tuple(told), NOON.timestamp() + 7200, before, before),
        MessageContent("n-3", target, DecisionReason.RECOVERED, (told[1],), NOON.timestamp() + 7200, before, before),
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["en", "ja"])
async def test_slack_takes_every_message(slack: SlackSink, renderer: MessageRenderer, language: str, name: str) -> None:
    channel = SlackClient(
        api_url=slack.api_url, token="xoxb-not-a-real-token", webhooks={"desk": slack.webhook("desk")}, timeout=10
    )
    bot = Target(Channel.SLACK, "C0CSDESK", language=language)
    first = await channel.deliver(renderer.render(contents(bot, name)[0]))
    for content in contents(bot, name, thread=first.thread):
        await channel.deliver(renderer.render(content))
    for content in contents(Target(Channel.SLACK, "desk", webhook=True, language=language), name):
        await channel.deliver(renderer.render(content))

    assert len(slack.posts.all) == 1 + 2 * (len(KINDS) + 2)
    assert [post.thread for post in slack.posts.all if post.thread] == [first.thread] * 2
    assert all(post.text for post in slack.posts.all)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["en", "ja"])
async def test_mail_arrives_with_nothing_added(
    server: MailSink, renderer: MessageRenderer, language: str, name: str
) -> None:
    channel = EmailClient(
        host=server.host,
        port=server.port,
        user=None,
        password=None,
        tls=SmtpTls.NONE,
        sender="Churn signals <churn@example.com>",
        unsubscribe=None,
        timeout=10,
    )
    for content in contents(Target(Channel.EMAIL, "dana@example.com", language=language), name):
        await channel.deliver(renderer.render(content))

    mails = [received.message for received in server.mails.all]
    assert [str(message["Message-ID"]) for message in mails[-2:]] == ["<n-2@example.com>", "<n-3@example.com>"]
    assert [message["In-Reply-To"] for message in mails] == [None] * len(KINDS) + ["<n-0@example.com>"] * 2
    assert all(message["Bcc"] is None and not message.defects for message in mails)
    assert all(received.text.strip() and "</html>" in received.html for received in server.mails.all)
    assert not any("<script" in received.html for received in server.mails.all)
