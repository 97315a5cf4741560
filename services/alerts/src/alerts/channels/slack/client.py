"""Posts to Slack: with the bot's token to any channel or member, with an incoming webhook to its one channel."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec
from slack_sdk.errors import SlackApiError, SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient
from slack_sdk.webhook.webhook_response import WebhookResponse

from alerts.channels.client import Delivered
from alerts.channels.http import HttpExchange, NoAnswer, NotSent, Redirected, proxy_for
from alerts.channels.slack.outcomes import THREAD_GONE, SlackAnswer, failure, retry_after, webhook_error
from alerts.channels.slack.render import SlackMessage
from alerts.channels.text import SecretFilter, secrets_of
from alerts.errors import DeliveryFailed, Failure
from alerts.messages.renderer import RenderedMessage

MOST_BLOCKS = 50
_UNKNOWN_ANSWER = SlackAnswer(200, None, "not an answer that Slack gives")
T = TypeVar("T")


class _ThreadGone(Exception):
    pass


class _SlackErrorMetadata(msgspec.Struct):
    messages: list[str] = []


class _SlackError(msgspec.Struct):
    """An error as Slack's API words it."""

    error: str | None = None
    needed: str | None = None
    response_metadata: _SlackErrorMetadata = msgspec.field(default_factory=_SlackErrorMetadata)


class SlackClient:
    """Tries each message once.

    `webhooks` are URLs by their names in routes.yml. They are secrets, as the token is, and appear in no log and no
    error. `timeout` is seconds for a whole delivery. Raises ValueError for settings that cannot work.

    Blocks are not put into a coloured attachment: Slack collapses attachments as secondary content.
    """

    def __init__(self, *, api_url: str, token: str | None, webhooks: Mapping[str, str], timeout: float) -> None:
        _must_be_url(api_url, "the Slack API's address")
        for name, url in webhooks.items():
            _must_be_url(url, f"webhook {name}")
        if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
            raise ValueError("the Slack token has characters that no token has")
        self._api_url = api_url
        self._token = token
        self._webhooks = dict(webhooks)
        self._timeout = timeout
        secrets = [secret for url in webhooks.values() for secret in secrets_of(url)]
        self._hide_secrets = SecretFilter([*secrets, token or ""])

    async def deliver(self, message: RenderedMessage) -> Delivered:
        """Raises `DeliveryFailed`. If its thread was deleted the message begins a new one."""
        if not isinstance(message, SlackMessage):
            raise TypeError("Slack sends what it has rendered")
        blocks = _checked(message)
        deadline = asyncio.get_running_loop().time() + self._timeout
        # A webhook posts to one channel and can begin no thread.
        if message.target.webhook:
            return await self._to_webhook(message, blocks, deadline)
        try:
            return await self._as_bot(message, blocks, deadline, thread=message.thread)
        except _ThreadGone:
            return await self._as_bot(message, blocks, deadline, thread=None)

    async def _to_webhook(self, message: SlackMessage, blocks: list[dict[str, Any]], deadline: float) -> Delivered:
        url = self._webhooks.get(message.target.address)
        if url is None:
            raise _misconfigured(f"no webhook of the name {message.target.address} in the settings")

        async def ask(session: aiohttp.ClientSession) -> WebhookResponse:
            client = AsyncWebhookClient(url, session=session, logger=_no_log(), retry_handlers=[])
            client.proxy = proxy_for(url)
            return await client.send(text=message.text, blocks=blocks, unfurl_links=False, unfurl_media=False)

        answer = await self._exchange(ask, deadline)
        # Exactly this is success; a proxy may answer 200 with a page.
        if answer.status_code == 200 and answer.body.strip() == "ok":
            return Delivered()
        error = webhook_error(answer.status_code, answer.body)
        raise self._failed(
            SlackAnswer(answer.status_code, error, "" if error else answer.body, retry_after(answer.headers))
        )

    async def _as_bot(
        self, message: SlackMessage, blocks: list[dict[str, Any]], deadline: float, *, thread: str | None
    ) -> Delivered:
        if self._token is None:
            raise _misconfigured("no Slack token in the settings")

        async def ask(session: aiohttp.ClientSession) -> AsyncSlackResponse | SlackAnswer:
            client = AsyncWebClient(
                self._token, base_url=self._api_url, session=session, logger=_no_log(), retry_handlers=[]
            )
            client.proxy = proxy_for(self._api_url)
            try:
                return await client.chat_postMessage(
                    channel=message.target.address,
                    text=message.text,
                    blocks=blocks,
                    thread_ts=thread,
                    reply_broadcast=True if message.broadcast and thread is not None else None,
                    unfurl_links=False,
                    unfurl_media=False,
                )
            except SlackApiError as error:
                return _answer(error.response)
            except AttributeError:
                # What the SDK makes of a 200 that is not a JSON object.
                return _UNKNOWN_ANSWER

        answer = await self._exchange(ask, deadline)
        if isinstance(answer, AsyncSlackResponse):
            return Delivered(thread or answer.get("ts"))
        # The thread was deleted or locked, the channel was not: post outside it.
        if thread is not None and answer.error in THREAD_GONE:
            raise _ThreadGone
        raise self._failed(answer)

    async def _exchange(self, ask: Callable[[aiohttp.ClientSession], Awaitable[T]], deadline: float) -> T:
        try:
            return await HttpExchange().exchange(ask, deadline=deadline)
        except NotSent as error:
            raise DeliveryFailed(Failure.UNREACHABLE, self._hide_secrets(str(error)), retryable=True) from None
        except NoAnswer as error:
            raise DeliveryFailed(
                Failure.NO_ANSWER, self._hide_secrets(str(error)), retryable=True, maybe_delivered=True
            ) from None
        except Redirected:
            raise _misconfigured("the answer points to another address") from None
        except UnicodeDecodeError:
            raise self._failed(_UNKNOWN_ANSWER) from None

    def _failed(self, answer: SlackAnswer) -> DeliveryFailed:
        error = answer.error and self._hide_secrets(answer.error)
        return failure(SlackAnswer(answer.status, error, self._hide_secrets(answer.detail), answer.retry_after))


