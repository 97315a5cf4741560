"""An event in, health and signal out, through processes and sockets."""

from collections.abc import Awaitable

import httpx
import pytest

from common.contracts.signals import Kind, Signal, decode_signals_record
from common.keys import Scope
from local.replay.ingest_client import ClientEvent
from scoring.core_form import core_form
from support.audit import first_of_each, tables_audited, told_by
from support.client import Client, happening
from support.quick import QUICK, QUIET_AFTER
from support.system import System


async def told(system: System, account_id: str) -> list[Signal]:
    """What the topic says of an account to a reader that keeps ids."""
    records = first_of_each((await told_by(system))[system.partition_of(account_id)])
    signals = [decode_signals_record(one.value) for one in records if one.key == account_id.encode()]
    return [one for one in signals if isinstance(one, Signal)]


def sessions(account_id: str, count: int) -> list[ClientEvent]:
    return [happening(account_id, "session.started", user_id=f"user-{n % 3}") for n in range(count)]


async def test_an_event_becomes_health_in_the_api_and_a_signal_on_the_topic(running: System, client: Client) -> None:
    facts = happening("acme", "account.updated", properties={"name": "Acme", "owner": "dana@example.com", "arr": 9000})
    failed = happening("acme", "invoice.payment_failed")
    await client.posted(facts, *sessions("acme", 30), failed)
    await running.scored()
    await running.told()

    account = (await client.ask("/v1/accounts/acme")).json()
    assert 45.0 <= account["score"] < 55.0, "a payment failed: its cap bites, and fades from then on"
    assert account["facts"]["name"] == "Acme"
    assert [flag["name"] for flag in account["flags"]] == ["payment_failed"]

    (flag,) = [one for one in await told(running, "acme") if one.kind is Kind.FLAG]
    assert (flag.to, flag.cause) == ("payment_failed", ("web", failed.event_id))
    assert (flag.facts.owner, flag.facts.arr) == ("dana@example.com", 9000.0)
    history = (await client.ask("/v1/accounts/acme/history")).json()
    assert flag.signal_id in [signal["signal_id"] for signal in history["signals"]]
    listed = (await client.ask("/v1/accounts", band=account["band"])).json()
    assert "acme" in [row["account_id"] for row in listed["accounts"]]


async def test_a_batch_sent_again_counts_once(running: System, client: Client) -> None:
    worker = running.the("worker")
    batch = sessions("twice", 50)
    await client.posted(*batch)
    await running.scored()
    query = "SELECT body FROM scoring.state WHERE account_id = 'twice'"
    once = await running.rows(query)
    counted = await client.metric(worker, "churn_scoring_events_total", outcome="counted")

    await client.posted(*batch[:20], *batch)
    await running.scored()
    assert await running.rows(query) == once
    assert await client.metric(worker, "churn_scoring_events_total", outcome="counted") == counted
    assert await client.metric(worker, "churn_scoring_events_total", outcome="duplicate") >= 70
    found = await tables_audited(running, accepted=[one.event_id for one in batch])
    assert found.figures.duplicates >= 70


async def test_silence_alone_brings_the_signal(running: System, client: Client) -> None:
    """After its last session nobody posts anything, and no test ticks."""
    last = sessions("library", 3)
    await client.posted(*last)

    async def quiet() -> bool:
        history = await client.ask("/v1/accounts/library/history")
        return any(one["to"] == "gone_quiet" for one in history.json().get("signals", ()))

    await running.until("the silence of the library is told", quiet)
    await running.told()
    (signal,) = [one for one in await told(running, "library") if one.to == "gone_quiet"]
    assert signal.cause == f"silence@{signal.since:%Y-%m-%dT%H:%M:%SZ}"
    silence = (signal.since - last[-1].time).total_seconds()
    assert QUIET_AFTER - 1 < silence < QUIET_AFTER + 3, "the moment was known when the last session came"

    found = await tables_audited(running)
    ticks = found.recounts[running.partition_of("library")].ticks
    assert ticks > 0, "it came by a tick on the log"
    assert [one for one in found.of("library") if one.to == "gone_quiet"] == [signal]


