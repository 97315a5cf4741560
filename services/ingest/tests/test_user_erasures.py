"""DELETE /v1/users/{id}: in every partition, under one substitute, and refused by every way in until it is lifted."""

import asyncio
from typing import Any

import pytest

from common.bus.memory import MemoryBroker
from common.contracts.events import Event, UserErased, UserErasureLifted, decode_events_record
from common.database_errors import DatabaseUnavailable
from common.erasures.erasure_key import ErasureKey
from common.erasures.substitutes import substitute_id
from common.keys import Scope
from common.problems import Problem
from common.text_hash import text_hash
from common.topics import TimeMode, Topics, ensure
from ingest.erasures.erased_subjects import ErasedSubjects
from ingest.erasures.erasure import ErasureState, StoredErasure
from ingest.erasures.memory_store import MemoryErasureStore
from ingest.erasures.service import ErasureAnnouncer, ErasureService
from ingest.identity.known import KnownAccount
from ingest.in_memory import ERASURE_KEY, NOW, PARTITIONS, Ingest, in_memory
from ingest.mapping.load import load_mapping
from ingest.privacy.pseudonyms import Pseudonyms
from ingest.rejects.store import RejectFilter
from support.erasure_requests import asked_of_user

OF_ANN = {"account_id": "acme", "name": "report.opened", "event_id": "e-1", "user_id": "ann"}
OF_BOB = {**OF_ANN, "event_id": "e-2", "user_id": "bob"}
PSEUDONYM = ERASURE_KEY.user_pseudonym("ann")
DEAD = Topics("").dead
HASHING = load_mapping("version: 1\nprivacy: {users: hashed}", "mapping.yml")
HOOKS = """
version: 1
webhooks: {crm: {sender: json, source: crm, events: [{name: deal.won, account: [account], user: [by]}]}}
"""


def admin(ingest: Ingest) -> dict[str, str]:
    return {"authorization": f"Bearer {ingest.keys.create(scopes=frozenset({Scope.ADMIN}))}"}


async def erase(ingest: Ingest, user: str = "ann") -> dict[str, Any]:
    answer = await ingest.http.delete(f"/v1/users/{user}", headers=admin(ingest))
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def told(broker: MemoryBroker) -> list[list[Any]]:
    """What the log knows of erasures, by partition."""
    records = [broker.records(Topics("").events, number) for number in range(PARTITIONS)]
    found = [[decode_events_record(one.value or b"") for one in of_partition] for of_partition in records]
    return [[one for one in of_partition if not isinstance(one, Event)] for of_partition in found]


async def test_a_person_is_erased_in_every_partition_before_the_answer(ingest: Ingest) -> None:
    found = await erase(ingest)
    assert (found["kind"], found["partitions"], found["state"]) == ("user", PARTITIONS, "announced")
    (first,), *others = told(ingest.broker)
    assert (first.erasure_id, first.user_id, first.pseudonym) == (found["erasure_id"], "ann", PSEUDONYM.hex())
    assert others == [[first]] * (PARTITIONS - 1)
    assert {record.key for record in ingest.records()} == {None}
    assert text_hash(substitute_id(first.substitute)) >> 50 == text_hash("ann") >> 50
    stored = await ingest.erasures.find(found["erasure_id"])
    assert stored is not None
    assert (stored.user_id, stored.substitute) == (None, first.substitute)
    assert await erase(ingest) == found
    assert told(ingest.broker) == [[first]] * PARTITIONS, "asked again the log hears nothing"
    answer = await ingest.http.get(f"/v1/erasures/{found['erasure_id']}", headers=admin(ingest))
    assert answer.json() == found


async def test_events_of_the_person_are_refused_and_those_of_others_taken(ingest: Ingest) -> None:
    await erase(ingest)
    of_nobody = {**OF_ANN, "user_id": None, "event_id": "e-3"}
    answer = await ingest.post([OF_ANN, OF_BOB, of_nobody])
    items = answer.json()["items"]
    assert [item["status"] for item in items] == ["rejected", "accepted", "accepted"]
    (error,) = items[0]["errors"]
    assert (error["field"], error["reason"]) == ("user_id", "erased")
    assert error["detail"].startswith("this person was erased")
    assert [event.event_id for event in ingest.events()] == ["e-2", "e-3"]
    assert await ingest.metric('churn_ingest_faults_total{reason="erased"}') == 1


async def test_an_account_and_a_user_of_one_id_are_not_confused(ingest: Ingest) -> None:
    await erase(ingest, "acme")
    assert (await ingest.post({**OF_BOB, "account_id": "acme"})).status_code == 202
    assert (await ingest.post({**OF_BOB, "user_id": "acme", "account_id": "beta"})).status_code == 422