def _checked(message: SlackMessage) -> list[dict[str, Any]]:
    """The blocks, checked by the SDK's models: Slack would refuse what they refuse."""
    if len(message.blocks) > MOST_BLOCKS:
        raise _refused(f"{len(message.blocks)} blocks, {MOST_BLOCKS} at most")
    try:
        models: Sequence[Block | None] = Block.parse_all(message.blocks)
        for model in models:
            # The SDK does not know the block's type.
            if model is None:
                raise _refused("a block of a type that Slack does not know")
            model.to_dict()
    except (SlackObjectFormationError, TypeError) as error:
        raise _refused(f"a block breaks Slack's rules: {error}") from None
    return list(message.blocks)


def _answer(response: AsyncSlackResponse | aiohttp.ClientResponse) -> SlackAnswer:
    if isinstance(response, aiohttp.ClientResponse):
        return SlackAnswer(response.status, None, "not JSON", retry_after(response.headers))
    try:
        said = msgspec.convert(response.data, _SlackError)
    except msgspec.ValidationError:
        return SlackAnswer(response.status_code, None, "", retry_after(response.headers))
    detail = [f"needed: {said.needed}"] if said.needed else []
    return SlackAnswer(
        response.status_code,
        said.error,
        "; ".join([*detail, *said.response_metadata.messages]),
        retry_after(response.headers),
    )


def _no_log() -> logging.Logger:
    """The SDK writes URLs and messages at debug level, and a webhook's URL is a secret."""
    return logging.Logger("slack_sdk", logging.CRITICAL)


def _must_be_url(url: str, name: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable() and " " not in url
    except ValueError:
        good = False
    if not good:
        # Without the value: a URL with a small mistake is still a secret.
        raise ValueError(f"{name}: not a URL that begins with https:// or http://")


def _misconfigured(detail: str) -> DeliveryFailed:
    return DeliveryFailed(Failure.MISCONFIGURED, detail, retryable=False)


def _refused(detail: str) -> DeliveryFailed:
    return DeliveryFailed(Failure.REFUSED, detail, retryable=False)
