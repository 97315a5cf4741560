import asyncio
import logging
import socket
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest

from alerts.channels.client import Delivered
from alerts.channels.email.render import Email
from alerts.channels.registry import Channel
from alerts.channels.slack.client import SlackClient
from alerts.channels.slack.render import SlackMessage
from alerts.errors import DeliveryFailed, Failure
from alerts.routing.destination import Target
from local.fakes import slack_sink
from local.fakes.slack_sink import SlackAnswer, SlackError, SlackReply, SlackSink

TOKEN = "xoxb-not-a-real-token"
SECRET = "aVerySecretTail"
DESK = Target(Channel.SLACK, "C0CSDESK")
HOOK = Target(Channel.SLACK, "cs-desk", webhook=True)
BLOCKS: tuple[dict[str, Any], ...] = (
    {"type": "header", "text": {"type": "plain_text", "text": "Birch Foods is red: 61 → 38", "emoji": True}},
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*Logins* -14"},
        "fields": [{"type": "mrkdwn", "text": "a"}],
    },
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "coverage 70%"}]},
)


def posting(target: Target = DESK, **changes: Any) -> SlackMessage:
    values: dict[str, Any] = {"text": "Birch Foods is red", "blocks": BLOCKS, **changes}
    return SlackMessage(target, **values)


def channel(sink: SlackSink, *, timeout: float = 5.0, token: str | None = TOKEN) -> SlackClient:
    webhooks = {"cs-desk": sink.webhook(f"T1/B1/{SECRET}")}
    return SlackClient(api_url=sink.api_url, token=token, webhooks=webhooks, timeout=timeout)


async def failed(channel: SlackClient, message: SlackMessage) -> DeliveryFailed:
    with pytest.raises(DeliveryFailed) as caught:
        await channel.deliver(message)
    return caught.value


@pytest.fixture
async def slack() -> AsyncIterator[SlackSink]:
    async with SlackSink(token=TOKEN) as sink:
        yield sink


async def test_an_answer_in_a_thread_is_shown_to_the_whole_channel_if_it_has_to_be(slack: SlackSink) -> None:
    first = await channel(slack).deliver(posting(broadcast=True))
    await channel(slack).deliver(posting(thread=first.thread))
    await channel(slack).deliver(posting(thread=first.thread, broadcast=True))
    assert [post.body.get("reply_broadcast") for post in slack.posts.all] == [None, None, True]


async def test_the_bot_posts_and_learns_what_to_answer_under(slack: SlackSink) -> None:
    delivered = await channel(slack).deliver(posting())

    (post,) = slack.posts.all
    assert (post.lane, post.text, post.blocks, post.thread) == (
        DESK.address_key,
        "Birch Foods is red",
        BLOCKS,
        None,
    )
    assert delivered == Delivered(thread=post.ts)
    assert post.body["unfurl_links"] is False
    assert "attachments" not in post.body


async def test_a_reply_goes_into_the_thread_and_names_the_thread_on(slack: SlackSink) -> None:
    bot = channel(slack)
    first = await bot.deliver(posting())
    second = await bot.deliver(posting(thread=first.thread))

    assert [post.thread for post in slack.posts.all] == [None, first.thread]
    assert second == first  # not the reply's own: replies are answered under the first


async def test_a_thread_that_is_gone_does_not_keep_the_message(slack: SlackSink) -> None:
    delivered = await channel(slack).deliver(posting(thread="1700000000.000001"))

    (post,) = slack.posts.all
    assert post.thread is None
    assert delivered == Delivered(thread=post.ts)
    assert len(slack.requests.all) == 2


async def test_a_webhook_posts_to_its_one_channel(slack: SlackSink) -> None:
    # It cannot answer in a thread, whatever the message says.
    delivered = await channel(slack, token=None).deliver(posting(HOOK, thread="1700000000.000001"))

    (post,) = slack.posts.all
    assert (post.webhook, post.text, post.blocks) == (True, "Birch Foods is red", BLOCKS)
    assert "thread_ts" not in post.body
    assert "channel" not in post.body
    assert delivered == Delivered()


BOTH = pytest.mark.parametrize("target", [DESK, HOOK], ids=["bot", "webhook"])


