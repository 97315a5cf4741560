"""The demo's second part: real time, seconds instead of weeks, and a signal that no event brings."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from alerts.words import what, why
from common.contracts.signals import Kind, Signal
from local.happenings import Happening
from local.listening import Listener
from local.posting import Poster
from local.processes import ServerError
from local.terminal import Terminal

QUIET = "lighthouse"
SESSIONS = 6
PACE = 1.0
PROBES = 20
# Longer than the live card needs to call the silence a silence, by far.
PATIENCE = 60.0


@dataclass(frozen=True)
class Latency:
    """Seconds from sending the POST to reading the signal from Kafka, by nearest rank."""

    p50: float
    p99: float
    probes: int


def latency(seconds: Sequence[float]) -> Latency:
    ordered = sorted(seconds)

    def rank(percent: int) -> float:
        return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]

    return Latency(rank(50), rank(99), len(ordered))


async def goes_quiet(poster: Poster, listener: Listener, terminal: Terminal) -> None:
    """An account works for some seconds, stops, and is heard of until it is called quiet."""
    facts = {"name": "Lighthouse", "tier": "high", "owner": "dana@example.com"}
    await poster.post([_happening(QUIET, "account.updated", 0, facts)])
    for number in range(1, SESSIONS + 1):
        await poster.post([_happening(QUIET, "session.started", number)])
        terminal.status(f"Lighthouse is at work: session {number} of {SESSIONS}")
        await asyncio.sleep(PACE)
    terminal.done()
    stopped = time.monotonic() - PACE
    terminal.line(f"Lighthouse had {SESSIONS} sessions. From here on nothing is posted for it.")
    told: set[str] = set()
    quiet = False
    async with asyncio.timeout(PATIENCE):
        while not quiet:
            signal = await listener.signal(lambda one: one.account_id == QUIET and one.signal_id not in told)
            told.add(signal.signal_id)
            quiet = signal.kind is Kind.FLAG
            since = time.monotonic() - stopped
            terminal.line(f"  {since:4.1f} s of silence  {what(signal):<18}  {why(signal)}")


async def measure(poster: Poster, listener: Listener, terminal: Terminal) -> Latency:
    """One account after the other has a payment fail; each is timed from the POST to the signal."""
    seconds: list[float] = []
    for number in range(1, PROBES + 1):
        account = f"probe-{number:02d}"
        sent = time.monotonic()
        await poster.post([_happening(account, "invoice.payment_failed", number)])
        await listener.signal(_FlagOf(account))
        seconds.append(time.monotonic() - sent)
        terminal.status(f"probe {number} of {PROBES}")
    terminal.done()
    return latency(seconds)


async def live(poster: Poster, listener: Listener, terminal: Terminal) -> Latency:
    """Raises `ServerError` if a signal that must come does not."""
    try:
        await goes_quiet(poster, listener, terminal)
        async with asyncio.timeout(PATIENCE):
            return await measure(poster, listener, terminal)
    except TimeoutError as error:
        raise ServerError(f"a signal that was due did not come within {PATIENCE:.0f} s") from error


@dataclass(frozen=True)
class _FlagOf:
    account: str

    def __call__(self, signal: Signal) -> bool:
        return signal.account_id == self.account and signal.kind is Kind.FLAG


def _happening(account: str, name: str, number: int, properties: dict[str, str] | None = None) -> Happening:
    return Happening(
        event_id=f"{account}-{number}",
        account_id=account,
        name=name,
        time=datetime.now(UTC),
        user_id=f"{account}-u{number % 3}" if name == "session.started" else None,
        properties=properties or {},
    )
