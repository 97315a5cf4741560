"""GET /v1/sources: each source against its own baseline."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy.ext.asyncio import AsyncEngine

from common.keys import KeyStore, Scope
from common.topics import TimeMode
from ingest.errors import FieldErrorReason
from ingest.in_memory import NOW, Ingest, in_memory
from ingest.sources.store import SourceStore
from ingest.sources.volumes import HourCounts, HourKey
from support.source_rows import heard


@pytest.fixture
async def stored(database: str) -> AsyncIterator[Ingest]:
    async with in_memory(database_url=database) as built:
        yield built


async def asked(ingest: Ingest, path: str = "/v1/sources", status: int = 200) -> Any:
    key = ingest.keys.create(scopes=frozenset({Scope.READ}))
    answer = await ingest.http.get(path, headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == status, answer.text
    document = (await ingest.http.get("/openapi.json")).json()
    route = "/v1/sources" if path == "/v1/sources" else "/v1/sources/{source}"
    described = document["paths"][route]["get"]["responses"][str(status)]
    (content,) = described["content"].values()
    Draft202012Validator({**content["schema"], "components": document["components"]}).validate(answer.json())
    return answer.json()


async def test_without_postgresql_the_answer_is_503(ingest: Ingest) -> None:
    for path in ("/v1/sources", "/v1/sources/web"):
        assert (await asked(ingest, path, 503))["code"] == "database_unavailable"


@pytest.mark.servers
async def test_every_source_has_its_status(stored: Ingest, pool: AsyncEngine) -> None:
    keys = KeyStore(pool, schema="ingest")
    await keys.create(source="new", scopes=frozenset({Scope.WRITE}))
    await keys.create(source="reports", scopes=frozenset({Scope.READ}))
    await heard(pool, "usual", last=NOW - timedelta(minutes=1))
    await heard(pool, "cut", last=NOW - timedelta(hours=4))
    await heard(pool, "young", last=NOW, weeks=1)
    await heard(pool, "low", last=NOW - timedelta(hours=7))
    await heard(pool, "low", last=NOW, weeks=1, count=0)
    await heard(pool, "told", last=NOW - timedelta(hours=4))
    await SourceStore(pool, announces=True).pause("told", since=NOW - timedelta(hours=4))
    answer = await asked(stored)
    assert {each["source"]: each["status"] for each in answer["sources"]} == {
        "cut": "silent",
        "low": "low",
        "new": "never",
        "told": "silent",
        "usual": "usual",
        "young": "learning",
    }
    by_name = {each["source"]: each for each in answer["sources"]}
    assert by_name["usual"]["last_hour"] == {"events": 100, "expected": 100.0}
    assert by_name["usual"]["last_day"] == {"events": 2400, "expected": 2400.0}
    assert by_name["young"]["last_day"] == {"events": 2400, "expected": None}
    assert (by_name["new"]["has_key"], by_name["usual"]["has_key"]) == (True, False)
    assert (by_name["told"]["announcement"], by_name["told"]["silent_since"]) == ("waiting", "2026-01-31T08:00:00Z")
    assert (by_name["usual"]["announcement"], by_name["usual"]["silent_since"]) == ("none", None)


@pytest.mark.servers
async def test_what_was_refused_unknown_and_late_is_shown(stored: Ingest, pool: AsyncEngine) -> None:
    good = {"event_id": "1", "account_id": "acme", "name": "session.start", "time": "2026-01-31T11:59:30Z"}
    await stored.post([good, {**good, "name": "session.started", "event_id": "2"}, {"name": "a.b"}, {}])
    await SourceStore(pool, announces=False).add(stored.volumes.take())
    # Another process, in the hour before: other reasons, and later events.
    earlier = HourCounts(events=5, not_standard=2, lags=[0, 0, 0, 0, 1, 0, 0], history=7)
    earlier.refused[FieldErrorReason.TOO_OLD] = 3
    await SourceStore(pool, announces=False).add({HourKey("web", NOW - timedelta(hours=1)): earlier})
    (web,) = (await asked(stored))["sources"]
    assert web["refused"] == {"too_old": 3, "missing": 2}
    assert (web["not_standard"], web["history"], web["this_hour"]) == (3, 7, 2)
    assert [(each["name"], each["nearest"]) for each in web["unknown_names"]] == [("session.start", "session.started")]
    assert web["lag_seconds"] == 60, "of two requests one was below a minute"
    assert web["last_event_at"] == "2026-01-31T11:59:30Z"


@pytest.mark.servers
async def test_one_source_has_its_week_and_its_last_two_weeks(stored: Ingest, pool: AsyncEngine) -> None:
    await heard(pool, "web", last=NOW - timedelta(hours=5))
    answer = await asked(stored, "/v1/sources/web")
    assert answer["profile"] == [100.0] * 168
    assert len(answer["hours"]) == 14 * 24 + 1
    assert answer["hours"][-6:-4] == [
        {"hour": "2026-01-31T07:00:00Z", "events": 100, "expected": 100.0, "history": 0, "not_standard": 0},
        {"hour": "2026-01-31T08:00:00Z", "events": 0, "expected": 100.0, "history": 0, "not_standard": 0},
    ]
    assert answer["summary"]["status"] == "silent"


@pytest.mark.servers
async def test_a_source_that_nobody_knows_is_404_and_what_is_no_name_422(stored: Ingest) -> None:
    assert (await asked(stored, "/v1/sources/web", 404))["code"] == "unknown_source"
    assert (await asked(stored, "/v1/sources/Web Shop", 422))["code"] == "bad_parameter"


@pytest.mark.servers
async def test_in_stream_mode_no_source_is_called_silent(database: str, pool: AsyncEngine) -> None:
    await heard(pool, "web", last=NOW - timedelta(days=9))
    async with in_memory(database_url=database, mode=TimeMode.STREAM) as stream:
        answer = await asked(stream)
    assert answer["judged"] is False
    assert [each["status"] for each in answer["sources"]] == ["learning"]