def segment(kind: str, **more: Any) -> tuple[str, dict[str, Any]]:
    says = {"messageId": "m-1", "userId": "ann", "event": "Report Opened", **more}
    return f"/v1/{kind}", {name: value for name, value in says.items() if value is not None}


IN_ACME = {"account_id": "acme"}
CLOUD_EVENT = {"id": "m-1", "source": "app", "type": "report.opened", "specversion": "1.0"}
MESSAGES = {
    "track": segment("track", properties=IN_ACME),
    "track of an unknown account": segment("track"),
    "identify": segment("identify", anonymousId="anon-1", context={"groupId": "acme"}),
    "group": segment("group", groupId="acme", anonymousId="anon-1"),
    # The new id would lead to what was known of the old one.
    "alias": segment("alias", userId="bob", previousId="ann"),
    "alias, turned": segment("alias", previousId="anon-1"),
    "CloudEvent": ("/v1/cloudevents", {**CLOUD_EVENT, "userid": "ann", "data": IN_ACME}),
    "PostHog": ("/capture", {"event": "report opened", "distinct_id": "ann", "properties": IN_ACME}),
    # What is wrong with it is found before anybody looks whose it is.
    "track without a name": segment("track", event=None, properties=IN_ACME),
    "a bad time": segment("track", timestamp="yesterday", properties=IN_ACME),
    "alias without the other id": segment("alias"),
    "group without the account": segment("group"),
    "a bad CloudEvent": ("/v1/cloudevents", {"id": "m-1", "type": "report.opened", "data": {"user_id": "ann"}}),
}


@pytest.mark.parametrize("hashed", [False, True], ids=["plain", "hashed"])
@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
async def test_a_message_of_the_person_is_counted_and_kept_nowhere(message: tuple[str, Any], hashed: bool) -> None:
    url, body = message
    is_event = url == "/v1/cloudevents"
    async with in_memory(rules=HASHING if hashed else None) as ingest:
        await erase(ingest)
        erasures = len(ingest.records())
        answer = await ingest.post(body, url, content_type="application/cloudevents+json" if is_event else "text/plain")
        assert answer.status_code == 200, answer.text
        assert await ingest.metric('churn_ingest_messages_ignored_total{reason="erased"}') == 1
        assert len(ingest.records()) == erasures
        assert ingest.records(DEAD) == []
        assert not await identities(ingest, "ann", "bob", "anon-1")


async def identities(ingest: Ingest, *ids: str) -> dict[str, KnownAccount]:
    hidden = Pseudonyms(HASHING.privacy, b"k" * 32)
    return dict(await ingest.identities.read("web", [*ids, *map(hidden.user, ids)]))


async def test_others_are_taken_and_learned_where_a_message_names_the_person_beside_them(ingest: Ingest) -> None:
    """Bob is identified on a device that is known by an anonymous id, and that id was erased."""
    await erase(ingest, "anon-1")
    url, body = segment("group", userId="bob", anonymousId="anon-1", groupId="acme")
    assert (await ingest.post(body, url)).json()["ignored"] == 0
    assert list(await identities(ingest, "bob", "anon-1")) == ["bob"]
    url, body = segment("track", userId="bob", event=None)
    assert (await ingest.post(body, url)).json()["rejected"] == 1
    assert len(ingest.records(DEAD)) == 1


async def test_a_malformed_message_of_an_erased_account_is_kept_nowhere_either(ingest: Ingest) -> None:
    await ingest.http.delete("/v1/accounts/acme", headers=admin(ingest))
    for kind, more in (
        ("track", {"event": None, "properties": IN_ACME}),
        ("group", {"timestamp": 1, "groupId": "acme"}),
    ):
        url, body = segment(kind, **{"timestamp": "never", **more})
        assert (await ingest.post(body, url)).json()["rejected"] == 0
    url, body = segment("track", event=None, properties={"account_id": "beta"})
    assert (await ingest.post(body, url)).json()["rejected"] == 1
    (letter,) = ingest.records(DEAD)
    assert b"beta" in (letter.value or b"")


async def test_a_webhook_that_names_the_person_is_ignored() -> None:
    async with in_memory(rules=load_mapping(HOOKS, "mapping.yml")) as ingest:
        await erase(ingest)
        key = ingest.keys.create(source="crm", scopes=frozenset({Scope.WEBHOOKS}))
        deals = [{"id": name, "account": "acme", "by": name} for name in ("ann", "bob")]
        answer = await ingest.post(deals, "/v1/webhooks/crm", authorization=f"Bearer {key}")
        assert answer.status_code == 200, answer.text
        assert [event.user_id for event in ingest.events()] == ["bob"]
        assert await ingest.metric('churn_ingest_messages_ignored_total{reason="erased"}') == 1


