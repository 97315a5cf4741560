"""Headers, query parameters and body chunks of a request."""

from collections.abc import Sequence

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from ingest.receiving.post_request import PostRequest


def posted(
    headers: Sequence[tuple[bytes, bytes]] = (), *, query: bytes = b"", messages: Sequence[Message] = ()
) -> PostRequest:
    coming = iter(messages)

    async def receive() -> Message:
        return next(coming)

    return PostRequest({"type": "http", "headers": list(headers), "query_string": query}, receive)


def test_of_a_header_that_was_sent_twice_the_first_counts() -> None:
    asked = posted([(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b"), (b"accept", b"*/*")])
    assert asked.header(b"authorization") == "Bearer a"


def test_a_header_of_any_bytes_is_a_text() -> None:
    asked = posted([(b"idempotency-key", b"\xff")])
    assert (asked.header(b"idempotency-key"), asked.header(b"content-type")) == ("\xff", None)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (b"", "false"),
        (b"other=1", "false"),
        (b"history=true", "true"),
        (b"history=", ""),
        (b"history=%74rue", "true"),
        (b"history=false&history=true", "true"),
        (b"\xff", "false"),
    ],
)
def test_a_parameter_is_what_the_query_says_or_its_default(query: bytes, said: str) -> None:
    assert posted(query=query).parameter("history", "false") == said


async def test_a_body_comes_in_chunks_until_there_is_no_more() -> None:
    first: Message = {"type": "http.request", "body": b"[", "more_body": True}
    last: Message = {"type": "http.request", "body": b"]"}
    asked = posted(messages=[first, last])
    assert [await asked.next_chunk(), await asked.next_chunk()] == [(b"[", True), (b"]", False)]


async def test_a_client_that_has_gone_is_not_taken_for_the_end_of_its_body() -> None:
    asked = posted(messages=[{"type": "http.disconnect"}])
    with pytest.raises(ClientDisconnect):
        await asked.next_chunk()
