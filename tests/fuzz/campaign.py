"""N bodies thrown at a real ingest while connections of every bad kind are held open against it."""

import asyncio
import time
from dataclasses import dataclass, field

from common.keys import Scope
from fuzz import connections, taken, watching
from fuzz.answers import Score
from fuzz.connections import BODY_SECONDS, Felt
from fuzz.events import text
from fuzz.lines import throw
from fuzz.shots import Gun, Shot
from fuzz.taken import Taken
from fuzz.watching import Watched
from support.service import Service
from support.system import System

LINES = 8
BODY_MEMORY, UNACKED = 100_000_000, 64_000_000
# What ingest is told. No request of ours may meet a bound that others have used up: that would be a 503, and rightly.
SETTINGS = {
    "INGEST_BODY_SECONDS": str(BODY_SECONDS),
    "INGEST_BODY_MEMORY_BYTES": str(BODY_MEMORY),
    "INGEST_UNACKED_BYTES": str(UNACKED),
    "INGEST_ACK_SECONDS": "60",
}
# MB: bodies twice (as they come, and in one piece), records twice (encoded, and in the producer's batches), the cut
# of one body of two million values, and the program itself.
BOUND = (2 * BODY_MEMORY + 2 * UNACKED) / 1e6 + 300 + 150


@dataclass
class Outcome:
    seed: int
    shots: int
    seconds: float = 0.0
    score: Score = field(default_factory=Score)
    felt: Felt = field(default_factory=Felt)
    watched: Watched = field(default_factory=Watched)
    taken: Taken = field(default_factory=Taken)
    crashes: int = 0

    @property
    def violations(self) -> list[str]:
        parts = (self.score, self.felt, self.watched, self.taken)
        found = [text for part in parts for text in part.violations]
        if self.crashes:
            found.append(f"{self.crashes} requests crashed, and were logged")
        return found


async def run(system: System, ingest: Service, *, shots: int, seed: int) -> Outcome:
    outcome = Outcome(seed, shots)
    others = (await system.key("ingest", Scope.READ), "cs_000000000000_" + "a" * 43, "", "cs_", "x" * 2_000, "\xff")
    gun = Gun(seed, key=system.keys.write, others=others)
    port = int(ingest.url.rpartition(":")[2])
    began, stop = time.monotonic(), asyncio.Event()
    body = text({"account_id": "watched", "name": "session.started"})
    beside = [
        asyncio.create_task(
            watching.watch(ingest.pid, port, gun, body=body, bound=BOUND, watched=outcome.watched, stop=stop)
        ),
        asyncio.create_task(connections.torment(port, key=system.keys.write, seed=seed, felt=outcome.felt, stop=stop)),
    ]
    draw = _drawing(gun, shots)
    await asyncio.gather(*(throw(port, draw, outcome.score.take) for _ in range(LINES)))
    stop.set()
    await asyncio.gather(*beside)
    outcome.seconds = time.monotonic() - began
    outcome.taken = await taken.check(system)
    outcome.crashes = len(ingest.said("request.crashed"))
    _count(outcome)
    return outcome


def _drawing(gun: Gun, shots: int):  # type: ignore[no-untyped-def]
    left = shots

    def draw() -> Shot | None:
        nonlocal left
        left -= 1
        return gun.next() if left >= 0 else None

    return draw


def _count(outcome: Outcome) -> None:
    """Everything that was accepted is on the log; what was cut short may be, too."""
    accepted = outcome.score.accepted + outcome.felt.accepted + outcome.watched.accepted
    surplus = outcome.taken.records - accepted
    if surplus < 0 or (surplus and not outcome.score.unanswered and not outcome.felt.said["ended"]):
        outcome.taken.violations.append(f"{accepted} events were accepted and {outcome.taken.records} are on the log")
