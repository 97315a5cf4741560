"""DELETE /v1/accounts/{id}: filed, told to the log, refused at the door until it is lifted, and ended after a crash."""

import asyncio
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from common.bus.memory import MemoryBroker
from common.bus.partitioner import partition_of
from common.bus.ports import Record
from common.contracts.events import Erased, ErasureLifted, Event, EventsRecord, MentionsErased, decode_events_record
from common.keys import Scope
from common.topics import TimeMode, Topics, ensure
from ingest.erasures.erased_subjects import ErasedSubjects
from ingest.erasures.erasure import ErasureState
from ingest.erasures.memory_store import MemoryErasureStore
from ingest.erasures.service import ErasureAnnouncer, ErasureService
from ingest.in_memory import ERASURE_KEY, NOW, PARTITIONS, Ingest, in_memory
from support.erasure_requests import ANOTHER_KEY, asked

GOOD = {"account_id": "acme", "name": "report.opened", "event_id": "e-1"}
PSEUDONYM = ERASURE_KEY.pseudonym("acme")


def admin(ingest: Ingest) -> dict[str, str]:
    return {"authorization": f"Bearer {ingest.keys.create(scopes=frozenset({Scope.ADMIN}))}"}


async def erase(ingest: Ingest, account: str = "acme") -> dict[str, Any]:
    answer = await ingest.http.delete(f"/v1/accounts/{account}", headers=admin(ingest))
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(ingest: Ingest) -> list[Any]:
    """What is on the log, but for the mentions of erased accounts."""
    return [one for one in map(decoded, ingest.records()) if not isinstance(one, MentionsErased)]


def decoded(record: Record) -> EventsRecord:
    return decode_events_record(record.value or b"")


def told_mentions(ingest: Ingest) -> list[tuple[int, MentionsErased]]:
    """With their partitions."""
    found = [(record.partition, decoded(record)) for record in ingest.records()]
    return [(partition, one) for partition, one in found if isinstance(one, MentionsErased)]


async def test_an_erasure_is_on_the_log_before_the_answer_and_the_request_forgets_the_id(ingest: Ingest) -> None:
    found = await erase(ingest)
    assert (found["state"], found["kind"], found["partitions"]) == ("announced", "account", 1)
    assert found["receipts"]["alerts"].endswith("of alerts")
    assert found["log_forgets_on"] == "2026-03-15", "35 days, a week for the segment, and the day itself"
    assert told(ingest) == [Erased(found["erasure_id"], "acme", PSEUDONYM.hex())]
    (partition,) = [record.partition for record in ingest.records() if isinstance(decoded(record), Erased)]
    assert partition == partition_of(b"acme", PARTITIONS)
    stored = await ingest.erasures.find(found["erasure_id"])
    assert stored is not None
    assert stored.account_id is None
    again = await erase(ingest)
    assert (again["erasure_id"], len(told(ingest))) == (found["erasure_id"], 1)
    answer = await ingest.http.get(f"/v1/erasures/{found['erasure_id']}", headers=admin(ingest))
    assert answer.json() == found


async def test_accounts_of_every_partition_are_told_to_forget_its_id_also_at_a_second_request(ingest: Ingest) -> None:
    """Another process may have taken a merge into it meanwhile."""
    found = await erase(ingest)
    everywhere = [(partition, MentionsErased(found["erasure_id"], "acme")) for partition in range(PARTITIONS)]
    assert sorted(told_mentions(ingest)) == everywhere
    assert (await erase(ingest))["erasure_id"] == found["erasure_id"]
    assert sorted(told_mentions(ingest)) == sorted(everywhere * 2)


async def test_requests_are_listed_page_by_page_without_an_id_of_the_erased(ingest: Ingest) -> None:
    filed = [(await erase(ingest, account))["erasure_id"] for account in ("acme", "beta", "gamma")]
    first = (await ingest.http.get("/v1/erasures", params={"limit": 2}, headers=admin(ingest))).json()
    assert [one["erasure_id"] for one in first["erasures"]] == filed[:0:-1]
    assert first["next_cursor"] == filed[1]
    rest = await ingest.http.get("/v1/erasures", params={"cursor": first["next_cursor"]}, headers=admin(ingest))
    assert [one["erasure_id"] for one in rest.json()["erasures"]] == filed[:1]
    assert rest.json()["next_cursor"] is None
    assert "acme" not in rest.text
    document = (await ingest.http.get("/openapi.json")).json()
    described = document["paths"]["/v1/erasures"]["get"]["responses"]["200"]["content"]["application/json"]
    Draft202012Validator({**described["schema"], "components": document["components"]}).validate(first)
    for cursor, status in (("nobody", 404), ("", 422)):
        wrong = await ingest.http.get("/v1/erasures", params={"cursor": cursor}, headers=admin(ingest))
        assert wrong.status_code == status


