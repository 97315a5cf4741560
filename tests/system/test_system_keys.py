"""A key is replaced while the product posts: both open, then the old one ends, and no event is lost."""

import httpx

from support.client import Client, happening
from support.system import System


async def test_a_key_is_rotated_with_no_event_lost(embedded: System, http: httpx.AsyncClient) -> None:
    client, old = Client(embedded, http), embedded.keys.write
    await embedded.up("ingest", "worker", KEY_TTL_SECONDS="0.5")
    old_id = old.split("_")[1]

    async def posted(number: int, key: str) -> int:
        return (await client.post(happening("acme", "session.started", user_id=f"user {number}"), key=key)).status_code

    assert await posted(1, old) == 202
    done, said = await embedded.command(f"ingest keys rotate {old_id} --overlap 10m")
    assert (done, f"{old_id} is valid until" in said) == (0, True), said
    new = next(word for word in said.split() if word.startswith("cs_"))

    async def new_one_opens() -> bool:
        return await posted(2, new) == 202

    await embedded.until("the new key is known", new_one_opens)
    assert await posted(3, old) == 202, "both open during the overlap"

    # The overlap is cut short.
    done, said = await embedded.command(f"ingest keys rotate {old_id} --overlap 0s")
    assert done == 0, said

    async def old_one_has_ended() -> bool:
        return await posted(4, old) == 401

    await embedded.until("the old key is refused", old_one_has_ended)
    assert await posted(4, new) == 202
    await embedded.scored()
    worker = embedded.the("worker")
    counted = await client.metric(worker, "churn_scoring_events_total", outcome="counted")
    assert counted >= 4, "what the old key posted before its end is there too"

    assert await embedded.the("ingest").terminate() == 0
    used = dict(await embedded.rows("SELECT id, last_used_at IS NOT NULL FROM ingest.api_key"))
    unused = {key_id for key_id, was_used in used.items() if not was_used}
    assert {old_id, new.split("_")[1]} & unused == set(), "written at the latest when the process ends"
    assert len(unused) == 1, "the second new key was given to nobody"