DOCUMENTED = {
    "ingest": ["churn_ingest_events_total", "churn_ingest_requests_total", "churn_ingest_publish_seconds"],
    "worker": [
        "churn_scoring_events_total",
        "churn_scoring_signals_total",
        "churn_scoring_lag_seconds",
        "churn_scoring_timer_overdue_seconds",
        "churn_scoring_dedupe_window_seconds",
        "churn_scoring_partition_reopened_total",
        "churn_scoring_dead_letters_total",
        "churn_scoring_receipt_mismatches_total",
    ],
    "api": ["churn_scoring_api_requests_total", "churn_scoring_api_request_seconds"],
}


@pytest.mark.parametrize("name", DOCUMENTED)
async def test_every_process_tells_how_it_is(running: System, client: Client, name: str) -> None:
    url = running.the(name).url
    about = {} if name == "ingest" else {"core": core_form()}
    assert (await client.http.get(f"{url}/healthz")).json() == {"status": "alive", **about}
    assert [said["core"] for said in running.the(name).said("process.started", **about) if about] == [*about.values()]
    ready = await client.http.get(f"{url}/readyz")
    assert (ready.status_code, set(ready.json()["checks"].values())) == (200, {"ok"})

    lines = (await client.http.get(f"{url}/metrics")).text.splitlines()
    explained = {line.split()[2] for line in lines if line.startswith("# HELP ") and len(line.split()) > 3}
    named = {line.split()[2] for line in lines if line.startswith("# TYPE ")}
    assert {name for name in named - explained if not name.endswith("_created")} == set()
    assert {name for name in named if not name.startswith(("churn_", "python_", "process_"))} == set()
    assert set(DOCUMENTED[name]) <= named


async def test_a_key_opens_its_own_door_until_it_is_revoked(running: System, client: Client) -> None:
    one = happening("doors", "session.started")
    for key, code in (("", "no_key"), ("cs_0123456789ab_" + "x" * 43, "bad_key")):
        for answer in (await client.post(one, key=key), await client.ask("/v1/accounts", key=key)):
            assert (answer.status_code, answer.json()["code"]) == (401, code)
            assert answer.headers["www-authenticate"].startswith("Bearer")

    # The other service's keys are nobody here; a key of this service without the scope is somebody.
    assert (await client.post(one, key=running.keys.read)).status_code == 401
    assert (await client.ask("/v1/accounts", key=running.keys.write)).status_code == 401
    reader, writer = await running.key("ingest", Scope.READ), await running.key("scoring", Scope.WRITE)
    await running.until("who may read is known and may not post", lambda: answers(403, client.post(one, key=reader)))
    listing = "/v1/accounts"
    await running.until("who may post is known and may not read", lambda: answers(403, client.ask(listing, key=writer)))

    made, said = await running.command("ingest keys create --source crm --scope write")
    key = said.split()[-1]
    await running.until("a new key is known", lambda: answers(202, client.post(one, key=key)))
    revoked, _ = await running.command(f"ingest keys revoke {key.split('_')[1]}")
    assert (made, revoked) == (0, 0)
    await running.until("a revoked key is refused", lambda: answers(401, client.post(one, key=key)))


async def answers(status: int, asking: Awaitable[httpx.Response]) -> bool:
    return (await asking).status_code == status


OTHER_CARD = QUICK.replace("half_life: 6s", "half_life: 7s")


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"SCORING_CARD": OTHER_CARD}, "a running card does not change by another file"),
        ({"TIME_MODE": "stream"}, "TIME_MODE is stream, but the journal was begun in wall mode"),
    ],
)
async def test_what_was_settled_at_the_first_start_refuses_to_change(
    running: System, client: Client, settings: dict[str, str], complaint: str
) -> None:
    if "SCORING_CARD" in settings:
        file = running.deployment.card.with_name("other.yml")
        file.write_text(settings["SCORING_CARD"])
        settings = {"SCORING_CARD": str(file)}
    worker = running.the("worker")
    refused = running.start("worker", **settings)
    try:
        assert await refused.ended() == 1, refused.last_words()
        reasons = [line["reason"] for line in refused.said("task.ended", task="worker")]
        assert [complaint in reason for reason in reasons] == [True], refused.last_words()
        assert not refused.said("partitions.assigned")
    finally:
        running.services.remove(refused)
        refused.kill()
    assert await client.metric(worker, "churn_scoring_partitions_owned") == running.deployment.partitions