async def test_a_list_of_what_was_left_out_names_nobody_who_is_erased() -> None:
    """Bob answers, and what is wrong with a field quotes its value: Ann."""
    properties = "properties: {score: [score], comment: [who]}"
    mapping = HOOKS.replace("deal.won", "nps.answered").replace("user: [by]", f"user: [by], {properties}")
    async with in_memory(rules=load_mapping(mapping, "mapping.yml")) as ingest:
        await erase(ingest)
        key = ingest.keys.create(source="crm", scopes=frozenset({Scope.WEBHOOKS}))
        answers = [
            {"id": f"m-{who}", "account": "acme", "by": "bob", "score": 9, "who": [who]} for who in ("ann", "cy")
        ]
        await ingest.post(answers, "/v1/webhooks/crm", authorization=f"Bearer {key}")
        assert len(ingest.events()) == 2
        async with asyncio.timeout(60):
            while not (listed := await ingest.rejects.page(RejectFilter(), limit=9)):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert [one.rejected.message_id for one in listed] == ["m-cy"]


async def test_where_users_are_hashed_the_request_and_the_door_take_the_id_of_clients() -> None:
    hashed = Pseudonyms(HASHING.privacy, b"k" * 32).user("ann")
    async with in_memory(rules=HASHING) as ingest:
        url, body = segment("group", groupId="acme")
        await ingest.post(body, url)
        assert list(await identities(ingest, "ann")) == [hashed]
        found = await erase(ingest)
        ((record,), *_) = told(ingest.broker)
        assert (record.user_id, record.pseudonym) == (hashed, ERASURE_KEY.user_pseudonym(hashed).hex())
        assert text_hash(substitute_id(record.substitute)) >> 50 == text_hash(hashed) >> 50
        answer = await ingest.post([OF_ANN, OF_BOB, {**OF_ANN, "user_id": hashed}])
        assert [item["status"] for item in answer.json()["items"]] == ["rejected", "accepted", "accepted"]
        assert (await erase(ingest))["erasure_id"] == found["erasure_id"]


async def test_after_the_lift_events_are_taken_again_and_another_erasure_has_another_substitute(
    ingest: Ingest,
) -> None:
    found = await erase(ingest)
    path = f"/v1/erasures/{found['erasure_id']}/lift"
    answer = await ingest.http.post(path, headers=admin(ingest))
    assert (answer.status_code, answer.json()["state"], answer.json()["kind"]) == (202, "lifted", "user")
    lifting = UserErasureLifted(found["erasure_id"], PSEUDONYM.hex())
    assert [of_partition[1:] for of_partition in told(ingest.broker)] == [[lifting]] * PARTITIONS
    assert (await ingest.post(OF_ANN)).status_code == 202
    assert (await ingest.http.post(path, headers=admin(ingest))).json() == answer.json()
    assert (await erase(ingest))["erasure_id"] != found["erasure_id"]
    substitutes = {one.substitute for one in told(ingest.broker)[0] if isinstance(one, UserErased)}
    assert len(substitutes) == 2


@pytest.mark.parametrize(
    ("path", "user"),
    [("a%2Fb", "a/b"), ("a/b", "a/b"), ("%C3%A9", "é"), ("a%0Ab%0A", "a\nb\n"), ("x" * 128, "x" * 128)],
)
async def test_the_id_is_taken_from_the_path_as_it_was_sent(ingest: Ingest, path: str, user: str) -> None:
    await erase(ingest, path)
    assert told(ingest.broker)[0][0].user_id == user


@pytest.mark.parametrize("path", ["x" * 129, "%FF", "%00"])
async def test_an_id_that_no_user_has_is_a_422(ingest: Ingest, path: str) -> None:
    answer = await ingest.http.delete(f"/v1/users/{path}", headers=admin(ingest))
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_user_id")


async def test_in_stream_mode_the_record_moves_no_time() -> None:
    async with in_memory(mode=TimeMode.STREAM) as ingest:
        await erase(ingest)
        assert {record.timestamp for record in ingest.records()} == {0}
        assert (await ingest.post({**OF_ANN, "time": "2026-01-31T12:00:00Z"})).status_code == 422


