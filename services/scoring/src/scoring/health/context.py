"""What metrics know of an account beside its events: its start, stage, seats, time zone and clock."""

from datetime import UTC, tzinfo
from math import ceil, inf
from typing import Final, Literal, final, get_args

from common.contracts.signals import Facts
from scoring.health.clock import WALL_CLOCK, Clock
from scoring.health.moments import day_number, local_midnight, zone_named

Stage = Literal["onboarding", "adoption", "renewal", "expansion"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
_ONBOARDING: Final = STAGES.index("onboarding")


@final
class Context:
    """`born` is when the account began: at its first record, or at its earliest history (infinity before the first).

    `start` is when its contract began, else `born`; both UTC. `stage` is an index into STAGES, and `stage_ends` the
    whole second (UTC) at which time alone ends it. `seats` is None while unknown.
    """

    __slots__ = ("born", "born_tau", "clock", "seats", "stage", "stage_ends", "start", "zone")

    def __init__(
        self,
        born: float,
        start: float,
        stage: int,
        stage_ends: float,
        seats: float | None,
        zone: tzinfo,
        clock: Clock,
    ) -> None:
        self.born = born
        self.born_tau = clock.operational(born)
        self.start = start
        self.stage = stage
        self.stage_ends = stage_ends
        self.seats = seats
        self.zone = zone
        self.clock = clock

    def same(self, other: "Context") -> bool:
        return (
            self.born == other.born
            and self.start == other.start
            and self.stage == other.stage
            and self.stage_ends == other.stage_ends
            and self.seats == other.seats
            and self.zone is other.zone
            and self.clock is other.clock
        )


def context_of(facts: Facts, *, at: float, born: float, default_stage: int, onboarding: float, clock: Clock) -> Context:
    """The context at the UTC moment `at`. `onboarding` is how long an account is taken to be new, in seconds."""
    zone, start = zone_named(facts.time_zone), facts.contract_start
    stage, ends = default_stage, inf
    if facts.stage in STAGES:
        stage = STAGES.index(facts.stage)
    elif start is None and onboarding > 0.0 and born != inf:
        # Of an account of which nothing else is known the first days are those of a new customer.
        new_until = ceil(born + onboarding)
        if at < new_until:
            stage, ends = _ONBOARDING, float(new_until)
    return Context(
        born,
        born if start is None else local_midnight(day_number(start), zone),
        stage,
        ends,
        facts.seats,
        zone,
        clock,
    )


UNKNOWN_CONTEXT: Final = Context(inf, inf, 0, inf, None, UTC, WALL_CLOCK)
