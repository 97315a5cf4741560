"""The demo's second part: real time, seconds instead of weeks, and a message that no event brings."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alerts.signals.wording import describe, explain
from common.contracts.signals import Kind, Signal
from local.demo import messages
from local.demo.message_tracing import DeliveredMessage, MessageTracer, report
from local.demo.session import DemoSession
from local.fakes.arrivals import Arrivals
from local.fakes.messages import ReceivedMessage
from local.fakes.sinks import MessageSinks
from local.replay.ingest_client import ClientEvent, IngestClient
from local.replay.playback import run_beside
from local.replay.signal_listener import SignalListener
from local.stack.processes import ServerError
from local.terminal import Terminal

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
class MeasuredLatency:
    """`signal`: until the signal is read from Kafka. `message`: until Slack, or the mail server, has the message."""

    signal: Latency
    message: Latency


class SilentAccount:
    """An account that works for some seconds, stops, and is heard of until it is called quiet."""

    def __init__(self, session: DemoSession, terminal: Terminal) -> None:
        self._session = session
        self._terminal = terminal
        self._stopped = 0.0

    def heard(self, signal: Signal) -> None:
        if signal.account_id == QUIET:
            self._terminal.line(f"  {self._since:4.1f} s  signal: {describe(signal)}, {explain(signal)}")

    async def run(self, ingest: IngestClient, listener: SignalListener) -> None:
        await ingest.post([_facts(QUIET, NAME)])
        for number in range(1, SESSIONS + 1):
            self._stopped = time.monotonic()
            await ingest.post([_event(QUIET, "session.started", number)])
            self._terminal.status(f"{NAME} is at work: session {number} of {SESSIONS}")
            await asyncio.sleep(PACE)
        self._terminal.done()
        self._terminal.line(f"{NAME} had {SESSIONS} sessions. From here on nothing is posted for it.")
        self._terminal.status(f"waiting until {NAME} has been silent for too long")
        delivered: Arrivals[DeliveredMessage] = Arrivals()

        async def called_quiet() -> None:
            await listener.signal(lambda signal: signal.account_id == QUIET and signal.kind is Kind.FLAG)
            await delivered.first(lambda one: any(alert.kind == Kind.FLAG for alert in one.alerts))

        tracer = MessageTracer(self._session.alerting, {NAME: QUIET})
        await run_beside(
            called_quiet(), report(self._session.sinks.messages, tracer, delivered=delivered, tell=self._tell)
        )
        self._terminal.done()

    def _tell(self, one: DeliveredMessage) -> None:
        self._terminal.line(f"  {self._since:4.1f} s  {self._session.recipients.greeting(one.message)}")
        for text in messages.framed(one.message):
            self._terminal.line(text)

    @property
    def _since(self) -> float:
        return time.monotonic() - self._stopped


async def measure(
    ingest: IngestClient, listener: SignalListener, sinks: MessageSinks, terminal: Terminal
) -> MeasuredLatency:
    """One account after the other has a payment fail; each is timed from the POST to the signal and to the message."""
    names = {f"probe-{number:02d}": f"Probe {number:02d}" for number in range(1, PROBES + 1)}
    await ingest.post([_facts(account, name) for account, name in names.items()])
    signals: list[float] = []
    messages: list[float] = []
    for number, (account, name) in enumerate(names.items(), start=1):
        posted, sent = time.time(), time.monotonic()
        await ingest.post([_event(account, "invoice.payment_failed", number)])
        await listener.signal(_FlagOf(account))
        signals.append(time.monotonic() - sent)
        message = await sinks.messages.first(_TitleWith(name))
        messages.append(message.moment - posted)
        terminal.status(f"probe {number} of {PROBES}")
    terminal.done()
    return MeasuredLatency(latency(signals), latency(messages))


async def run_real_time(
    ingest: IngestClient, listener: SignalListener, session: DemoSession, terminal: Terminal, *, silence: SilentAccount
) -> MeasuredLatency:
    """Raises `ServerError` if a signal or a message that must come does not."""
    try:
        async with asyncio.timeout(PATIENCE):
            await silence.run(ingest, listener)
        async with asyncio.timeout(PATIENCE):
            return await measure(ingest, listener, session.sinks, terminal)
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

    def __call__(self, message: ReceivedMessage) -> bool:
        return self.name in message.title


def _facts(account: str, name: str) -> ClientEvent:
    facts = {"name": name, "tier": "high", "owner": OWNER, "arr": 48_000}
    return _event(account, "account.updated", 0, facts)


def _event(account: str, name: str, number: int, properties: dict[str, Any] | None = None) -> ClientEvent:
    return ClientEvent(
        event_id=f"{account}-{number}",
        account_id=account,
        name=name,
        time=datetime.now(UTC),
        user_id=f"{account}-u{number % 3}" if name == "session.started" else None,
        properties=properties or {},
    )
