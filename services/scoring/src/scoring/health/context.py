"""What metrics know of an account beside its events: its start, stage, seats, time zone and clock."""

from datetime import UTC, tzinfo
from math import inf
from typing import Final, Literal, final, get_args

from common.contracts.signals import Facts
from scoring.health.clock import WALL_CLOCK, Clock
from scoring.health.moments import day_number, local_midnight, zone_named

Stage = Literal["onboarding", "adoption", "renewal", "expansion"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
ONBOARDING: Final = STAGES.index("onboarding")
RENEWAL: Final = STAGES.index("renewal")
EXPANSION: Final = STAGES.index("expansion")
NOT_POSTED: Final = -1


@final
class StageDates:
    """What decides the stage of an account: what was posted, and the moments at which dates and deeds change it.

    All moments are whole seconds (UTC). `window` is when the renewal window opens, infinity for never. `new_until` is
    when the days of onboarding are over, minus infinity if the account is not new or its steps are done. `expansion` is
    when the account will have been ready for expansion for long enough, infinity while it is not ready. `posted` (or
    NOT_POSTED) and `default` are indices into STAGES.
    """

    __slots__ = ("default", "expansion", "new_until", "posted", "window")

    def __init__(self, default: int, posted: int, window: float, new_until: float, expansion: float) -> None:
        self.default = default
        self.posted = posted
        self.window = window
        self.new_until = new_until
        self.expansion = expansion

    def stage_at(self, at: float) -> int:
        """The stage at the UTC moment `at`: the posted one, else renewal, then onboarding, then expansion."""
        if self.posted != NOT_POSTED:
            return self.posted
        if at >= self.window:
            return RENEWAL
        if at < self.new_until:
            return ONBOARDING
        return EXPANSION if at >= self.expansion else self.default

    def is_new_at(self, at: float) -> bool:
        """Whether the account is in the stage onboarding and the days of onboarding are not over."""
        return at < self.new_until and self.stage_at(at) == ONBOARDING

    def next_after(self, at: float) -> float:
        """When time alone next changes the stage, opens the renewal window, or ends the days of onboarding."""
        found = self.window if at < self.window else inf
        if self.is_new_at(at):
            return min(found, self.new_until)
        if self.posted == NOT_POSTED and at < self.window and at < self.expansion:
            return min(found, self.expansion)
        return found

    def same(self, other: "StageDates") -> bool:
        return (
            self.default == other.default
            and self.posted == other.posted
            and self.window == other.window
            and self.new_until == other.new_until
            and self.expansion == other.expansion
        )


NO_STAGE_DATES: Final = StageDates(0, NOT_POSTED, inf, -inf, inf)


@final
class Context:
    """`born` is when the account began: at its first record, or at its earliest history (infinity before the first).

    `start` is when its contract began, else `born`; both UTC. `stage` is an index into STAGES. `stage_ends` is the
    whole second (UTC) at which time alone next ends the stage, opens the renewal window (`window_open`) or ends the
    days of onboarding (`is_new`). `seats` is None while unknown.
    """

    __slots__ = (
        "born", "born_tau", "clock", "is_new", "seats", "stage", "stage_dates", "stage_ends", "start",
        "window_open", "zone",
    )  # fmt: skip

    def __init__(
        self,
        born: float,
        start: float,
        stage: int,
        stage_ends: float,
        seats: float | None,
        zone: tzinfo,
        clock: Clock,
        stage_dates: StageDates = NO_STAGE_DATES,
        window_open: bool = False,
        is_new: bool = False,
    ) -> None:
        self.born = born
        self.born_tau = clock.operational(born)
        self.start = start
        self.stage = stage
        self.stage_ends = stage_ends
        self.seats = seats
        self.zone = zone
        self.clock = clock
        self.stage_dates = stage_dates
        self.window_open = window_open
        self.is_new = is_new

    def same(self, other: "Context") -> bool:
        return (
            self.born == other.born
            and self.start == other.start
            and self.stage == other.stage
            and self.stage_ends == other.stage_ends
            and self.seats == other.seats
            and self.zone is other.zone
            and self.clock is other.clock
            and self.window_open == other.window_open
            and self.is_new == other.is_new
            and self.stage_dates.same(other.stage_dates)
        )


def context_of(facts: Facts, *, at: float, born: float, stage_dates: StageDates, clock: Clock) -> Context:
    """The context at the UTC moment `at`."""
    zone, start = zone_named(facts.time_zone), facts.contract_start
    return Context(
        born,
        born if start is None else local_midnight(day_number(start), zone),
        stage_dates.stage_at(at),
        stage_dates.next_after(at),
        facts.seats,
        zone,
        clock,
        stage_dates,
        at >= stage_dates.window,
        stage_dates.is_new_at(at),
    )


UNKNOWN_CONTEXT: Final = Context(inf, inf, 0, inf, None, UTC, WALL_CLOCK)
