"""The frozen values that the core returns."""

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct

from common.contracts.signals import (
    Band,
    Change,
    Forecast,
    Health,
    Level,
    MovingEvent,
    Part,
    Signal,
)
from scoring.health.context import Stage


class ReceiptMismatch(AssertionError):
    """Parts that do not add up to what they explain: a bug, never the data."""


class Day(Struct, frozen=True):
    """How a score moved within one day of the account's time zone (23 to 25 hours where clocks change).

    `since` is the last record or timer before it: silence from then on counts for this day. A closed day never comes
    back.
    """

    account_id: str
    day: date
    since: float
    before: float
    after: float
    parts: tuple[Part, ...]
    events: tuple[MovingEvent, ...]


class MonthEnd(Struct, frozen=True):
    """An account as it stood when a month ended where it is: the first event or timer after that brings it.

    `at` (UTC) is the month's last second. `dimensions` are points (0 to 100), None where nothing is available.
    `adoption` has the value of each metric of the dimension Adoption that has points.
    """

    account_id: str
    at: float
    score: float
    dimensions: dict[str, float | None]
    adoption: dict[str, float]


class HealthChange(Struct, frozen=True):
    """Band and stage as they changed at a moment (UTC), and the score at it."""

    at: float
    band: Band | None
    stage: Stage
    score: float


class RetractionResult(StrEnum):
    """What became of a retraction."""

    UNDONE = "undone"
    # The event set nothing that still counts: it never came or comes later, or a later one said something else.
    NOTHING_STANDING = "nothing_standing"
    # As far as the receipts still name the event: it was added to a decayed count.
    CANNOT_BE_UNDONE = "cannot_be_undone"


class Step(Struct, frozen=True):
    """What came of a record or of time: signals in the order in which they are told, and days and months it closed.

    `mismatches` counts receipts that did not add up, where the scorer was told to go on. `retraction` is there if the
    record was one. `changes` of band or stage are those that silence or the end of a request made on the way. What the
    last event changed is not among them.
    """

    signals: tuple[Signal, ...] = ()
    days: tuple[Day, ...] = ()
    mismatches: int = 0
    retraction: RetractionResult | None = None
    months: tuple[MonthEnd, ...] = ()
    changes: tuple[HealthChange, ...] = ()


class FlagUp(Struct, frozen=True):
    """`told` is false while a derived flag waits for its minimum duration, and of a flag that is never told.

    Its `cap` holds anyway; None if it caps nothing.
    `count` says for how many it is up (invoices, tickets), at most 32; `dropped` those given up for newer ones.
    """

    name: str
    since: datetime
    cap: float | None
    told: bool
    count: int = 1
    dropped: int = 0


class Missed(Struct, frozen=True):
    step: str
    due: datetime


class PendingBand(Struct, frozen=True):
    """A worse band whose line is crossed; it is told at `confirmed_at` if the score stays there.

    None if nobody knows when: a feed is paused.
    """

    band: Band
    since: datetime
    confirmed_at: datetime | None


class FeedHold(Struct, frozen=True):
    """Nothing comes from `source` since `since`, so what silence brings is shown and not told until `until`.

    None before the feed goes on.
    """

    source: str
    since: datetime
    until: datetime | None


class NextStage(Struct, frozen=True):
    """The stage that dates alone bring next, and when."""

    stage: str
    at: datetime


class JourneyPlace(Struct, frozen=True):
    """Where an account is in its journey. `posted` if somebody has said the stage, which then changes only so.

    `since` is when it came into the stage, None if an earlier version stored it. `days_to_renewal` counts the account's
    own days up to the last one of its contract, below 0 once that is over; None without a date.
    """

    stage: str
    since: datetime | None
    posted: bool
    next: NextStage | None
    days_to_renewal: int | None


class Summary(Struct, frozen=True):
    """What a list says of an account at `at`: the parts of its `View` with these names.

    `forecast` is None also if it was not asked for.
    """

    at: datetime
    health: Health
    level: Level
    forecast: Forecast | None
    missed: tuple[Missed, ...]


class View(Struct, frozen=True):
    """An account as it reads at `at`, if it was silent since its last event.

    `first_look` is when a signal is due that says what stands; None if none is waited for. `on_hold` while a feed is
    paused that speaks of the account, and some hours after it.
    """

    at: datetime
    health: Health
    level: Level
    change: Change
    dimensions: dict[str, float | None]
    forecast: Forecast | None
    flags: tuple[FlagUp, ...]
    missed: tuple[Missed, ...]
    episode: str | None
    pending: PendingBand | None
    journey: JourneyPlace
    first_look: datetime | None = None
    on_hold: FeedHold | None = None
