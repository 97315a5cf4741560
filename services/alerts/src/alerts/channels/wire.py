"""One HTTP exchange over a connection of its own, that knows whether the request went out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

T = TypeVar("T")


class NotSent(Exception):
    """The request never left: nothing can have come of it."""


class NoAnswer(Exception):
    """The request left, and what came of it cannot be known."""


class Redirected(Exception):
    """We were sent elsewhere, and did not go: what we carry is meant for the address in the settings only."""


class HttpExchange:
    """For one exchange. A connection kept from the last message may have died since, and a request that meets its end
    might have arrived; messages are so few that a new one for each costs nothing.
    """

    def __init__(self) -> None:
        self._went = False

    async def exchange(self, ask: Callable[[aiohttp.ClientSession], Awaitable[T]], *, deadline: float) -> T:
        """What `ask` makes of the answer; `deadline` is by the loop's clock."""
        try:
            async with asyncio.timeout_at(deadline), self._session() as session:
                return await ask(session)
        except TimeoutError:
            raise self._silence("no answer in time") from None
        except (aiohttp.ClientError, OSError) as error:
            # Its text may name the URL: whoever tells it hides what must not be seen.
            raise self._silence(f"{type(error).__name__}: {error}") from None

    def _silence(self, text: str) -> NotSent | NoAnswer:
        return NoAnswer(text) if self._went else NotSent(text)

    def _session(self) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(self._sent)
        trace.on_request_redirect.append(_refuse_redirect)
        # The deadline is over everything, name lookup to last byte.
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(), trace_configs=[trace])

    async def _sent(self, *_: object) -> None:
        self._went = True


async def _refuse_redirect(*_: object) -> None:
    raise Redirected


def proxy_for(url: str) -> str | None:
    """By the environment's rules, NO_PROXY included."""
    parts = urlsplit(url)
    if parts.hostname is None or proxy_bypass(parts.hostname):
        return None
    return getproxies().get(parts.scheme)