async def test_events_of_an_erased_account_are_refused_one_by_one(ingest: Ingest) -> None:
    await erase(ingest)
    other = {**GOOD, "account_id": "beta"}
    answer = await ingest.post([GOOD, other, {**GOOD, "event_id": None}])
    assert answer.status_code == 202
    items = answer.json()["items"]
    assert [item["status"] for item in items] == ["rejected", "accepted", "rejected"]
    assert items[0]["errors"][0]["reason"] == "erased"
    assert [item.get("event_id") for item in items] == ["e-1", "e-1", None]
    assert (await ingest.post(GOOD)).status_code == 422
    lines_of_two = b'{"account_id":"beta","name":"report.opened"}\n{"account_id":"acme","name":"report.opened"}'
    answer = await ingest.post(lines_of_two, content_type="application/x-ndjson")
    assert answer.json()["items"][1]["line"] == 2
    assert [event.account_id for event in told(ingest) if not isinstance(event, Erased)] == ["beta", "beta"]
    assert await ingest.metric('churn_ingest_faults_total{reason="erased"}') == 4


@pytest.mark.parametrize("url", ["/v1/events", "/v1/track"])
async def test_nobody_is_merged_into_an_erased_account(ingest: Ingest, url: str) -> None:
    await erase(ingest)
    says = {"into": "acme"}
    own = {"account_id": "beta", "name": "account.merged", "event_id": "m", "properties": says}
    sdk = {"event": "account.merged", "messageId": "m", "userId": "ann", "properties": {**says, "account_id": "beta"}}
    answer = await ingest.post(own if url == "/v1/events" else sdk, url)
    assert ingest.aliases.stored == {}
    assert len(told(ingest)) == 1, "the erasure alone"
    assert not ingest.records(Topics("").dead)
    if url == "/v1/events":
        (error,) = answer.json()["items"][0]["errors"]
        assert (error["field"], error["reason"]) == ("properties.into", "erased")
    else:
        assert answer.json()["ignored"] == 1


async def test_no_event_waits_for_a_merge_that_was_refused(ingest: Ingest) -> None:
    await erase(ingest)
    merge = {"account_id": "beta", "name": "account.merged", "event_id": "m", "properties": {"into": "acme"}}
    await ingest.post([{**GOOD, "account_id": "beta"}, merge])
    (event,) = ingest.events()
    assert (event.event_id, event.more) == ("e-1", False)


async def test_after_the_lift_events_are_taken_again(ingest: Ingest) -> None:
    found = await erase(ingest)
    path = f"/v1/erasures/{found['erasure_id']}/lift"
    answer = await ingest.http.post(path, headers=admin(ingest))
    assert (answer.status_code, answer.json()["state"]) == (202, "lifted")
    assert told(ingest)[1:] == [ErasureLifted(found["erasure_id"], PSEUDONYM.hex())]
    of_account = [record for record in ingest.records() if not isinstance(decoded(record), MentionsErased)]
    assert {record.partition for record in of_account} == {partition_of(b"acme", PARTITIONS)}
    assert (await ingest.post(GOOD)).status_code == 202
    assert (await ingest.http.post(path, headers=admin(ingest))).json() == answer.json(), (
        "asked again it changes nothing"
    )
    assert (await erase(ingest))["erasure_id"] != found["erasure_id"]


@pytest.mark.parametrize(
    ("path", "account"),
    [
        ("a%2Fb", "a/b"),
        ("a/b", "a/b"),
        ("%C3%A9", "é"),
        ("a%20b", "a b"),
        ("a%0Ab%0A", "a\nb\n"),
        ("x" * 128, "x" * 128),
    ],
)
async def test_the_id_is_taken_from_the_path_as_it_was_sent(ingest: Ingest, path: str, account: str) -> None:
    await erase(ingest, path)
    assert told(ingest)[0].account_id == account


@pytest.mark.parametrize("path", ["x" * 129, "%FF", "%00"])
async def test_an_id_that_no_account_has_is_a_422(ingest: Ingest, path: str) -> None:
    answer = await ingest.http.delete(f"/v1/accounts/{path}", headers=admin(ingest))
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_account_id")


