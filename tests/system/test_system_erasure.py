"""Who is erased leaves no trace in any table of any service, through kills and a rebuild; all else stays."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import create_async_engine

from common.erasures.erasure_key import ErasureKey
from common.keys import Scope
from support.alerting import Alerting, mood
from support.audit import STORED
from support.client import bearer, happening
from support.erasures import traces
from support.system import ERASURE_KEY

MINE, OTHERS = "wonderful-widgets", ["birch-foods", "cedar-mills", "aspen-labs"]
# Of each partition one that was merged into it, and one that has it as its parent.
MERGED, CHILD = "gadgets", "branch"
NAME, ANN, BO = "Wonderful Widgets GmbH", "ann.widget", "bo@widgets.example"
WORDS = (MINE, NAME, ANN, BO)
# What scoring's rebuild empties; the erased and the keys stay.
REBUILT = (
    "journal", "state", "timer", "seen", "outbox", "account", "person", "signal", "day", "heartbeat", "ranking",
    "finished_ranking", "event_name", "unusable_value", "applied", "feed_pause", "kpi_entry",
)  # fmt: skip


async def busy(alerting: Alerting, account: str, name: str) -> None:
    """It has a name, people, values that no metric can use, signals, and messages about it."""
    await alerting.client.posted(
        happening(account, "account.updated", properties={"name": name, "tier": "high", "arr": 9000}),
        happening(account, "user.updated", user_id=ANN, properties={"name": f"Ann of {name}", "email": BO}),
        *(happening(account, "session.started", user_id=ANN if n % 2 else BO) for n in range(6)),
        happening(account, "mood.read", user_id=BO, properties={"score": f"{name} is fine"}),
    )
    await alerting.client.posted(mood(account, 90))
    await settled(alerting)
    await alerting.client.posted(mood(account, 20))
    await settled(alerting)


async def naming(alerting: Alerting) -> list[str]:
    """Other accounts that name it, in every partition: in what is known of them, and in signals."""
    system = alerting.system
    partitions = range(system.deployment.partitions)
    named = [
        next(one for n in range(999) if system.partition_of(one := f"{role} {n}") == partition)
        for role in (MERGED, CHILD)
        for partition in partitions
    ]
    facts = {"parent": MINE, "arr": 500}
    await alerting.client.posted(*(happening(one, "account.updated", properties=facts) for one in named))
    for score in (90, 20):
        await alerting.client.posted(*(mood(one, score) for one in named))
        await settled(alerting)
    merged = [one for one in named if one.startswith(MERGED)]
    await alerting.client.posted(*(happening(one, "account.merged", properties={"into": MINE}) for one in merged))
    await settled(alerting)
    return named


async def go_on_as(alerting: Alerting, named: Sequence[str], erasure_id: str) -> None:
    """They name the erasure instead, in the answers of the API too."""
    for account in named:
        answer = (await alerting.client.ask(f"/v1/accounts/{account}")).json()
        assert MINE not in str(answer)
        merged = answer["merged_into"] and answer["merged_into"]["account_id"]
        assert (merged, answer["facts"].get("parent")) == (
            f"erased-{erasure_id}" if account.startswith(MERGED) else None,
            f"erased-{erasure_id}",
        )


async def settled(alerting: Alerting) -> None:
    await alerting.system.scored()
    await alerting.system.told()
    await alerting.quiet()


async def asked(alerting: Alerting, method: str, path: str, *, service: str = "ingest") -> httpx.Response:
    """With a new key for operators, as soon as it is known."""
    schema = {"ingest": "ingest", "api": "scoring", "alerts": "alerts"}[service]
    key = await alerting.system.key(schema, Scope.ADMIN)
    url = alerting.system.ingest_url if service == "ingest" else alerting.system.the(service).url
    answer = httpx.Response(0)

    async def known() -> bool:
        nonlocal answer
        answer = await alerting.client.http.request(method, f"{url}{path}", headers=bearer(key))
        return answer.status_code != httpx.codes.UNAUTHORIZED

    await alerting.system.until("the new key is known", known)
    return answer


async def receipt(alerting: Alerting, service: str, erasure_id: str, *, partitions: int = 1) -> Mapping[str, Any]:
    """As soon as the service has read the erasure in so many partitions."""
    answer = httpx.Response(0)

    async def there() -> bool:
        nonlocal answer
        answer = await asked(alerting, "GET", f"/v1/erasures/{erasure_id}", service=service)
        return answer.status_code == httpx.codes.OK and answer.json()["partitions"] == partitions

    await alerting.system.until(f"{service} has a receipt", there)
    found: dict[str, Any] = answer.json()
    return found


async def found_traces(alerting: Alerting, words: Sequence[str] = WORDS) -> dict[str, list[str]]:
    engine = create_async_engine(alerting.system.deployment.database_url, poolclass=NullPool)
    found: dict[str, list[str]] = {}
    for schema in ("ingest", "scoring", "alerts"):
        found |= await traces(engine, schema, words)
    await engine.dispose()
    return found


async def no_trace_is_left(alerting: Alerting, words: Sequence[str] = WORDS) -> None:
    """In the end: a list that was being sorted at that moment goes with the next one."""
    left: dict[str, list[str]] = {}

    async def none() -> bool:
        nonlocal left
        left = await found_traces(alerting, words)
        return left == {}

    await alerting.system.until("no table has a trace of them", none)
    assert left == {}


async def of_others(alerting: Alerting) -> dict[str, Any]:
    """The rows of the other accounts, but for what moves by itself, and how many messages there are of each."""
    stored = await alerting.system.snapshot({name: STORED[name] for name in ("account", "signal", "person", "day")})
    rows = {name: sorted(filter(_names_nobody_erased, found), key=repr) for name, found in stored.items()}
    query = "SELECT account_id, count(*) FROM alerts.{} WHERE account_id <> '{}' GROUP BY 1 ORDER BY 1"
    for table in ("alert", "notification"):
        rows[table] = await alerting.system.rows(query.format(table, MINE))
    return rows


def _names_nobody_erased(row: tuple[Any, ...]) -> bool:
    return not any(value == MINE or str(value).startswith((f"{MERGED} ", f"{CHILD} ")) for value in row)


async def started(alerting: Alerting) -> None:
    await alerting.system.up("ingest", "worker", "api", SCORING_RANKING_SECONDS="0.5", SCORING_RANKING_KEEP_SECONDS="1")
    await alerting.up()


async def test_no_byte_of_an_erased_account_stays_and_others_keep_all(alerting: Alerting) -> None:
    await started(alerting)
    for other in OTHERS:
        await busy(alerting, other, other.title())
    await busy(alerting, MINE, NAME)
    named = await naming(alerting)
    before, places = await of_others(alerting), await found_traces(alerting)
    assert {place.partition(".")[0] for place in places} == {"ingest", "scoring", "alerts"}
    kept = (
        "scoring.account.merged_into",
        "scoring.account.parent",
        "scoring.kpi_entry.body",
        "alerts.account_facts.facts",
    )
    assert {*places} >= {*kept, "scoring.signal.body", "alerts.alert.body", "scoring.state.body"}
    posts = len(alerting.office.posts(OTHERS[0]))

    answer = await asked(alerting, "DELETE", f"/v1/accounts/{MINE}")
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    erasure_id = answer.json()["erasure_id"]
    scoring = await receipt(alerting, "api", erasure_id)
    alerts = await receipt(alerting, "alerts", erasure_id)
    assert (scoring["removed"]["states"], scoring["removed"]["accounts"], scoring["removed"]["people"]) == (1, 1, 2)
    assert alerts["removed"]["alerts"] >= 1
    assert alerts["removed"]["messages"] >= 1
    await settled(alerting)
    # Its people are known of other accounts too: what stays of them is theirs.
    await no_words_but_people_of_others(alerting)
    await go_on_as(alerting, named, erasure_id)
    assert await of_others(alerting) == before
    assert len(alerting.office.posts(OTHERS[0])) == posts

    refused = await alerting.client.post(mood(MINE, 10), mood(OTHERS[0], 20))
    items = refused.json()["items"]
    assert [item["status"] for item in items] == ["rejected", "accepted"]
    assert items[0]["errors"][0]["reason"] == "erased"
    code, said = await alerting.system.command("ingest erasures list")
    assert (code, erasure_id in said, MINE in said) == (0, True, False)
    code, said = await alerting.system.command(f"ingest erasures lift {erasure_id}")
    assert code == 0, said

    async def taken() -> bool:
        return (await alerting.client.post(mood(MINE, 50))).status_code == httpx.codes.ACCEPTED

    await alerting.system.until("its events are taken again", taken)
    await settled(alerting)
    account = (await alerting.client.ask(f"/v1/accounts/{MINE}")).json()
    assert "name" not in account["facts"]
    assert (await alerting.client.ask(f"/v1/accounts/{MINE}/people")).json()["people"] == []


async def no_words_but_people_of_others(alerting: Alerting) -> None:
    """The account's id and name are nowhere; its people only where others name them."""
    left: dict[str, list[str]] = {}

    async def none() -> bool:
        nonlocal left
        left = {place: words for place, words in (await found_traces(alerting)).items() if {MINE, NAME} & {*words}}
        return left == {}

    await alerting.system.until("no table has a trace of the account", none)
    assert left == {}


