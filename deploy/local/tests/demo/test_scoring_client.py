import httpx
import pytest

from local.demo.scoring_client import accounts
from local.stack.processes import ServerError

PAGES = {
    None: {
        "accounts": [
            {"account_id": "b", "name": None, "tier": None, "band": "insufficient_data"},
        ],
        "next_cursor": "further",
    },
    "further": {
        "accounts": [
            {"account_id": "a", "name": "Birch Foods", "tier": "low", "score": 31.4, "band": "red",
             "drivers": ["silence -20", "logins -9"], "as_of": "2025-07-07T00:00:00Z"},
        ],
        "next_cursor": None,
    },
}  # fmt: skip


def api(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=PAGES[request.url.params.get("cursor")])


async def test_all_pages_are_read_and_the_worst_comes_first() -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(api), base_url="http://api") as http:
        first, second = await accounts(http)

    assert (first.name, first.score, first.why) == ("Birch Foods", 31.4, ("silence -20", "logins -9"))
    assert (second.name, second.score, second.band) == ("b", None, "insufficient_data")


async def test_an_answer_that_is_none_says_what_it_was() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(503, text="not started"))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        with pytest.raises(ServerError, match="503: not started"):
            await accounts(http)
