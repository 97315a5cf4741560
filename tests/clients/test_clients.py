"""The clients that product teams have, unmodified, against ingest as a process: each message counts once."""

import asyncio
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from clients.accounts_log import counted, on_the_log
from clients.faulty_ingest import Fault, FaultyIngest
from ingest.sdk.cloudevents import event_id
from support.system import System

HERE = Path(__file__).parent
MESSAGES = 40
SECONDS = 90.0
# Each request that meets a fault goes through when it comes again: the clients wait longer from time to time.
PLAN = (Fault.UNAVAILABLE, None, Fault.RESET_BEFORE, None, Fault.RATE_LIMITED, None, Fault.RESET_AFTER)
# Amplitude's clients give a batch up when the connection is reset.
WITHOUT_RESETS = (Fault.UNAVAILABLE, None, Fault.RATE_LIMITED)
NODE_CLIENTS = shutil.which("node") is not None and (HERE / "node" / "node_modules").is_dir()
needs_node = (
    pytest.mark.tools,
    pytest.mark.skipif(not NODE_CLIENTS, reason="the Node clients are not installed: make clients (needs npm)"),
)

CLIENTS = (
    "python/segment_client.py",
    "python/rudderstack_client.py",
    "python/posthog_client.py",
    "python/cloudevents_client.py",
    *(
        pytest.param(f"node/{name}.js", marks=needs_node)
        for name in ("segment", "rudderstack", "posthog", "cloudevents")
    ),
)


async def run(script: str, url: str, key: str, stem: str) -> list[str]:
    """The ids that a client says it has delivered."""
    program = sys.executable if script.endswith(".py") else "node"
    child = await asyncio.create_subprocess_exec(
        *(program, str(HERE / script), url, key, stem, str(MESSAGES)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            output, errors = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
    assert child.returncode == 0, errors.decode()
    return output.decode().split()


def ids_of(script: str, ids: Sequence[str]) -> set[str]:
    """As events have them: of a CloudEvent its source is a part."""
    return {event_id("/reports", one) for one in ids} if "cloudevents" in script else set(ids)


@pytest.mark.servers
@pytest.mark.parametrize("script", CLIENTS)
async def test_whatever_befalls_a_request_each_message_is_on_the_log_and_counts_once(
    script: str, ingesting: System
) -> None:
    account = f"account-{uuid4().hex[:12]}"
    async with FaultyIngest(ingesting.ingest_url, PLAN) as proxy:
        ids = ids_of(script, await run(script, proxy.url, ingesting.keys.write, account))
        assert proxy.left == [], "the client has met every fault"
        assert set(proxy.statuses) == {200}
    events = await on_the_log(ingesting, account)
    once = counted(events)
    assert ids - {event.event_id for event in once} == set()
    assert len(events) > len(once), "what was taken without an answer came again"
    exported = [event for event in once if event.name == "report.exported"]
    assert len(exported) == len([one for one in exported if one.event_id in ids])
    assert {event.properties.get("format") for event in exported} <= {"pdf", None}
    assert {event.source for event in once} == {"web"}


@pytest.mark.servers
@pytest.mark.parametrize("script", ["python/amplitude_client.py", pytest.param("node/amplitude.js", marks=needs_node)])
async def test_amplitudes_clients_repeat_what_was_not_taken(script: str, ingesting: System) -> None:
    account = f"account-{uuid4().hex[:12]}"
    async with FaultyIngest(ingesting.ingest_url, WITHOUT_RESETS) as proxy:
        ids = await run(script, proxy.url, ingesting.keys.write, account)
        assert proxy.left == []
    assert set(ids) <= {event.event_id for event in await on_the_log(ingesting, account)}


# What each sends beside its tracked events, and what becomes of it.
OTHERS = {
    "python/segment_client.py": {"account.updated", "user.updated", "page.viewed"},
    "python/rudderstack_client.py": {"account.updated", "user.updated", "page.viewed"},
    "python/posthog_client.py": {"account.updated", "user.updated"},  # its $autocapture is passed over
    "python/amplitude_client.py": {"account.updated", "user.updated"},
    "python/mixpanel_client.py": {"account.updated", "user.updated"},
    "python/cloudevents_client.py": set(),
    "node/segment.js": {"account.updated", "user.updated", "page.viewed"},
    "node/rudderstack.js": {"account.updated", "user.updated", "page.viewed"},
    "node/posthog.js": {"account.updated", "user.updated"},
    "node/cloudevents.js": set(),
    "node/amplitude.js": {"account.updated", "user.updated"},
    "node/mixpanel.js": {"account.updated", "user.updated"},
}


@pytest.mark.servers
@pytest.mark.parametrize(
    "script",
    [pytest.param(one, marks=needs_node if one.startswith("node") else ()) for one in OTHERS],
)
async def test_what_clients_send_becomes_events_of_its_account(script: str, ingesting: System) -> None:
    account = f"account-{uuid4().hex[:12]}"
    ids = ids_of(script, await run(script, ingesting.ingest_url, ingesting.keys.write, account))
    events = await on_the_log(ingesting, account)
    assert ids <= {event.event_id for event in events}
    assert len(events) == len(counted(events)), "without faults nothing is sent twice"
    assert {event.name for event in events} == OTHERS[script] | {"report.exported"}
    facts = [event.properties for event in events if event.name == "account.updated"]
    assert all(one["name"] == "Acme" for one in facts)
    people = [event for event in events if event.name == "user.updated"]
    assert all((one.user_id, one.properties["email"]) == ("u-1", "ann@acme.example") for one in people)