async def test_kills_between_the_steps_change_nothing(alerting: Alerting) -> None:
    """Ingest dies after it has filed the request, the worker and alerts die before they have read the announcement."""
    await started(alerting)
    await busy(alerting, MINE, NAME)
    system = alerting.system
    system.the("worker").kill()
    system.the("alerts").kill()
    system.the("ingest").kill()
    # As it was when ingest died: filed, and not announced.
    known = ErasureKey(ERASURE_KEY)
    await system.execute(
        f"""INSERT INTO ingest.erasure (erasure_id, pseudonym, fingerprint, partition, account_id, filed_by)
            VALUES ('after-a-crash', '\\x{known.pseudonym(MINE).hex()}', '{known.fingerprint}',
                    {system.partition_of(MINE)}, '{MINE}', 'key')"""
    )
    await system.up("ingest")
    await system.up("worker")
    await receipt(alerting, "api", "after-a-crash")
    system.the("worker").kill()  # it may not have sent the erasure on
    await system.up("worker")
    await alerting.up()
    assert (await receipt(alerting, "alerts", "after-a-crash"))["removed"]["alerts"] >= 1
    await no_trace_is_left(alerting)


async def test_a_rebuild_of_scoring_from_the_log_brings_nothing_back(alerting: Alerting) -> None:
    """As the docs say: all tables but those of keys and of the erased are emptied, and the log is read again."""
    await started(alerting)
    await busy(alerting, OTHERS[0], "Birch")
    await busy(alerting, MINE, NAME)
    named = await naming(alerting)
    erasure_id = (await asked(alerting, "DELETE", f"/v1/accounts/{MINE}")).json()["erasure_id"]
    first = await receipt(alerting, "api", erasure_id)
    await receipt(alerting, "alerts", erasure_id)
    await settled(alerting)
    before, sent = await of_others(alerting), alerting.office.messages
    system = alerting.system
    assert await system.the("worker").terminate() == 0
    await system.execute(f"TRUNCATE {', '.join(f'scoring.{table}' for table in REBUILT)}")
    await system.up("worker")
    await settled(alerting)
    assert await of_others(alerting) == before
    assert await receipt(alerting, "api", erasure_id) == first
    worker = system.the("worker")
    passed_over = await alerting.client.metric(worker, "churn_scoring_events_erased_total", reason="before_erasure")
    assert passed_over >= 11
    assert alerting.office.messages == sent
    await no_words_but_people_of_others(alerting)
    await go_on_as(alerting, named, erasure_id)