async def test_while_the_log_is_away_it_is_filed_and_the_door_is_shut_already() -> None:
    async with in_memory(ack_seconds=0.05) as ingest:
        await ingest.post(OF_BOB)
        ingest.broker.go_offline()
        answer = await ingest.http.delete("/v1/users/ann", headers=admin(ingest))
        assert (answer.status_code, answer.json()["code"]) == (503, "not_acknowledged")
        (filed,) = await ingest.erasures.in_force(most=9)
        assert (filed.state, filed.user_id) == (ErasureState.FILED, "ann")
        assert (await ingest.post(OF_ANN)).json()["items"][0]["errors"][0]["reason"] == "erased"
        ingest.broker.go_online()
        assert (await erase(ingest))["erasure_id"] == filed.erasure_id
        assert {one.substitute for partition in told(ingest.broker) for one in partition} == {filed.substitute}


async def test_what_a_crash_has_left_half_done_any_process_ends() -> None:
    """One request was filed and not announced; of the other only some partitions and no table know."""
    broker, store = MemoryBroker(), MemoryErasureStore(now=lambda: NOW)
    topics = Topics("")
    await ensure(broker.admin(), topics, mode=TimeMode.WALL, partitions=PARTITIONS, replication=1, retention_days=35)
    announcer = ErasureAnnouncer(broker.producer(), topic=topics.events, partitions=PARTITIONS, mode=TimeMode.WALL)
    await store.file(asked_of_user())
    partly = await store.file(asked_of_user("bob", "r-2"))
    await ErasureAnnouncer(broker.producer(), topic=topics.events, partitions=2, mode=TimeMode.WALL).announce(partly)
    await store.ask_to_lift("r-2", by="key-1")
    forgotten: list[str] = []
    erased = ErasedSubjects(ERASURE_KEY)
    service = ErasureService(
        store, announcer, erased, key=ERASURE_KEY, partitions=PARTITIONS, forget_user=forgotten.append, every=0.01
    )
    stop = asyncio.Event()
    running = asyncio.create_task(service.run(stop))
    async with asyncio.timeout(60):
        while [one.state for one in await store.newest(most=9)] != ["lifted", "announced"]:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    stop.set()
    await running
    ann = UserErased("r-1", "ann", PSEUDONYM.hex(), "instead r-1")
    pseudonym = ERASURE_KEY.user_pseudonym("bob").hex()
    bob, lifted = UserErased("r-2", "bob", pseudonym, "instead r-2"), UserErasureLifted("r-2", pseudonym)
    assert told(broker) == [[bob, ann, bob, lifted]] * 2 + [[ann, bob, lifted]] * (PARTITIONS - 2)
    assert forgotten == ["ann", "bob"]
    assert service.not_ready_reason() is None


async def test_a_record_that_was_acknowledged_before_the_crash_is_repeated_as_it_was() -> None:
    """The log has the announcement, and PostgreSQL went away before the row could say so."""
    store = _AwayAfterTheRecord(now=lambda: NOW)
    broker = MemoryBroker()
    topics = Topics("")
    await ensure(broker.admin(), topics, mode=TimeMode.WALL, partitions=PARTITIONS, replication=1, retention_days=35)
    announcer = ErasureAnnouncer(broker.producer(), topic=topics.events, partitions=PARTITIONS, mode=TimeMode.WALL)
    service = ErasureService(
        store, announcer, ErasedSubjects(ERASURE_KEY), key=ERASURE_KEY, partitions=PARTITIONS, every=0.01
    )
    with pytest.raises(Problem, match="does not answer"):
        await service.erase_user("ann", by="key-1")
    ended = await service.erase_user("ann", by="key-2")
    assert (ended.state, ended.filed_by) == (ErasureState.ANNOUNCED, "key-1")
    assert {len(set(of_partition)) for of_partition in told(broker)} == {1}
    assert {len(of_partition) for of_partition in told(broker)} == {2}


class _AwayAfterTheRecord(MemoryErasureStore):
    async def announced(self, filed: StoredErasure) -> None:
        if not self._failed:
            self._failed = True
            raise DatabaseUnavailable("away")
        await super().announced(filed)

    _failed = False


async def test_nothing_is_hashed_where_nobody_of_that_kind_is_erased() -> None:
    hashed: list[str] = []

    class Counting(ErasureKey):
        def pseudonym(self, account_id: str) -> bytes:
            hashed.append(account_id)
            return super().pseudonym(account_id)

        def user_pseudonym(self, user_id: str) -> bytes:
            hashed.append(user_id)
            return super().user_pseudonym(user_id)

    erased = ErasedSubjects(Counting("a key of thirty-two characters, at least"))
    assert (erased.account("acme"), erased.user("ann"), hashed) == (False, False, [])
    erased.add(await MemoryErasureStore(now=lambda: NOW).file(asked_of_user()))
    assert (erased.account("acme"), erased.user("ann"), erased.user("bob"), erased.user(None)) == (
        False,
        True,
        False,
        False,
    )
    assert hashed == ["ann", "bob"]
    assert len(erased) == 1
