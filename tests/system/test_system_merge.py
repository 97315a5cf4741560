"""Two accounts become one, all the way: where events go, what lists show, and what becomes of alerts."""

import httpx

from local.fakes.slack_sink import broken
from local.replay.ingest_client import ClientEvent, ndjson
from support.alerting import Alerting, mood
from support.client import bearer, happening
from support.office import DANA
from support.service import Service


def account(account_id: str) -> ClientEvent:
    return happening(account_id, "account.updated", properties={"name": account_id, "owner": DANA, "tier": "high"})


async def merged_into(alerting: Alerting, service: Service, *events: ClientEvent) -> list[str | None]:
    """What an ingest process says of each event: the account that it was filed under instead."""
    headers = {"content-type": "application/x-ndjson", **bearer(alerting.system.keys.write)}
    url = f"{service.url}/v1/events"
    answer = await alerting.client.http.post(url, content=ndjson(list(events)), headers=headers)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return [item.get("merged_into") for item in answer.json()["items"]]


async def test_a_merged_account_goes_on_as_the_other_one_and_its_alerts_end(alerting: Alerting) -> None:
    system = alerting.system
    one, *_ = await system.up("ingest", "worker", "api", "alerts", INGEST_ALIAS_TTL_SECONDS="1")
    (other,) = await system.up("ingest", INGEST_PORT="0", INGEST_ALIAS_TTL_SECONDS="1")
    await merged_into(alerting, other, account("elm"), mood("elm", 90), account("fir"), mood("fir", 90))
    await merged_into(alerting, one, account("ash"), mood("ash", 90), happening("ash", "invoice.payment_failed"))
    await alerting.told(1)

    # Slack is away: what is told of elm waits.
    alerting.office.slack.always(broken(503))
    await merged_into(alerting, one, happening("elm", "invoice.payment_failed"))
    await alerting.failed("elm")
    merges = [happening(name, "account.merged", properties={"into": "fir"}) for name in ("ash", "elm")]
    failed = happening("elm", "invoice.payment_failed")
    assert await merged_into(alerting, one, *merges, mood("ash", 90)) == [None, None, "fir"]

    async def known() -> bool:
        return await merged_into(alerting, other, mood("elm", 90)) == ["fir"]

    await system.until("the other process of ingest knows it, too", known)
    await system.scored()
    await system.told()
    await alerting.decided()
    # An attempt that was on its way is waited for.
    await alerting.holds("SELECT status FROM alerts.notification WHERE account_id = 'elm'", [("dropped",)])
    assert (await alerting.decisions("ash"))[-1] == (await alerting.decisions("elm"))[-1] == "merged"
    alerting.office.slack.always(None)

    assert await merged_into(alerting, other, failed) == ["fir"]
    await alerting.told(len(alerting.office.posts("ash")) + 1)
    assert len(alerting.office.posts("fir")) == 1, "what elm does now is told as what fir does"
    client = alerting.client
    assert [row["account_id"] for row in (await client.ask("/v1/accounts")).json()["accounts"]] == ["fir"]
    listed = (await client.ask("/v1/accounts", status="merged")).json()["accounts"]
    assert sorted(row["account_id"] for row in listed) == ["ash", "elm"]
    elm = (await client.ask("/v1/accounts/elm")).json()
    assert (elm["status"], elm["merged_into"]["account_id"]) == ("merged", "fir")
    assert (await client.ask(elm["merged_into"]["path"])).json()["status"] == "active"


async def test_an_operator_takes_a_merge_back(alerting: Alerting) -> None:
    system = alerting.system
    one, _ = await system.up("ingest", "worker", INGEST_ALIAS_TTL_SECONDS="1")
    merge = happening("elm", "account.merged", properties={"into": "fir"})
    await merged_into(alerting, one, mood("elm", 90), merge)
    code, said = await system.command("ingest aliases list")
    assert (code, said.split()[:3]) == (0, ["'elm'", "->", "'fir'"])
    assert (await system.command("ingest aliases remove elm"))[0] == 0
    assert (await system.command("ingest aliases remove elm"))[0] == 1

    async def forgotten() -> bool:
        return await merged_into(alerting, one, mood("elm", 90)) == [None]

    await system.until("ingest files its events under itself again", forgotten)
    taken_back = happening("elm", "event.retracted", properties={"event_id": merge.event_id})
    await merged_into(alerting, one, taken_back)
    await system.scored()
    assert await system.rows("SELECT merged_into FROM scoring.account WHERE account_id = 'elm'") == [(None,)]