async def test_no_byte_of_an_erased_person_stays_and_their_accounts_keep_their_health(alerting: Alerting) -> None:
    """Through a kill of the worker, and a rebuild from a log that still names the person."""
    words = (ANN, "Ann of")
    await started(alerting)
    for account in (MINE, OTHERS[0]):
        await busy(alerting, account, account)
    places, sent = await found_traces(alerting, words), alerting.office.messages
    assert {place.partition(".")[0] for place in places} == {"scoring", "alerts"}
    before = await health(alerting)

    answer = await asked(alerting, "DELETE", f"/v1/users/{ANN}")
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    erasure_id, partitions = answer.json()["erasure_id"], answer.json()["partitions"]
    system = alerting.system
    system.the("worker").kill()
    await system.up("worker")
    scoring = await receipt(alerting, "api", erasure_id, partitions=partitions)
    assert scoring["removed"]["people"] == 2
    alerts = await receipt(alerting, "alerts", erasure_id, partitions=partitions)
    assert alerts["removed"]["alerts_shortened"] >= 2
    await settled(alerting)
    await no_trace_is_left(alerting, words)
    assert await health(alerting) == before
    of_ann, of_bo = (happening(MINE, "session.started", user_id=user_id) for user_id in (ANN, BO))
    items = (await alerting.client.post(of_ann, of_bo)).json()["items"]
    assert [item["status"] for item in items] == ["rejected", "accepted"]

    assert await system.the("worker").terminate() == 0
    await system.execute(f"TRUNCATE {', '.join(f'scoring.{table}' for table in REBUILT)}")
    await system.up("worker")
    await settled(alerting)
    assert await health(alerting) == before
    await no_trace_is_left(alerting, words)
    assert alerting.office.messages == sent


async def health(alerting: Alerting) -> dict[str, Any]:
    """But for what time moves by itself."""
    found: dict[str, Any] = {}
    for account in (MINE, OTHERS[0]):
        response = await alerting.client.ask(f"/v1/accounts/{account}")
        assert response.status_code == httpx.codes.OK, response.text
        answer = response.json()
        found[account] = (answer["band"], answer["flags"], answer["facts"])
    found["signals"] = await alerting.system.rows("SELECT signal_id FROM scoring.signal ORDER BY 1")
    return found
