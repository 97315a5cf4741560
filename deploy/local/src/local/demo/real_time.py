"""The demo's second part: real time, seconds instead of weeks, and a message that no event brings."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alerts.signals.wording import describe, explain
from common.contracts.signals import Kind, Signal
from local import telling
from local.arrivals import Arrivals
from local.happenings import Happening
from local.listening import Listener
from local.posting import Poster
from local.processes import ServerError
from local.received import Message
from local.road import attended
from local.scene import Scene
from local.sinks import Sinks
from local.terminal import Terminal
from local.tracing import Told, Tracer, report

QUIET = "lighthouse"
NAME = "Lighthouse"
OWNER = "dana@example.com"
SESSIONS = 6
PACE = 1.0
PROBES = 20
# Longer than the live card needs to call the silence a silence, by far.
PATIENCE = 60.0


@dataclass(frozen=True)
class Latency:
    """Seconds from sending the POST, by nearest rank."""

    p50: float
    p99: float
    probes: int

    def __str__(self) -> str:
        return f"p50 {1000 * self.p50:.0f} ms, p99 {1000 * self.p99:.0f} ms"


def latency(seconds: Sequence[float]) -> Latency:
    ordered = sorted(seconds)

    def rank(percent: int) -> float:
        return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]

    return Latency(rank(50), rank(99), len(ordered))


@dataclass(frozen=True)
class Measured:
    """`signal`: until the signal is read from Kafka. `message`: until Slack, or the mail server, has the message."""

    signal: Latency
    message: Latency


class Silence:
    """An account that works for some seconds, stops, and is heard of until it is called quiet."""

    def __init__(self, on: Scene, terminal: Terminal) -> None:
        self._on = on
        self._terminal = terminal
        self._stopped = 0.0

    def heard(self, signal: Signal) -> None:
        if signal.account_id == QUIET:
            self._terminal.line(f"  {self._since:4.1f} s  signal: {describe(signal)}, {explain(signal)}")

    async def run(self, poster: Poster, listener: Listener) -> None:
        await poster.post([_facts(QUIET, NAME)])
        for number in range(1, SESSIONS + 1):
            self._stopped = time.monotonic()
            await poster.post([_happening(QUIET, "session.started", number)])
            self._terminal.status(f"{NAME} is at work: session {number} of {SESSIONS}")
            await asyncio.sleep(PACE)
        self._terminal.done()
        self._terminal.line(f"{NAME} had {SESSIONS} sessions. From here on nothing is posted for it.")
        told: Arrivals[Told] = Arrivals()

        async def called_quiet() -> None:
            await listener.signal(lambda signal: signal.account_id == QUIET and signal.kind is Kind.FLAG)
            await told.first(lambda one: any(alert.kind == Kind.FLAG for alert in one.alerts))

        tracer = Tracer(self._on.alerting, {NAME: QUIET})
        await attended(called_quiet(), report(self._on.sinks.messages, tracer, told=told, tell=self._tell))

    def _tell(self, one: Told) -> None:
        self._terminal.line(f"  {self._since:4.1f} s  {self._on.readers.greeting(one.message)}")
        for text in telling.framed(one.message):
            self._terminal.line(text)

    @property
    def _since(self) -> float:
        return time.monotonic() - self._stopped


async def measure(poster: Poster, listener: Listener, sinks: Sinks, terminal: Terminal) -> Measured:
    """One account after the other has a payment fail; each is timed from the POST to the signal and to the message."""
    names = {f"probe-{number:02d}": f"Probe {number:02d}" for number in range(1, PROBES + 1)}
    await poster.post([_facts(account, name) for account, name in names.items()])
    signals: list[float] = []
    messages: list[float] = []
    for number, (account, name) in enumerate(names.items(), start=1):
        posted, sent = time.time(), time.monotonic()
        await poster.post([_happening(account, "invoice.payment_failed", number)])
        await listener.signal(_FlagOf(account))
        signals.append(time.monotonic() - sent)
        message = await sinks.messages.first(_TitleWith(name))
        messages.append(message.moment - posted)
        terminal.status(f"probe {number} of {PROBES}")
    terminal.done()
    return Measured(latency(signals), latency(messages))


async def live(poster: Poster, listener: Listener, on: Scene, terminal: Terminal, *, silence: Silence) -> Measured:
    """Raises `ServerError` if a signal or a message that must come does not."""
    try:
        async with asyncio.timeout(PATIENCE):
            await silence.run(poster, listener)
        async with asyncio.timeout(PATIENCE):
            return await measure(poster, listener, on.sinks, terminal)
    except TimeoutError as error:
        raise ServerError(f"what was due did not come within {PATIENCE:.0f} s") from error


@dataclass(frozen=True)
class _FlagOf:
    account: str

    def __call__(self, signal: Signal) -> bool:
        return signal.account_id == self.account and signal.kind is Kind.FLAG


@dataclass(frozen=True)
class _TitleWith:
    name: str

    def __call__(self, message: Message) -> bool:
        return self.name in message.title


def _facts(account: str, name: str) -> Happening:
    facts = {"name": name, "tier": "high", "owner": OWNER, "arr": 48_000}
    return _happening(account, "account.updated", 0, facts)


def _happening(account: str, name: str, number: int, properties: dict[str, Any] | None = None) -> Happening:
    return Happening(
        event_id=f"{account}-{number}",
        account_id=account,
        name=name,
        time=datetime.now(UTC),
        user_id=f"{account}-u{number % 3}" if name == "session.started" else None,
        properties=properties or {},
    )