@BOTH
@pytest.mark.parametrize(
    ("answer", "reason", "retryable", "maybe"),
    [
        (slack_sink.rate_limited(30), Failure.RATE_LIMITED, True, False),
        (slack_sink.broken(503), Failure.UNAVAILABLE, True, False),
        (slack_sink.broken(500), Failure.UNAVAILABLE, True, True),
        (SlackError("channel_not_found"), Failure.MISCONFIGURED, False, False),
        (SlackError("invalid_blocks"), Failure.REFUSED, False, False),
        (SlackError("a_word_of_next_year"), Failure.REFUSED, False, False),
        # A portal's page, in all the forms that a body can have.
        (SlackReply("<h1>Welcome to the airport</h1>", content_type="text/html"), Failure.BAD_ANSWER, False, True),
        (SlackReply("welcome", content_type="text/plain"), Failure.BAD_ANSWER, False, True),
        (SlackReply("[1, 2]", content_type="application/json"), Failure.BAD_ANSWER, False, True),
        (SlackReply("{broken", content_type="application/json"), Failure.BAD_ANSWER, False, True),
        (SlackReply('{"ok": false, "error": 7}', content_type="application/json"), Failure.BAD_ANSWER, False, True),
        (SlackReply("", content_type="application/json"), Failure.BAD_ANSWER, False, True),
        # What we carry is meant for one address only.
        (SlackReply("", status=302, headers={"Location": "http://127.0.0.1:9/"}), Failure.MISCONFIGURED, False, False),
        (
            SlackReply("", status=307, headers={"Location": "/api/chat.postMessage"}),
            Failure.MISCONFIGURED,
            False,
            False,
        ),
        (slack_sink.cut(), Failure.NO_ANSWER, True, True),
        (slack_sink.cut(taken=True), Failure.NO_ANSWER, True, True),
    ],
)
async def test_each_failure_has_its_name(
    slack: SlackSink, target: Target, answer: SlackAnswer, reason: Failure, retryable: bool, maybe: bool
) -> None:
    slack.plan(answer)

    failure = await failed(channel(slack), posting(target))

    assert (failure.reason, failure.retryable, failure.maybe_delivered) == (reason, retryable, maybe)
    # One try, however it ends: trying again is for who knows the lease.
    assert len(slack.requests.all) == 1


@BOTH
async def test_the_moment_to_come_back_is_heard(slack: SlackSink, target: Target) -> None:
    slack.plan(slack_sink.rate_limited(30))
    assert (await failed(channel(slack), posting(target))).retry_after == 30.0


@BOTH
async def test_after_a_silence_the_message_may_be_there(slack: SlackSink, target: Target) -> None:
    slack.plan(slack_sink.silence(taken=True))

    failure = await failed(channel(slack, timeout=1.0), posting(target))

    assert (failure.reason, failure.retryable, failure.maybe_delivered) == (Failure.NO_ANSWER, True, True)
    assert len(slack.posts.all) == 1


async def test_both_tries_of_a_lost_thread_share_one_deadline(slack: SlackSink) -> None:
    slack.plan(SlackError("thread_not_found"), slack_sink.silence())
    failure = await failed(channel(slack, timeout=1.0), posting(thread="1700000000.000001"))
    assert (failure.reason, failure.maybe_delivered) == (Failure.NO_ANSWER, True)


@BOTH
async def test_nobody_there_means_not_delivered(target: Target) -> None:
    async with SlackSink() as sink:
        left = channel(sink)
    failure = await failed(left, posting(target))
    assert (failure.reason, failure.retryable, failure.maybe_delivered) == (Failure.UNREACHABLE, True, False)


@BOTH
async def test_a_connection_that_never_stands_means_not_delivered(target: Target) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes the connection, never shakes hands
        base = f"https://127.0.0.1:{mute.getsockname()[1]}/"
        slack = SlackClient(api_url=base, token=TOKEN, webhooks={"cs-desk": f"{base}services/x"}, timeout=0.2)
        failure = await failed(slack, posting(target))
    assert (failure.reason, failure.retryable, failure.maybe_delivered) == (Failure.UNREACHABLE, True, False)


async def test_what_the_settings_lack_is_said_and_not_tried_again(slack: SlackSink) -> None:
    no_token = await failed(channel(slack, token=None), posting())
    no_name = await failed(channel(slack), posting(Target(Channel.SLACK, "emea", webhook=True)))

    assert [no_token.reason, no_name.reason] == [Failure.MISCONFIGURED] * 2
    assert not no_token.retryable
    assert no_name.detail == "no webhook of the name emea in the settings"
    assert slack.requests.all == []


async def test_a_token_that_is_not_known_may_be_renewed(slack: SlackSink) -> None:
    failure = await failed(channel(slack, token="xoxb-of-last-year"), posting())
    assert (failure.reason, failure.detail) == (Failure.UNAUTHORIZED, "invalid_auth")


