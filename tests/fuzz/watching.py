"""How ingest bears it while it lasts: its memory, and whether the next good request is served."""

import asyncio
import time
from dataclasses import dataclass, field

import psutil

from fuzz.answers import Answer
from fuzz.lines import connected
from fuzz.shots import Gun

EVERY = 0.25


@dataclass
class Watched:
    """RSS in MB, times in seconds."""

    first: float = 0.0
    highest: float = 0.0
    last: float = 0.0
    samples: int = 0
    good: int = 0
    accepted: int = 0
    slowest: float = 0.0
    files: int = 0
    violations: list[str] = field(default_factory=list)


async def watch(
    pid: int, port: int, gun: Gun, *, body: bytes, bound: float, watched: Watched, stop: asyncio.Event
) -> None:
    """Until told to stop. A good request goes out on a connection of its own each time; `bound` is MB."""
    process = psutil.Process(pid)
    watched.first = _megabytes(process)
    while not stop.is_set():
        watched.last = _megabytes(process)
        watched.highest = max(watched.highest, watched.last)
        watched.files = max(watched.files, process.num_fds())
        watched.samples += 1
        if watched.last > bound and len(watched.violations) < 5:
            watched.violations.append(f"RSS {watched.last:.0f} MB is over {bound:.0f} MB")
        await _ask(port, gun.good(body), watched)
        await asyncio.sleep(EVERY)


async def _ask(port: int, request: bytes, watched: Watched) -> None:
    began = time.monotonic()
    line = await connected(port)
    answer: Answer = await line.ask(request)
    if line.transport is not None:
        line.transport.abort()
    watched.slowest = max(watched.slowest, time.monotonic() - began)
    watched.good += 1
    if answer.status == 202:
        watched.accepted += 1
    else:
        watched.violations.append(f"a good request was answered {answer.status} {answer.body[:200]!r}")


def _megabytes(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6
