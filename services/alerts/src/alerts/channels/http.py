"""One HTTP exchange over a connection of its own, which knows whether the request was sent."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

T = TypeVar("T")


class NotSent(Exception):
    """The request was not sent, so nothing was delivered."""


class NoAnswer(Exception):
    """The request was sent, and whether it was processed is unknown."""


class Redirected(Exception):
    """The server redirects to another address; the message is meant for the configured one only."""


class HttpExchange:
    """For one exchange. If a kept connection was closed meanwhile, nobody knows whether a request arrived.

    Messages are so few that a new connection for each costs nothing.
    """

    def __init__(self) -> None:
        self._is_sent = False

    async def exchange(self, ask: Callable[[aiohttp.ClientSession], Awaitable[T]], *, deadline: float) -> T:
        """What `ask` returns; `deadline` is by the loop's clock."""
        try:
            async with asyncio.timeout_at(deadline), self._session() as session:
                return await ask(session)
        except TimeoutError:
            raise self._no_answer("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            # The text may contain the URL; the caller removes secrets before it is shown.
            raise self._no_answer(f"{type(error).__name__}: {error}") from None

    def _no_answer(self, text: str) -> NotSent | NoAnswer:
        return NoAnswer(text) if self._is_sent else NotSent(text)

    def _session(self) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(self._sent)
        trace.on_request_redirect.append(_refuse_redirect)
        # The deadline above covers everything, from name lookup to the last byte.
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(), trace_configs=[trace])

    async def _sent(self, *_: object) -> None:
        self._is_sent = True


async def _refuse_redirect(*_: object) -> None:
    raise Redirected


def proxy_for(url: str) -> str | None:
    """By the environment's rules, NO_PROXY included."""
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    return getproxies().get(parts.scheme)
