"""A client of the console that has signed in by a link."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from bench.started import Started
from console.web.forms import TOKEN_FIELD
from local.stack.processes import ServerError

_TOKEN = re.compile(rf'name="{TOKEN_FIELD}" value="([^"]+)"')


@asynccontextmanager
async def signed_in(console: Started, printed: str) -> AsyncIterator[httpx.AsyncClient]:
    """`printed` is what the command printed that made the link, at its end. Raises `ServerError`.

    The link has another host than the console, which tests no host.
    """
    path = httpx.URL(printed.split()[-1]).path
    async with httpx.AsyncClient(base_url=console.url, timeout=60.0) as http:
        found = _TOKEN.search((await http.get(path)).text)
        if found is None:
            raise ServerError("the sign-in link shows no form")
        answer = await http.post(path, data={TOKEN_FIELD: found.group(1)})
        if answer.status_code != httpx.codes.SEE_OTHER or answer.headers["location"] != "/":
            raise ServerError(f"signing in was answered with {answer.status_code}: {answer.text[:300]}")
        yield http
