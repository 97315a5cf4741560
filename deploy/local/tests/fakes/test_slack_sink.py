import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from local.fakes import slack_sink
from local.fakes.slack_sink import SlackError, SlackSink

TOKEN = "xoxb-not-a-real-token"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*61* → 38"}}


@pytest.fixture
async def slack() -> AsyncIterator[SlackSink]:
    async with SlackSink(token=TOKEN) as sink:
        yield sink


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False) as client:
        yield client


async def as_bot(http: httpx.AsyncClient, slack: SlackSink, **body: Any) -> Any:
    answer = await http.post(f"{slack.api_url}chat.postMessage", json={"channel": "C1", "text": "hello", **body})
    return answer.json()


async def test_it_keeps_what_is_posted_and_answers_as_slack_does(slack: SlackSink, http: httpx.AsyncClient) -> None:
    said = await as_bot(http, slack, blocks=[SECTION])
    answer = await http.post(slack.webhook("cs-desk"), json={"text": "hello"})

    bot, webhook = slack.posts.all
    assert said == {
        "ok": True,
        "channel": "C1",
        "ts": bot.ts,
        "message": {"type": "message", "text": "hello", "ts": bot.ts},
    }
    assert (bot.lane, bot.text, bot.blocks, bot.thread) == ("slack:C1", "hello", (SECTION,), None)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert webhook.lane == "webhook:cs-desk"
    assert bot.ts < webhook.ts


async def test_a_thread_must_be_one_of_the_channels_own(slack: SlackSink, http: httpx.AsyncClient) -> None:
    first = await as_bot(http, slack)
    assert (await as_bot(http, slack, thread_ts=first["ts"]))["ok"] is True
    assert slack.posts.all[1].thread == first["ts"]
    assert (await as_bot(http, slack, thread_ts=first["ts"], channel="C2"))["error"] == "thread_not_found"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"channel": ""}, "channel_not_found"),
        ({"text": ""}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"attachments": [{}] * 101}, "too_many_attachments"),
        ({"blocks": [SECTION] * 51}, "invalid_blocks"),
    ],
)
async def test_what_slack_would_refuse_is_refused(
    slack: SlackSink, http: httpx.AsyncClient, body: dict[str, Any], error: str
) -> None:
    said = await as_bot(http, slack, **body)
    assert (said["ok"], said["error"]) == (False, error)
    assert slack.posts.all == []


async def test_a_broken_block_is_named(slack: SlackSink, http: httpx.AsyncClient) -> None:
    broken = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
    said = await as_bot(http, slack, blocks=broken)
    assert said["response_metadata"]["messages"] == [
        "[ERROR] blocks/0/text/text: must be less than 151 characters [151]"
    ]
    answer = await http.post(slack.webhook("cs-desk"), json={"blocks": broken})
    assert (answer.status_code, answer.text) == (400, "invalid_blocks")


@pytest.mark.parametrize(
    ("authorization", "error"), [("", "not_authed"), ("Bearer", "not_authed"), ("Bearer xoxb-another", "invalid_auth")]
)
async def test_a_bot_must_say_who_it_is(
    slack: SlackSink, http: httpx.AsyncClient, authorization: str, error: str
) -> None:
    http.headers["Authorization"] = authorization
    assert (await as_bot(http, slack))["error"] == error


@pytest.mark.parametrize(
    ("path", "content", "status", "text"),
    [
        ("services/cs-desk", b"{broken", 400, "invalid_payload"),
        ("services/cs-desk", b"[]", 400, "invalid_payload"),
        ("services/", b"{}", 404, "not found"),
        ("api/chat.update", b"{}", 404, "not found"),
    ],
)
async def test_other_requests_get_an_answer_too(
    slack: SlackSink, http: httpx.AsyncClient, path: str, content: bytes, status: int, text: str
) -> None:
    answer = await http.post(f"http://127.0.0.1:{slack.port}/{path}", content=content)
    assert (answer.status_code, answer.text) == (status, text)


async def test_what_is_no_http_is_told_so(slack: SlackSink) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", slack.port)
    writer.write(b"EHLO localhost\r\n\r\n")
    assert await reader.readline() == b"HTTP/1.1 400 Bad Request\r\n"
    writer.close()
    await writer.wait_closed()


async def test_a_plan_is_followed_once_and_then_all_is_well(slack: SlackSink, http: httpx.AsyncClient) -> None:
    hook = slack.webhook("cs-desk")
    slack.plan(slack_sink.rate_limited(7), slack_sink.broken(), SlackError("no_service"), slack_sink.cut(taken=True))

    limited, broken, refused = [await http.post(hook, json={"text": "hello"}) for _ in range(3)]
    with pytest.raises(httpx.TransportError):
        await http.post(hook, json={"text": "hello"})
    well = await http.post(hook, json={"text": "hello"})

    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    assert broken.status_code == 500
    assert (refused.status_code, refused.text) == (404, "no_service")
    assert (well.status_code, well.text) == (200, "ok")
    assert len(slack.posts.all) == 2  # the one that was cut after it was taken, and the last
    assert len(slack.requests.all) == 5


async def test_an_outage_lasts_until_it_is_over(slack: SlackSink, http: httpx.AsyncClient) -> None:
    slack.always(slack_sink.broken(503))
    assert [(await http.post(slack.webhook("a"), json={"text": "x"})).status_code for _ in range(3)] == [503] * 3
    slack.always(None)
    assert (await http.post(slack.webhook("a"), json={"text": "x"})).status_code == 200


async def test_whoever_waits_for_a_message_is_woken(slack: SlackSink, http: httpx.AsyncClient) -> None:
    second = asyncio.create_task(slack.posts.nth(2))
    red = asyncio.create_task(slack.posts.first(lambda post: "red" in post.text))
    await as_bot(http, slack, text="yellow")
    await asyncio.sleep(0)
    assert not second.done()
    assert not red.done()
    await as_bot(http, slack, text="red")
    assert (await second).text == (await red).text == "red"
    assert (await slack.posts.nth(1)).text == "yellow"


async def test_whoever_still_waits_at_the_end_meets_it(http: httpx.AsyncClient) -> None:
    async with SlackSink() as slack:
        slack.plan(slack_sink.silence())
        waiting = asyncio.create_task(http.post(slack.webhook("a"), json={"text": "x"}, timeout=60))
        await slack.requests.nth(1)
    with pytest.raises(httpx.TransportError):
        await waiting