async def test_an_unknown_request_is_a_404(ingest: Ingest) -> None:
    for answer in (
        await ingest.http.get("/v1/erasures/nonsense", headers=admin(ingest)),
        await ingest.http.post("/v1/erasures/nonsense/lift", headers=admin(ingest)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "erasure_not_found")


@pytest.mark.parametrize("erasure_id", ["nul%00", "a%20b", "x" * 65])
async def test_what_is_no_id_of_a_request_is_a_422(ingest: Ingest, erasure_id: str) -> None:
    """PostgreSQL takes no NUL: it would be a 500."""
    for answer in (
        await ingest.http.get(f"/v1/erasures/{erasure_id}", headers=admin(ingest)),
        await ingest.http.post(f"/v1/erasures/{erasure_id}/lift", headers=admin(ingest)),
        await ingest.http.get(f"/v1/erasures?cursor={erasure_id}", headers=admin(ingest)),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_parameter")


async def test_while_the_log_is_away_it_is_filed_and_the_door_is_shut_already() -> None:
    async with in_memory(ack_seconds=0.05) as ingest:
        await ingest.post(GOOD)
        ingest.broker.go_offline()
        answer = await ingest.http.delete("/v1/accounts/acme", headers=admin(ingest))
        assert (answer.status_code, answer.json()["code"]) == (503, "not_acknowledged")
        (filed,) = await ingest.erasures.in_force(most=9)
        assert (filed.state, filed.account_id) == (ErasureState.FILED, "acme")
        assert (await ingest.post(GOOD)).json()["items"][0]["errors"][0]["reason"] == "erased"
        ingest.broker.go_online()
        assert (await erase(ingest))["erasure_id"] == filed.erasure_id
        assert Erased(filed.erasure_id, "acme", PSEUDONYM.hex()) in told(ingest)


async def test_what_a_crash_has_left_half_done_any_process_ends() -> None:
    broker, store, erased = MemoryBroker(), MemoryErasureStore(now=lambda: NOW), ErasedSubjects(ERASURE_KEY)
    topics = Topics("")
    await ensure(broker.admin(), topics, mode=TimeMode.WALL, partitions=PARTITIONS, replication=1, retention_days=35)
    announcer = ErasureAnnouncer(broker.producer(), topic=topics.events, partitions=PARTITIONS, mode=TimeMode.WALL)
    forgotten: list[str] = []
    service = ErasureService(
        store, announcer, erased, key=ERASURE_KEY, partitions=PARTITIONS, forget_account=forgotten.append, every=0.01
    )
    await store.file(asked())
    await store.file(asked("beta", "r-2"))
    await store.ask_to_lift("r-2", by="key-1")
    stop = asyncio.Event()
    running = asyncio.create_task(service.run(stop))
    async with asyncio.timeout(60):
        while [one.state for one in await store.newest(most=9)] != ["lifted", "announced"]:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    stop.set()
    await running
    records = [one for one in map(decoded, broker.records(topics.events, 3)) if not isinstance(one, MentionsErased)]
    beta = ERASURE_KEY.pseudonym("beta").hex()
    assert records == [Erased("r-1", "acme", PSEUDONYM.hex()), Erased("r-2", "beta", beta), ErasureLifted("r-2", beta)]
    assert forgotten == ["acme", "beta"]
    assert service.not_ready_reason() is None


async def test_while_postgresql_is_away_nothing_is_filed_and_the_door_goes_by_what_it_knows(ingest: Ingest) -> None:
    await erase(ingest)
    ingest.erasures.away = True
    answer = await ingest.http.delete("/v1/accounts/beta", headers=admin(ingest))
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert (await ingest.post({**GOOD, "account_id": "beta"})).status_code == 202
    assert (await ingest.post(GOOD)).status_code == 422
    assert ingest.readiness.report()["erasures"] is None


def test_a_process_is_not_ready_before_it_knows_who_is_erased() -> None:
    assert ErasedSubjects(ERASURE_KEY).trouble == "who is erased was not read yet"


@pytest.mark.parametrize("path", ["accounts/beta", "users/ann"])
async def test_by_another_key_nobody_is_erased_and_the_log_hears_nothing(path: str) -> None:
    """Readers of the log would stop at the record for good. The process has not read yet that somebody is erased."""
    async with in_memory() as ingest:
        await ingest.erasures.announced(await ingest.erasures.file(asked(key=ANOTHER_KEY)))
        assert (await ingest.post({**GOOD, "account_id": "beta"})).status_code == 202
        answer = await ingest.http.delete(f"/v1/{path}", headers=admin(ingest))
        assert (answer.status_code, answer.json()["code"]) == (409, "another_erasure_key")
        assert answer.json()["detail"].startswith("ERASURE_KEY is another one")
        assert [one.erasure_id for one in await ingest.erasures.in_force(most=9)] == ["r-1"]
        assert (await ingest.post({**GOOD, "account_id": "beta", "user_id": "ann"})).status_code == 202
        assert [type(one) for one in told(ingest)] == [Event, Event]
