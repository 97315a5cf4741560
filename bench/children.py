"""Programs of the bench that run beside it as processes of their own and print what they found as their last line."""

import asyncio
import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.code import INTERPRETED, Code
from bench.cores import Cores, on
from local.stack.processes import Process, ServerError, last_lines
from local.stack.servers import CHECKOUT
from local.stack.temporary import TemporaryStack

# What the services' environment need not hold: the peers, and what draws the report.
PEERS_PYTHON = CHECKOUT / ".venv-bench" / "bin" / "python"
POLL = 0.05


async def child(
    place: TemporaryStack, module: str, *arguments: str, cores: Cores, patience: float, code: Code = INTERPRETED
) -> dict[str, Any]:
    """What it printed. Raises `ServerError` with its last words if it fails or takes longer than `patience` seconds."""
    log = place.logs / f"{module}-{os.urandom(4).hex()}.log"
    with on(cores):
        process = Process(code.command(module, *arguments), log=log, env=code.environment())
    place.process_list.add(module, process.pid)
    try:
        return _told(module, log, await _ended(process, patience))
    finally:
        process.kill()


def missing(package: str) -> str | None:
    """Why a peer cannot run, or None."""
    if not PEERS_PYTHON.exists():
        return "there is no .venv-bench; `make bench` builds it"
    asked = subprocess.run([str(PEERS_PYTHON), "-c", f"import {package}"], capture_output=True, text=True, check=False)
    return None if asked.returncode == 0 else (asked.stderr.splitlines() or ["it cannot be imported"])[-1]


def words(**options: object) -> Sequence[str]:
    """As a command line has them."""
    return [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]


async def _ended(process: Process, patience: float) -> int | None:
    """Its exit code; None if it still runs."""
    left = patience
    while process.running and left > 0:
        await asyncio.sleep(POLL)
        left -= POLL
    return None if process.running else process.ended(timeout=1.0)


def _told(module: str, log: Path, code: int | None) -> dict[str, Any]:
    if code != 0:
        how = "was not through in time" if code is None else f"ended with {code}"
        raise ServerError(f"{module} {how}\n{last_lines(log)}")
    found: dict[str, Any] = json.loads(log.read_text().splitlines()[-1])
    return found