async def test_what_slack_says_about_a_scope_reaches_who_must_act(slack: SlackSink) -> None:
    slack.plan(
        SlackReply('{"ok":false,"error":"missing_scope","needed":"chat:write"}', content_type="application/json")
    )
    assert (await failed(channel(slack), posting())).detail == "missing_scope needed: chat:write"


@pytest.mark.parametrize(
    "blocks",
    [
        ({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},),
        ({"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11},),
        ({"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11},),
        ({"type": "of next year"},),
        ({"type": "actions"},),
        ({"type": "divider"},) * 51,
    ],
)
async def test_blocks_that_slack_would_refuse_are_not_sent(
    slack: SlackSink, blocks: tuple[dict[str, Any], ...]
) -> None:
    failure = await failed(channel(slack), posting(blocks=blocks))
    assert (failure.reason, failure.retryable) == (Failure.REFUSED, False)
    assert slack.requests.all == []


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        None,
        SlackReply(f"no webhook /services/T1/B1/{SECRET}, token {TOKEN}", status=404),
        SlackReply(f'{{"ok": false, "error": "bad {TOKEN} {SECRET}"}}', content_type="application/json"),
        slack_sink.broken(),
        slack_sink.cut(),
        slack_sink.silence(),
    ],
)
async def test_secrets_are_in_no_log_and_no_error(
    slack: SlackSink, target: Target, answer: SlackAnswer | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    slack.always(answer)
    told = ""
    try:
        # The deadline ends only what nobody answers.
        await channel(slack, timeout=0.2 if answer == slack_sink.silence() else 30.0).deliver(posting(target))
    except DeliveryFailed as failure:
        told = "".join(traceback.format_exception(failure)) + failure.detail
    assert (told == "") == (answer is None)
    for secret in (SECRET, TOKEN):
        assert secret not in told
        assert secret not in caplog.text


async def test_secrets_are_not_in_the_error_of_an_address_nobody_has(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    webhooks = {"cs-desk": f"http://nobody.invalid/services/{SECRET}"}
    slack = SlackClient(api_url="https://slack.com/api/", token=None, webhooks=webhooks, timeout=5.0)
    failure = await failed(slack, posting(HOOK))
    assert failure.reason is Failure.UNREACHABLE
    assert SECRET not in str(failure) + caplog.text


@pytest.mark.parametrize(
    ("api_url", "token", "url", "complaint"),
    [
        ("slack.com/api", None, None, "the Slack API's address"),
        ("https://slack.com/api/", None, f"hooks.slack.com/services/{SECRET}", "webhook cs-desk"),
        ("https://slack.com/api/", None, f"https://hooks .slack.com/{SECRET}", "webhook cs-desk"),
        ("https://slack.com/api/", None, f"https://[half/{SECRET}", "webhook cs-desk"),
        ("https://slack.com/api/", "xoxb-one\nxoxb-two", None, "the Slack token"),
    ],
)
def test_settings_that_cannot_work_are_said_at_the_start_without_their_value(
    api_url: str, token: str | None, url: str | None, complaint: str
) -> None:
    webhooks = {"cs-desk": url} if url else {}
    with pytest.raises(ValueError, match=complaint) as caught:
        SlackClient(api_url=api_url, token=token, webhooks=webhooks, timeout=1.0)
    assert SECRET not in str(caught.value)
    assert "xoxb" not in str(caught.value)


async def test_a_proxy_is_used_by_the_environments_rules(slack: SlackSink, monkeypatch: pytest.MonkeyPatch) -> None:
    async with SlackSink() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        proxy.plan(SlackReply("blocked by the proxy", status=403))
        assert (await failed(channel(slack), posting())).reason is Failure.MISCONFIGURED
        assert proxy.requests.all[0].path == f"{slack.api_url}chat.postMessage"

        monkeypatch.setenv("no_proxy", "127.0.0.1")
        await channel(slack).deliver(posting())
    assert len(slack.posts.all) == 1


async def test_it_carries_nothing_but_postings(slack: SlackSink) -> None:
    message = Email(Target(Channel.EMAIL, "dana@example.com"), "subject", "text", "<p>", "<id@localhost>")
    with pytest.raises(TypeError):
        await channel(slack).deliver(message)


async def test_a_delivery_that_is_called_off_ends_at_once(slack: SlackSink) -> None:
    slack.plan(slack_sink.silence())
    delivery = asyncio.create_task(channel(slack, timeout=60).deliver(posting()))
    await slack.requests.nth(1)
    delivery.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivery
