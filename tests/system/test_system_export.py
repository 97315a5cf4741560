"""The exports of the three services have every word that is stored of an account, and none of another."""

from typing import Any

from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from common.keys import Scope
from support.alerting import Alerting, mood
from support.client import bearer, happening
from support.erasures import traces

MINE, OTHER = "wonderful-widgets", "birch-foods"
ANN, BO = "ann", "bo"
# Of each account: what somebody may look for.
WORDS = {
    account: (account, f"{account} GmbH", f"{ANN}.{account}", f"{BO}@{account}.example", f"{account} is fine")
    for account in (MINE, OTHER)
}
# The state goes out in words; what is stored of it is bytes, and ids of people are hashed in it.
IN_WORDS = "scoring.state.body"


async def busy(alerting: Alerting, account: str) -> None:
    """It has a name, people, a value that no metric can use, signals, and messages about it."""
    _, name, ann, email, fine = WORDS[account]
    await alerting.client.posted(
        happening(account, "account.updated", properties={"name": name, "tier": "high", "arr": 9000}),
        happening(account, "user.updated", user_id=ann, properties={"name": f"Ann of {name}", "email": email}),
        *(happening(account, "session.started", user_id=ann) for _ in range(6)),
        happening(account, "mood.read", user_id=ann, properties={"score": fine}),
    )
    await grouped(alerting, ann, account)
    for score in (90, 20):
        await alerting.client.posted(mood(account, score))
        await alerting.system.scored()
        await alerting.system.told()
        await alerting.quiet()


async def grouped(alerting: Alerting, user: str, account: str) -> None:
    """As Segment's clients say it, so that ingest knows the person."""
    key = await alerting.system.key("ingest", Scope.EVENTS)
    said = {"type": "group", "messageId": f"group {account}", "userId": user, "groupId": account, "traits": {}}

    async def taken() -> bool:
        url = f"{alerting.system.ingest_url}/v1/batch"
        answer = await alerting.client.http.post(url, json={"batch": [said]}, auth=(key, ""))
        return answer.status_code == 200

    await alerting.system.until("ingest takes what Segment's clients say", taken)


async def exported(alerting: Alerting, service: str, account: str, **query: str) -> tuple[str, Any]:
    """As text, and as what it says; with a new key for operators, as soon as that is known."""
    url = alerting.system.ingest_url if service == "ingest" else alerting.system.the(service).url
    headers = bearer(await alerting.system.key({"api": "scoring"}.get(service, service), Scope.ADMIN))
    found: list[tuple[str, Any]] = []

    async def known() -> bool:
        answer = await alerting.client.http.get(f"{url}/v1/accounts/{account}/export", params=query, headers=headers)
        if answer.status_code == 200:
            found.append((answer.text, answer.json()))
        return answer.status_code == 200

    await alerting.system.until("the new key is known", known)
    return found[-1]


async def test_what_is_stored_of_an_account_is_in_its_export_and_nothing_of_another(alerting: Alerting) -> None:
    await alerting.system.up("ingest", "worker", "api", SCORING_RANKING_SECONDS="0.5")
    await alerting.up()
    for account in (OTHER, MINE):
        await busy(alerting, account)
    # It writes what it has counted of values, which it else does every few seconds: in the middle of our reads.
    assert await alerting.system.the("worker").terminate() == 0
    engine = create_async_engine(alerting.system.deployment.database_url, poolclass=NullPool)
    looked_in = 0
    for service, schema in (("api", "scoring"), ("alerts", "alerts"), ("ingest", "ingest")):
        text, found = await exported(alerting, service, MINE)
        assert [word for word in WORDS[OTHER] if word in text] == []
        for place, words in (await traces(engine, schema, WORDS[MINE])).items():
            if place != IN_WORDS:
                rows = str(found["sections"][place.split(".")[1]])
                assert [word for word in words if word not in rows] == [], place
                looked_in += 1
        assert WORDS[MINE][2] in text, "the person is known to all three"
    await engine.dispose()
    assert looked_in >= 10, "or nothing was compared"

    _, scoring = await exported(alerting, "api", MINE)
    assert scoring["sections"]["state"][0]["health"]["band"] == "red"
    _, alerts = await exported(alerting, "alerts", MINE)
    assert {one["status"] for one in alerts["sections"]["notification"]} >= {"sent"}
    assert alerts["sections"]["attempt"][0]["outcome"] == "sent"

    ann = WORDS[MINE][2]
    _, person = await exported(alerting, "api", MINE, user=ann)
    assert [one["user_id"] for one in person["sections"]["person"]] == [ann]
    _, named = await exported(alerting, "alerts", MINE, user=ann)
    assert all(ann in str(one["body"]) for one in named["sections"]["alert"])
    _, known = await exported(alerting, "ingest", MINE, user=ann)
    assert [one["id"] for one in known["sections"]["identity"]] == [ann]
