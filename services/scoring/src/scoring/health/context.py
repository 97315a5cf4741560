"""What metrics know of an account beside its events: its start, stage, seats, time zone and clock."""

from datetime import UTC, tzinfo
from math import inf
from typing import Final, Literal, final, get_args

from common.contracts.signals import Facts
from scoring.health.clock import WALL_CLOCK, Clock
from scoring.health.moments import day_number, local_midnight, zone_named

Stage = Literal["onboarding", "adoption", "renewal", "expansion"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)


@final
class Context:
    """`born` is when the account began: at its first record, or at its earliest history (infinity before the first).

    `start` is when its contract began, else `born`; both UTC. `stage` is an index into STAGES. `seats` is None while
    unknown.
    """

    __slots__ = ("born", "born_tau", "clock", "seats", "stage", "start", "zone")

    def __init__(self, born: float, start: float, stage: int, seats: float | None, zone: tzinfo, clock: Clock) -> None:
        self.born = born
        self.born_tau = clock.operational(born)
        self.start = start
        self.stage = stage
        self.seats = seats
        self.zone = zone
        self.clock = clock

    def same(self, other: "Context") -> bool:
        return (
            self.born == other.born
            and self.start == other.start
            and self.stage == other.stage
            and self.seats == other.seats
            and self.zone is other.zone
            and self.clock is other.clock
        )


def context_of(facts: Facts, *, born: float, default_stage: int, clock: Clock) -> Context:
    zone, start = zone_named(facts.time_zone), facts.contract_start
    stage = STAGES.index(facts.stage) if facts.stage in STAGES else default_stage
    return Context(
        born,
        born if start is None else local_midnight(day_number(start), zone),
        stage,
        facts.seats,
        zone,
        clock,
    )


UNKNOWN_CONTEXT: Final = Context(inf, inf, 0, None, UTC, WALL_CLOCK)
