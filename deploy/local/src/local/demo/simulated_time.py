"""The demo's first part: half a year of customers goes in, and everything that people were told comes out."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts.api.answers import AlertSummary
from local import health, show, telling
from local.arrivals import Arrivals
from local.figures import Played
from local.processes import ServerError
from local.road import Stretch, attended, play
from local.scene import Scene
from local.terminal import Terminal
from local.tracing import Told, Tracer, report
from local.world import World

PATIENCE = 300.0


@dataclass(frozen=True)
class HalfYear:
    """`told` is every message that came, `alerts` what alerts made of every signal, `accounts` how they read at the
    end. `total` is seconds from the first post to the last message.
    """

    played: Played
    told: list[Told]
    alerts: list[AlertSummary]
    accounts: list[show.Listed]
    total: float


async def half_a_year(world: World, on: Scene, terminal: Terminal, *, pace: float) -> HalfYear:
    """`pace` is seconds that a simulated day takes at least. Raises `ServerError` if a part did not work."""
    begun = time.monotonic()
    told: Arrivals[Told] = Arrivals()

    async def through() -> Played:
        played = await _played(world, on, terminal, pace=pace)
        await on.alerting.settled(signals=len(played.signals), patience=PATIENCE)
        if on.sinks.taken:
            await told.nth(on.sinks.taken)
        return played

    def tell(one: Told) -> None:
        terminal.line(telling.line(one, on.readers.name(one.message)), telling.colour(one.message))

    tracer = Tracer(on.alerting, _names(world))
    try:
        played = await attended(through(), report(on.sinks.messages, tracer, told=told, tell=tell))
    finally:
        terminal.done()
    total = time.monotonic() - begun
    accounts = await health.read(on.services, on.keys)
    found = HalfYear(played, told.all, await on.alerting.every(), accounts, total)
    _check(found, world)
    return found


async def _played(world: World, on: Scene, terminal: Terminal, *, pace: float) -> Played:
    span = world.end - world.start

    def progress(reached: datetime, posted: int) -> None:
        terminal.progress((reached - world.start) / span, f"{reached:%d %b %Y}  {posted:,} events posted")

    stretch = Stretch(world.backfill, world.lived, world.start, world.end)
    return await play(
        stretch, on.services, on.keys, heard=lambda signal: None, progress=progress, patience=PATIENCE, pace=pace
    )


def _names(world: World) -> Mapping[str, str]:
    return {customer.name: customer.account_id for customer in world.customers}


def _check(found: HalfYear, world: World) -> None:
    """Raises `ServerError` if it is not the whole half year, or a message was lost."""
    if len(found.accounts) != len(world.customers):
        raise ServerError(f"{len(found.accounts)} accounts came of {len(world.customers)} customers")
    if not found.told:
        raise ServerError(f"{len(found.alerts)} signals, and nobody was told anything")
    if lost := telling.not_arrived(found.told, found.alerts):
        raise ServerError(f"{len(lost)} messages that alerts calls sent did not arrive")
