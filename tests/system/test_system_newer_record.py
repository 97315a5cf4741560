"""A record of a newer version on the events topic: its partition stands, through SIGKILL, until somebody decides."""

import httpx

from common.bus.ports import Outgoing
from support.client import Client, happening
from support.golden import newer
from support.service import Service
from support.system import System

QUICK = {"SCORING_SESSION_SECONDS": "2"}  # a killed worker is soon missed
_STATES = "SELECT account_id FROM scoring.state ORDER BY 1"


async def stands(system: System, http: httpx.AsyncClient, worker: Service, *, offset: int) -> None:
    """When the worker says of partition 1 that it stopped before this offset."""
    said = f"partition 1 stopped before offset {offset}: a newer version wrote this record of type 'calendar.day'"

    async def says_so() -> bool:
        if not worker.said("process.started"):
            return False
        checks: dict[str, str] = (await http.get(f"{worker.url}/readyz")).json()["checks"]
        return checks["partitions"] == said

    await system.until("the worker says where it stopped", says_so)


async def test_a_partition_stands_before_a_record_of_a_newer_version(embedded: System, http: httpx.AsyncClient) -> None:
    client = Client(embedded, http)
    await embedded.up("ingest", "worker", **QUICK)
    here, there, late = (embedded.name_in(number, name) for number, name in ((1, "here"), (2, "there"), (1, "late")))
    await client.posted(happening(here, "session.started", user_id="ann"))
    await embedded.scored()
    [ack] = await embedded.append(
        embedded.deployment.topics.events, [Outgoing(1, None, newer("account.events.v1", "unknown_type"))]
    )
    await client.posted(happening(late, "session.started", user_id="bob"))
    await stands(embedded, http, embedded.the("worker"), offset=ack.offset)

    embedded.the("worker").kill()
    worker = embedded.start("worker", **QUICK)
    await stands(embedded, http, worker, offset=ack.offset)
    await client.posted(happening(there, "session.started", user_id="cid"))

    async def others_are_scored() -> bool:
        return await embedded.rows(_STATES) == [(here,), (there,)]

    await embedded.until("the other partitions are scored", others_are_scored)
    assert len(worker.said("partition.stopped", partition=1, offset=ack.offset, type="calendar.day")) == 1
    assert await client.metric(worker, "churn_scoring_partition_stopped", partition="1") == 1
    assert await client.metric(worker, "churn_scoring_partitions_open") == embedded.deployment.partitions - 1

    wrong, why = await embedded.command(f"scoring log skip --partition 1 --offset {ack.offset + 1}")
    assert (wrong, f"comes to offset {ack.offset} next" in why) == (1, True), why
    done, said = await embedded.command(f"scoring log skip --partition 1 --offset {ack.offset}")
    assert done == 0, said
    assert await embedded.the("worker").terminate() == 0
    await embedded.up("worker", **QUICK)
    await embedded.scored()
    assert await embedded.rows(_STATES) == [(here,), (late,), (there,)]
    await embedded.told()
    assert await client.metric(embedded.the("worker"), "churn_scoring_partition_stopped") == 0
