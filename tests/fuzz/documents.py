"""Each service asked what its OpenAPI document allows, and much that it does not, over a real connection.

Schemathesis runs as a program of its own: it finds answers that the document does not tell of, in status, content type,
headers or schema, what is accepted against the document, and doors that open without a key.
"""

import asyncio
import os
import sys
from functools import partial
from pathlib import Path

import httpx

from common.bus.ports import Outgoing
from common.contracts.signals import encode_signals_record
from common.keys import Scope
from local.replay.ingest_client import ndjson
from support.alerting import red
from support.client import bearer, happening
from support.system import System

# What is valid by the document may still be refused: a time in the future, a number beyond 1e15 in a property, a
# cursor of another answer. No schema says this.
NOT_CHECKED = "positive_data_acceptance"
CONFIG = Path(__file__).with_name("schemathesis.toml")
PHASES = "examples,coverage,fuzzing"
SETTINGS = {"KEY_TTL_SECONDS": "1"}
ASKED = ("ingest", "api", "alerts")
BACKLOG_SECONDS = 900.0  # a worker that has just begun: a million bodies were posted before
_ACCOUNT = "acme"  # as in the documents' examples


async def check(system: System, *, examples: int, seed: int) -> dict[str, str]:
    """By service, what was found; empty if all is well. A worker must run, too."""
    await _something_to_show(system)
    in_order = (await system.key("ingest", *Scope), system.keys.read, await system.key("alerts", *Scope))
    keys = dict(zip(ASKED, in_order, strict=True))
    # Side by side: what one service is told changes what another shows, and all of it must fit the documents.
    asked = (_asked(system.the(name).url, key, examples=examples, seed=seed) for name, key in keys.items())
    told = await asyncio.gather(*asked)
    return {name: output for name, (code, output) in zip(keys, told, strict=True) if code != 0}


async def _something_to_show(system: System) -> None:
    events = [happening(_ACCOUNT, "session.started", user_id="u-17") for _ in range(5)]
    headers = {"content-type": "application/x-ndjson", **bearer(system.keys.write)}
    async with httpx.AsyncClient(timeout=60.0) as http:
        answer = await http.post(f"{system.ingest_url}/v1/events", content=ndjson(events), headers=headers)
        answer.raise_for_status()
    told = Outgoing(system.partition_of(_ACCOUNT), _ACCOUNT.encode(), encode_signals_record(red(_ACCOUNT)))
    await system.append(system.deployment.topics.signals, [told])
    await system.scored(seconds=BACKLOG_SECONDS)
    await system.until("the read API has read the entries of KPIs", partial(_knows_kpis, system))


async def _knows_kpis(system: System) -> bool:
    async with httpx.AsyncClient(timeout=60.0) as http:
        answer = await http.get(f"{system.the('api').url}/v1/kpis", headers=bearer(system.keys.read))
        return answer.status_code == httpx.codes.OK


async def _asked(url: str, key: str, *, examples: int, seed: int) -> tuple[int, str]:
    command = os.path.join(os.path.dirname(sys.executable), "schemathesis")
    program = [command, "--config-file", str(CONFIG), "run", f"{url}/openapi.json"]
    checks = ["--checks", "all", "--exclude-checks", NOT_CHECKED, "--phases", PHASES, "--continue-on-failure"]
    effort = ["--max-examples", str(examples), "--seed", str(seed), "--request-timeout", "60"]
    child = await asyncio.create_subprocess_exec(
        *program, *checks, *effort, "--suppress-health-check", "all", "--no-color",
        "-H", f"Authorization: Bearer {key}",
        env={**os.environ, "SCHEMATHESIS_HOOKS": "fuzz.hooks"},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await child.communicate()
    assert child.returncode is not None
    return child.returncode, output.decode()
