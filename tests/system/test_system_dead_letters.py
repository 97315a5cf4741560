"""An operator's way with dead letters, from the list to the count that is right again."""

from datetime import UTC, datetime

import httpx

from common.bus.ports import Outgoing
from common.contracts.events import Event, encode_events_record
from support.client import Client, happening
from support.system import System


async def test_what_was_set_aside_is_listed_shown_sent_again_and_counts_once(
    embedded: System, http: httpx.AsyncClient
) -> None:
    client, topics = Client(embedded, http), embedded.deployment.topics
    await embedded.up("ingest", "worker")
    worker = embedded.the("worker")
    account = embedded.name_in(1, "astray")
    await client.posted(happening(embedded.name_in(2, "other"), "session.started", user_id="bob"))
    await embedded.scored()

    # Another program writes an event of an account into another account's partition, and what is no record at all.
    now = datetime.now(UTC)
    value = encode_events_record(Event("e-1", account, "session.started", now, "importer", now, "ann"))
    await embedded.append(topics.events, [Outgoing(2, account.encode(), value), Outgoing(2, b"x", b"no record")])
    await embedded.scored()
    await embedded.told()
    assert await embedded.rows("SELECT account_id FROM scoring.state WHERE account_id LIKE 'astray%'") == []

    done, said = await embedded.command("ingest dead list")
    assert done == 0, said
    assert all(word in said for word in ("wrong_partition", "unreadable", "2:0", "2:1", account, "importer")), said
    done, said = await embedded.command("ingest dead show 2:0")
    assert (done, "goes to its account's partition" in said, f'"account_id": "{account}"' in said) == (0, True, True)
    done, said = await embedded.command("ingest dead show 2:7")
    assert (done, "no dead letter at 2:7" in said) == (1, True)

    done, said = await embedded.command("ingest dead resend")
    assert (done, "say which" in said) == (2, True)
    done, said = await embedded.command("ingest dead resend --since 1h --dry-run")
    assert (done, "1 would be sent again" in said, "2:1  its content can never be read" in said) == (0, True, True)
    done, said = await embedded.command("ingest dead resend --reason wrong_partition")
    assert (done, "give --yes" in said) == (1, True), "nobody is there to be asked"
    assert await client.metric(worker, "churn_scoring_events_total", outcome="counted") == 1

    done, said = await embedded.command("ingest dead resend --since 1h --yes")
    assert (done, "1 sent again" in said) == (0, True), said
    await embedded.scored()
    assert await client.metric(worker, "churn_scoring_events_total", outcome="counted") == 2
    assert await embedded.rows("SELECT account_id FROM scoring.state WHERE account_id LIKE 'astray%'") == [(account,)]

    done, said = await embedded.command("ingest dead resend --since 1h --yes")
    assert (done, "already_resent" in said) == (1, True), said
    done, said = await embedded.command("ingest dead resend 2:0 --again --yes")
    assert (done, "1 sent again" in said) == (0, True), said
    await embedded.scored()
    assert await client.metric(worker, "churn_scoring_events_total", outcome="counted") == 2
    assert await client.metric(worker, "churn_scoring_events_total", outcome="duplicate") == 1


async def test_without_a_broker_the_command_ends_and_says_so(embedded: System) -> None:
    done, said = await embedded.command("ingest dead list", KAFKA_BOOTSTRAP="127.0.0.1:1")
    assert (done, "Kafka: 127.0.0.1:1" in said) == (1, True), said
    done, said = await embedded.command("ingest dead list", TOPIC_PREFIX="nowhere.")
    assert (done, "no dead letter" in said) == (0, True), said
