"""A feed that is silent is no silent customer: with real processes, from the announcement to what is told."""

from typing import Any

import httpx

from common.keys import Scope
from support.audit import audit
from support.client import Client, bearer, happening
from support.quick import QUIET_AFTER
from support.service import Service
from support.system import System

_FLAGS = "SELECT account_id FROM scoring.signal WHERE kind = 'flag' AND body->>'to' = 'gone_quiet'"
QUICK = {"SCORING_SESSION_SECONDS": "2"}


class Operator:
    """Says of feeds what ingest finds out about them."""

    def __init__(self, system: System, client: Client, *, key: str) -> None:
        self._system = system
        self._client = client
        self._key = key

    async def announce(self, **said: Any) -> None:
        url = f"{self._system.the('api').url}/v1/announcements"
        answer = await self._client.http.post(url, json=said, headers=bearer(self._key))
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text

        async def everywhere() -> bool:
            answer = await self._client.http.get(url, headers=bearer(self._key))
            (found,) = [one for one in answer.json()["announcements"] if one["id"] == said["id"]]
            return bool(found["applied"] == found["partitions"])

        await self._system.until(f"{said['id']} took effect in every partition", everywhere)


async def told_quiet(system: System) -> set[str]:
    return {row[0] for row in await system.rows(_FLAGS)}


async def posted_from(system: System, client: Client, source: str, *accounts: str) -> None:
    """Three people of each come once, in the app whose events have this source."""
    code, said = await system.command(f"ingest keys create --source {source} --scope write")
    assert code == 0, said
    sessions = [happening(one, "session.started", user_id=f"user-{n}") for one in accounts for n in range(3)]
    answer = await client.post(*sessions, key=said.split()[-1])
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text


async def test_silence_behind_a_paused_feed_is_not_told_and_all_other_silence_is(
    embedded: System, http: httpx.AsyncClient
) -> None:
    client = Client(embedded, http)
    await embedded.up("ingest", "worker", "api", **QUICK)
    operator = Operator(embedded, client, key=await embedded.key("scoring", Scope.ADMIN))
    behind, elsewhere = (embedded.name_in(number, name) for number, name in ((0, "behind"), (0, "elsewhere")))
    await posted_from(embedded, client, "mobile", behind)
    await operator.announce(id="p-1", kind="feed.paused", source="mobile", since="2026-01-01T00:00:00Z")
    await posted_from(embedded, client, "desktop", elsewhere)

    async def the_other_is_told() -> bool:
        return elsewhere in await told_quiet(embedded)

    await embedded.until("who speaks by another source has gone quiet", the_other_is_told)
    await embedded.passes(QUIET_AFTER / 2)
    assert await told_quiet(embedded) == {elsewhere}
    shown = (await client.ask(f"/v1/accounts/{behind}")).json()
    assert shown["on_hold"] == {"source": "mobile", "since": "2026-01-01T00:00:00Z", "until": None}
    assert [(flag["name"], flag["told"]) for flag in shown["flags"]] == [("gone_quiet", False)]

    # A worker that takes over knows what its predecessor was told.
    worker: Service = embedded.the("worker")
    worker.kill()
    await embedded.up("worker", **QUICK)
    await operator.announce(id="r-1", kind="feed.resumed", source="mobile")
    await posted_from(embedded, client, "mobile", behind)
    await embedded.scored()
    back = (await client.ask(f"/v1/accounts/{behind}")).json()
    assert back["on_hold"]["until"] is not None, "what the source has kept may still come"
    assert back["flags"] == []
    assert await told_quiet(embedded) == {elsewhere}

    # What an event brings is told all the while.
    await client.posted(happening(behind, "invoice.payment_failed"))

    async def the_failure_is_told() -> bool:
        found = await embedded.rows("SELECT account_id FROM scoring.signal WHERE body->>'to' = 'payment_failed'")
        return found == [(behind,)]

    await embedded.until("the failed payment is told", the_failure_is_told)
    assert await embedded.the("worker").terminate() == 0
    await audit(embedded)
