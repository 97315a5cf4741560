"""The demo's first part: half a year of customers goes in, and everything that people were told comes out."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts.api.answers import AlertSummary
from local.demo import messages, scoring_client, tables
from local.demo.dataset import Dataset
from local.demo.message_tracing import DeliveredMessage, MessageTracer, report
from local.demo.session import DemoSession
from local.fakes.arrivals import Arrivals
from local.replay.playback import PlaybackResult, Timeline, play, run_beside
from local.stack.processes import ServerError
from local.terminal import Terminal

PATIENCE = 300.0
# For a message that alerts calls sent, and that is still to be traced.
LAST_WAIT = 30.0
POLL = 0.2


@dataclass(frozen=True)
class SimulatedResult:
    """`delivered` is every message that came, `alerts` what alerts made of every signal.

    `accounts` is their health at the end, `total` the seconds from the first post to the last message.
    """

    played: PlaybackResult
    delivered: list[DeliveredMessage]
    alerts: list[AlertSummary]
    accounts: list[tables.AccountListing]
    total: float


async def run_simulated(dataset: Dataset, session: DemoSession, terminal: Terminal, *, pace: float) -> SimulatedResult:
    """`pace` is seconds that a simulated day takes at least. Raises `ServerError` if a part did not work."""
    begun = time.monotonic()
    delivered: Arrivals[DeliveredMessage] = Arrivals()

    async def through() -> PlaybackResult:
        played = await _played(dataset, session, terminal, pace=pace)
        terminal.status("waiting for alerts to have decided on every signal, and for the last messages")
        await session.alerting.settled(signals=len(played.signals), patience=PATIENCE)
        if session.sinks.taken:
            await delivered.nth(session.sinks.taken)
        await _arrived(session, delivered)
        return played

    def tell(one: DeliveredMessage) -> None:
        terminal.line(messages.line(one, session.recipients.name(one.message)), messages.colour(one.message))

    tracer = MessageTracer(session.alerting, _names(dataset))
    try:
        played = await run_beside(through(), report(session.sinks.messages, tracer, delivered=delivered, tell=tell))
    finally:
        terminal.done()
    total = time.monotonic() - begun
    accounts = await scoring_client.read(session.services, session.keys)
    found = SimulatedResult(played, delivered.all, await session.alerting.every(), accounts, total)
    _check(found, dataset)
    return found


async def _arrived(session: DemoSession, delivered: Arrivals[DeliveredMessage]) -> None:
    """When all that alerts calls sent has come, or LAST_WAIT is over: a timer may decide after the last signal."""
    until = time.monotonic() + LAST_WAIT
    while messages.not_arrived(delivered.all, await session.alerting.every()) and time.monotonic() < until:  # noqa: ASYNC110
        await asyncio.sleep(POLL)


async def _played(dataset: Dataset, session: DemoSession, terminal: Terminal, *, pace: float) -> PlaybackResult:
    span = dataset.end - dataset.start

    def progress(reached: datetime, posted: int) -> None:
        terminal.progress((reached - dataset.start) / span, f"{reached:%d %b %Y}  {posted:,} events posted")

    terminal.status(f"posting what was known before {dataset.start:%d %b %Y}")
    timeline = Timeline(dataset.backfill, dataset.live, dataset.start, dataset.end)
    return await play(
        timeline,
        session.services,
        session.keys,
        heard=lambda signal: None,
        progress=progress,
        patience=PATIENCE,
        pace=pace,
    )


def _names(dataset: Dataset) -> Mapping[str, str]:
    return {customer.name: customer.account_id for customer in dataset.customers}


def _check(found: SimulatedResult, dataset: Dataset) -> None:
    """Raises `ServerError` if it is not the whole half year, or a message was lost."""
    if len(found.accounts) != len(dataset.customers):
        raise ServerError(f"{len(found.accounts)} accounts came of {len(dataset.customers)} customers")
    if not found.delivered:
        raise ServerError(f"{len(found.alerts)} signals, and nobody was told anything")
    if lost := messages.not_arrived(found.delivered, found.alerts):
        raise ServerError(f"{len(lost)} messages that alerts calls sent did not arrive")
