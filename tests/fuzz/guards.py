"""`python -m fuzz.guards`: each bad connection against uvicorn alone, behind Caddy, with the guard, and with both.

Ingest is the real one, on a log and keys in memory. The limits are seconds instead of minutes: see `LIMITS`.
"""

import asyncio
import logging
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from itertools import groupby
from math import inf
from pathlib import Path
from typing import Any, Final

import structlog

from common.connection_guard import ProblemRefusals, ended_connections
from fuzz import connections
from fuzz.connections import Caller, Way, statuses
from fuzz.smuggling import OFFER, SMUGGLED, SMUGGLING, PacedCaller
from http_guard.limits import ConnectionLimits
from http_guard.protocol import protocol_factory
from ingest.in_memory import Ingest, in_memory
from support import reverse_proxy
from support.uvicorn_in_loop import serving

LIMITS: Final = ConnectionLimits(connections=100, head_seconds=3.0, idle_seconds=4)
BODY_SECONDS: Final = 2.0
PROXY_SECONDS: Final = {"read_header": 3.0, "read_body": 4.0, "write": 6.0, "keepalive": 3.0, "idle": 4.0}
# A proxy may take a body for requests only now and then, so each such attack is made so often at once.
TRIES: Final = 5
AT_ONCE: Final = 4  # for the table, which shows seconds


@dataclass(frozen=True)
class Arrangement:
    """`without` is a line of the Caddyfile to leave out."""

    name: str
    guarded: bool
    proxied: bool
    without: str | None = None

    @property
    def patience(self) -> float:
        """After how many seconds a connection counts as kept. A busy machine may take long to end it."""
        return 120.0 if self.guarded else 20.0


ALONE = Arrangement("uvicorn", guarded=False, proxied=False)
PROXIED = Arrangement("Caddy, uvicorn", guarded=False, proxied=True)
GUARDED = Arrangement("uvicorn with the guard", guarded=True, proxied=False)
BOTH = Arrangement("Caddy, uvicorn with the guard", guarded=True, proxied=True)
# Caddy by itself passes an offer of another protocol on to the service.
CARELESS = "request_header -Upgrade"
PASSING_OFFERS = Arrangement("Caddy that passes offers on, uvicorn", guarded=False, proxied=True, without=CARELESS)
PASSING_OFFERS_GUARDED = replace(PASSING_OFFERS, name="Caddy that passes offers on, the guard", guarded=True)


@dataclass(frozen=True)
class Result:
    """What came of an attack. `ended`: the other side ended the connection, after `seconds`.

    `repeated` are the requests that ingest was asked to execute beyond those sent, `smuggled` those sent in a body.
    """

    said: Sequence[str]
    seconds: float
    ended: bool
    repeated: int
    smuggled: int

    def __str__(self) -> str:
        runs = [(status, len(list(equal))) for status, equal in groupby(self.said)]
        said = ", ".join(status if count == 1 else f"{count} x {status}" for status, count in runs) or "no answer"
        end = f"{self.seconds:.1f} s" if self.ended else "open"
        counts = {"repeated": self.repeated, "smuggled": self.smuggled}
        return "; ".join([said, end, *(f"**{count} {name}**" for name, count in counts.items() if count)])


# How many requests an attack sends, where it is not one for each connection.
SENT: Mapping[Way, float] = {
    Caller.many_at_once: 30,
    Caller.reads_late: 20,
    Caller.never_reads: inf,
    Caller.endless_head_behind_an_answer: 2,
    **dict.fromkeys(SMUGGLING, TRIES),
}
WAYS: tuple[Way, ...] = (*connections.ENDS, *SMUGGLING, *connections.HELD)


class Executed:
    """Ingest, and how many requests it was asked to execute, by the key or the smuggled path that they name."""

    def __init__(self, ingest: Ingest) -> None:
        self._app = ingest.app
        self.by_key: Counter[str] = Counter()
        self.smuggled: Counter[str] = Counter()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith(SMUGGLED):
            self.smuggled[scope["path"].rpartition("/")[2]] += 1
        else:
            self.by_key[dict(scope["headers"]).get(b"authorization", b"").decode("latin-1").rpartition(" ")[2]] += 1
        await self._app(scope, receive, send)


def serving_ingest(app: Any, *, guarded: bool) -> AbstractAsyncContextManager[int]:
    """Its port. Without the guard it has uvicorn's own limits."""
    return serving(
        app,
        http=protocol_factory(LIMITS, ProblemRefusals(ended_connections())) if guarded else "httptools",
        timeout_keep_alive=LIMITS.idle_seconds,
        limit_concurrency=None if guarded else LIMITS.connections,
    )


