"""A person who is erased, as ingest and its commands see it: real log, real tables, kills."""

from datetime import UTC, datetime

import httpx
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from common.bus.kafka import KafkaAdmin
from common.bus.ports import Outgoing
from common.contracts.events import (
    Event,
    EventsRecord,
    UserErased,
    UserErasureLifted,
    decode_events_record,
    encode_events_record,
)
from common.erasures.erasure_key import ErasureKey
from common.erasures.substitutes import draw_substitute
from common.keys import Scope
from support.client import Client, bearer, happening
from support.erasures import traces
from support.system import ERASURE_KEY, PARTITIONS, System

ANN, BOB = "ann.widget", "bob@widgets.example"


async def asked(system: System, client: Client, method: str, path: str) -> httpx.Response:
    """With a key that ingest knows from its start on."""
    key = await system.key("ingest", Scope.ADMIN)
    answer = httpx.Response(0)

    async def known() -> bool:
        nonlocal answer
        answer = await client.http.request(method, f"{system.ingest_url}{path}", headers=bearer(key))
        return answer.status_code != httpx.codes.UNAUTHORIZED

    await system.until("the new key is known", known)
    return answer


async def log_of(system: System) -> list[list[EventsRecord]]:
    """By partition, what stands in the topic of events but the events."""
    admin = KafkaAdmin(system.deployment.bootstrap)
    found: list[list[EventsRecord]] = []
    for number in range(PARTITIONS):
        batches = [batch async for batch in admin.scan(system.deployment.topics.events, number)]
        records = [decode_events_record(one.value or b"") for batch in batches for one in batch]
        found.append([one for one in records if not isinstance(one, Event)])
    return found


async def test_a_person_is_refused_by_all_ways_in_until_that_is_lifted(
    embedded: System, http: httpx.AsyncClient
) -> None:
    client = Client(embedded, http)
    await embedded.up("ingest")
    await client.posted(happening("acme", "session.started", user_id=ANN))
    # Scoring set aside an event of each before.
    letters = [set_aside("e-1", ANN), set_aside("e-2", BOB)]
    await embedded.append(embedded.deployment.topics.dead, letters)

    answer = await asked(embedded, client, "DELETE", f"/v1/users/{ANN}")
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    erasure_id = answer.json()["erasure_id"]
    log = await log_of(embedded)
    assert log == [log[0]] * PARTITIONS
    assert isinstance(log[0][0], UserErased)
    answer = await client.post(
        happening("acme", "session.started", user_id=ANN), happening("acme", "session.started", user_id=BOB)
    )
    assert [item["status"] for item in answer.json()["items"]] == ["rejected", "accepted"]

    done, said = await embedded.command("ingest dead resend --since 1h --dry-run")
    assert (done, "1 would be sent again" in said, "1 cannot be: erased" in said) == (0, True, True), said
    done, said = await embedded.command("ingest dead resend --since 1h --dry-run", ERASURE_KEY="")
    assert (done, "ERASURE_KEY is not set" in said) == (1, True), said
    done, said = await embedded.command("ingest erasures list")
    assert (done, f"{erasure_id}  user " in said, ANN in said) == (0, True, False), said
    done, said = await embedded.command(f"ingest erasures lift {erasure_id}")
    assert done == 0, said
    assert [of_partition[-1] for of_partition in await log_of(embedded)] == [
        UserErasureLifted(erasure_id, ErasureKey(ERASURE_KEY).user_pseudonym(ANN).hex())
    ] * PARTITIONS

    async def taken() -> bool:
        answer = await client.post(happening("acme", "session.started", user_id=ANN))
        return answer.status_code == httpx.codes.ACCEPTED

    await embedded.until("their events are taken again", taken)


def set_aside(event_id: str, user_id: str) -> Outgoing:
    now = datetime.now(UTC)
    event = Event(event_id, "acme", "session.started", now, "importer", now, user_id)
    return Outgoing(0, b"acme", encode_events_record(event), (("reason", b"core_failed"),))


async def test_what_ingest_left_half_done_it_ends_after_a_kill(embedded: System, http: httpx.AsyncClient) -> None:
    """It died after it had filed the request."""
    key = ErasureKey(ERASURE_KEY)
    substitute = draw_substitute(ANN)
    await embedded.execute(
        f"""INSERT INTO ingest.erasure (erasure_id, pseudonym, fingerprint, user_id, substitute, filed_by)
            VALUES ('after-a-crash', '\\x{key.user_pseudonym(ANN).hex()}', '{key.fingerprint}',
                    '{ANN}', '{substitute}', 'key')"""
    )
    await embedded.execute(f"INSERT INTO ingest.identity VALUES ('web', '{ANN}', 'acme', now())")
    await embedded.up("ingest")

    async def announced() -> bool:
        return await embedded.rows("SELECT removed->>'identities' FROM ingest.erasure") == [("1",)]

    await embedded.until("the request is announced", announced)
    record = UserErased("after-a-crash", ANN, key.user_pseudonym(ANN).hex(), substitute)
    assert all(record in of_partition for of_partition in await log_of(embedded))
    engine = create_async_engine(embedded.deployment.database_url, poolclass=NullPool)
    assert await traces(engine, "ingest", [ANN]) == {}
    await engine.dispose()
