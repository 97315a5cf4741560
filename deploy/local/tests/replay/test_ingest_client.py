from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from local.replay.ingest_client import ClientEvent, GaveUp, IngestClient, Refused

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
EVENTS = [
    ClientEvent("e-1", "acme", "session.started", NOON, user_id="ann"),
    ClientEvent("e-2", "acme", "feature.used", NOON, properties={"feature": "api"}),
]
TAKEN = httpx.Response(202, json={"accepted": 2, "rejected": 0, "items": []})


class Ingest:
    """Answers as told, the last answer again and again; keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self._answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer


class Clock:
    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def poster(ingest: Callable[[httpx.Request], httpx.Response], clock: Clock) -> IngestClient:
    http = httpx.AsyncClient(transport=httpx.MockTransport(ingest), base_url="http://ingest")
    return IngestClient(http, sleep=clock.sleep)


async def test_events_go_as_lines_of_json() -> None:
    ingest = Ingest(TAKEN)

    await poster(ingest, Clock()).post(EVENTS)

    (request,) = ingest.asked
    assert request.url.path == "/v1/events"
    assert request.headers["content-type"] == "application/x-ndjson"
    assert request.content.splitlines() == [
        b'{"event_id":"e-1","account_id":"acme","name":"session.started","time":"2025-03-14T12:00:00Z",'
        b'"user_id":"ann"}',
        b'{"event_id":"e-2","account_id":"acme","name":"feature.used","time":"2025-03-14T12:00:00Z",'
        b'"properties":{"feature":"api"}}',
    ]


async def test_a_backfill_says_so() -> None:
    ingest = Ingest(TAKEN)

    await poster(ingest, Clock()).post(EVENTS, history=True)

    assert ingest.asked[0].url.query == b"history=true"


async def test_what_is_busy_is_asked_again_with_the_same_ids_when_it_says() -> None:
    ingest = Ingest(
        httpx.Response(429, headers={"retry-after": "3"}),
        httpx.Response(503, headers={"retry-after": "2"}),
        httpx.ConnectError("refused"),
        TAKEN,
    )
    clock = Clock()
    patient = poster(ingest, clock)

    await patient.post(EVENTS)

    assert clock.slept[:2] == [3, 2]
    assert clock.slept[2] > 0
    assert patient.waits == 3
    assert len({request.content for request in ingest.asked}) == 1


async def test_patience_ends() -> None:
    clock = Clock()

    with pytest.raises(GaveUp):
        await poster(Ingest(httpx.Response(503)), clock).post(EVENTS)

    assert 60 <= sum(clock.slept) < 66


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, text="no key"),
        httpx.Response(422, text="none taken"),
        # One of two was bad: whoever plays a whole story wants to know.
        httpx.Response(202, json={"accepted": 1, "rejected": 1, "items": []}),
    ],
)
async def test_what_is_refused_is_not_tried_again(answer: httpx.Response) -> None:
    ingest = Ingest(answer)

    with pytest.raises(Refused):
        await poster(ingest, Clock()).post(EVENTS)

    assert len(ingest.asked) == 1