@asynccontextmanager
async def arranged(arrangement: Arrangement, app: Any, directory: Path) -> AsyncIterator[int]:
    """The port that clients connect to."""
    async with serving_ingest(app, guarded=arrangement.guarded) as port:
        if not arrangement.proxied:
            yield port
            return
        caddy = reverse_proxy.before(
            {"INGEST": port}, directory=directory, seconds=PROXY_SECONDS, without=arrangement.without
        )
        ports = await asyncio.to_thread(caddy.__enter__)
        try:
            yield ports["INGEST"]
        finally:
            await asyncio.to_thread(caddy.__exit__, None, None, None)


async def attacked(
    arrangement: Arrangement, directory: Path, ways: Sequence[Way] = WAYS, *, at_once: int = len(WAYS)
) -> Mapping[Way, Result]:
    """Each attack on a connection of its own. The fewer are made at once, the less they delay each other."""
    turns = asyncio.Semaphore(at_once)
    patience = arrangement.patience
    async with in_memory(body_seconds=BODY_SECONDS) as ingest:
        executed = Executed(ingest)
        async with arranged(arrangement, executed, directory) as port:

            async def in_turn(way: Way) -> Result:
                async with turns:
                    return await _result(way, port, ingest, executed, patience=patience)

            results = await asyncio.gather(*map(in_turn, ways))
    return dict(zip(ways, results, strict=True))


async def _result(way: Way, port: int, ingest: Ingest, executed: Executed, *, patience: float) -> Result:
    key, began = ingest.keys.create(), time.monotonic()
    callers = [
        PacedCaller(port, name=way.__name__, key=key, body_seconds=BODY_SECONDS)
        for _ in range(TRIES if way in SMUGGLING else 1)
    ]
    ended = await asyncio.gather(*(_ended(caller, way, patience) for caller in callers))
    smuggled = executed.smuggled[way.__name__]
    return Result(
        said=max((statuses(bytes(caller.heard)) for caller in callers), key=len),
        seconds=time.monotonic() - began,
        ended=all(ended),
        repeated=int(max(0, executed.by_key[key] - SENT.get(way, 1))),
        smuggled=smuggled,
    )


async def _ended(caller: PacedCaller, way: Way, patience: float) -> bool:
    try:
        await caller.misbehave(way, patience=patience)
    except TimeoutError:
        return False
    return True


async def served_after(arrangement: Arrangement, directory: Path) -> float | None:
    """As many silent connections as a process serves: seconds until a good request is answered 202, or None."""
    async with in_memory(body_seconds=BODY_SECONDS) as ingest, arranged(arrangement, ingest.app, directory) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(LIMITS.connections)]
        for _, writer in silent:
            writer.write(b"P")
        await asyncio.sleep(0.2)
        key, began = ingest.keys.create(), time.monotonic()
        try:
            while time.monotonic() - began < arrangement.patience:
                with suppress(TimeoutError):
                    caller = PacedCaller(port, name="", key=key, body_seconds=BODY_SECONDS)
                    await caller.misbehave(Caller.garbage_after_good, patience=arrangement.patience)
                if "202" in statuses(bytes(caller.heard)):
                    return time.monotonic() - began
                await asyncio.sleep(0.1)
            return None
        finally:
            for _, writer in silent:
                writer.transport.abort()


def table(results: Mapping[str, Mapping[Way, Result]], served: Mapping[str, float | None]) -> str:
    """A Markdown table: a row for each attack, a column for each arrangement."""
    lines = [f"| attack | {' | '.join(results)} |", f"|---|{'---|' * len(results)}"]
    for way in WAYS:
        cells = [str(found[way]) for found in results.values()]
        lines.append(f"| {way.__name__.replace('_', ' ')} | {' | '.join(cells)} |")
    cells = ["never" if after is None else f"after {after:.1f} s" for after in served.values()]
    lines.append(f"| {LIMITS.connections} silent connections: a good request is served | {' | '.join(cells)} |")
    return "\n".join(lines)


async def _main(directory: Path) -> None:
    arrangements = [one for one in (ALONE, PROXIED, GUARDED, BOTH) if reverse_proxy.available() or not one.proxied]
    results = {one.name: await attacked(one, directory, at_once=AT_ONCE) for one in arrangements}
    served = {one.name: await served_after(one, directory) for one in arrangements}
    print(table(results, served))
    for one in (PASSING_OFFERS, PASSING_OFFERS_GUARDED) if reverse_proxy.available() else ():
        found = await attacked(one, directory, [OFFER])
        print(f"{one.name}: {found[OFFER]}")


def _caddy_version() -> str:
    if not reverse_proxy.available():
        return f"{reverse_proxy.MISSING}: without Caddy"
    return subprocess.run(["caddy", "version"], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(f"Caddy {_caddy_version()}")
    with tempfile.TemporaryDirectory(prefix="guards-") as folder:
        asyncio.run(_main(Path(folder)))
