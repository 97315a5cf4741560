"""What the read API answers, as it goes over the wire. Points are 0 to 100, moments are UTC."""

from datetime import date, datetime

from msgspec import Struct

from common.contracts.signals import (
    Band,
    Contact,
    Contribution,
    Facts,
    Health,
    Kind,
    MovingEvent,
    Override,
    Part,
    Severity,
)
from scoring.api.account_reader import DaysAway
from scoring.api.delay import Delay
from scoring.health.view import FeedHold, FlagUp, JourneyPlace, Missed, PendingBand
from scoring.postgres.people import PersonOfAccount
from scoring.postgres.queries import AccountStatus


class Ahead(Struct, frozen=True):
    """The next band and when it would be told, if the account stays silent. `words` are on the account's own clock."""

    band: Band
    at: datetime
    time_zone: str
    words: str


class Moved(Struct, frozen=True):
    """How a score got from `before` (at `since`) to `after`: the parts add up to the difference."""

    words: str
    since: datetime
    before: float
    after: float
    parts: tuple[Part, ...]
    events: tuple[MovingEvent, ...]


class ScoreOnDay(Struct, frozen=True):
    """The score at the end of a day of the account's time zone; of the last one so far."""

    day: date
    score: float


class Reason(Struct, frozen=True):
    """What lowers or raises a score: `name` is that of a metric or a flag in the card."""

    name: str
    points: int
    words: str


class Listed(Struct, frozen=True, kw_only=True):
    """One account of a list. With an `error` there is no health: its state could not be read.

    `override` while a person has set the band. `reasons` are what `drivers` say, with their names in the card. `trend`
    is there if `trend_days` ask for it, the oldest first: days without a change are left out.
    """

    account_id: str
    name: str | None
    tier: str | None
    owner: str | None
    arr: float | None
    contract_end: date | None
    stage: str | None
    status: AccountStatus
    parent: str | None = None
    band: Band | None = None
    score: float | None = None
    override: Override | None = None
    coverage: float | None = None
    drivers: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    trend: tuple[ScoreOnDay, ...] | None = None
    forecast: Ahead | None = None
    as_of: datetime
    error: str | None = None


class Accounts(Struct, frozen=True, kw_only=True):
    """`total` match the filter; `as_of` is the earliest of the rows'; `next_cursor` is null on the last page.

    `held` says why `as_of` is not now; null if it is. `ordered_as_of` is the moment whose scores the order follows;
    null while there is no ranking yet (then by account id), and in orders that follow no score: those are of now.
    """

    accounts: tuple[Listed, ...]
    total: int
    limit: int
    next_cursor: str | None
    as_of: datetime
    ordered_as_of: datetime | None
    held: Delay | None


class ChildAccount(Struct, frozen=True):
    """One of the accounts below another. Without a score its state could not be read, or no ranking has it yet."""

    account_id: str
    name: str | None
    score: float | None
    band: Band | None
    arr: float | None


class Children(Struct, frozen=True, kw_only=True):
    """The accounts below one: those that name it as their parent, those that name these, and so on, ten deep.

    `churned` of them have left, and are in no other figure; merged ones are in none. `score` is the mean weighed by
    ARR, without those of insufficient data; who has no known ARR weighs as much as the others do on average.
    `arr_at_risk` is the ARR of red and yellow ones. `worst` are five at most, by band, then by score. More than 1,000
    are not `exact`: then scores are those of the last ranking. Not `complete` if there are deeper ones, or more than
    50,000. `cycle` if the account is below itself. `as_of` is the earliest moment of the scores.
    """

    count: int
    churned: int
    unreadable: int
    arr: float
    arr_unknown: int
    arr_at_risk: float
    score: float | None
    bands: dict[Band, int]
    worst: tuple[ChildAccount, ...]
    exact: bool
    complete: bool
    cycle: bool
    as_of: datetime


class NamedParent(Struct, frozen=True, kw_only=True):
    """An id of which no event has come, and which other accounts name as their parent: it has no health of its own."""

    account_id: str
    children: Children
    as_of: datetime
    held: Delay | None


class AccountLink(Struct, frozen=True):
    """Another account, and the path at which this API has it."""

    account_id: str
    path: str


class BandThresholds(Struct, frozen=True):
    """Where the bands of the account's stage begin: red below `red`, yellow below `yellow`.

    A band is left at its line plus `hysteresis`. With less coverage than `min_coverage` (0 to 1) there is no band.
    """

    red: float
    yellow: float
    hysteresis: float
    min_coverage: float


class Account(Struct, frozen=True, kw_only=True):
    """One account as it reads at `as_of`, if it was silent since `clock`.

    `band_words` say why the band is what it is, `lines` where bands begin, and `override` is there while a person has
    set it. `children` roll up the accounts below this one; null if there are none. `drivers` are what lies between
    the best score and this one, the largest first; `change` is since the last band told. `journey` says where in it
    the account is, and what comes next by dates alone. `away` are the days on which the account is closed.
    `contacts` are the champions and whoever was active last, five at most; `last_seen` is to the hour. `held` says
    why this is not how it stands now, but up to where scoring has come; null if it is. `first_look` is when a
    signal is due that says what stands, and until then nothing is told of a band, a missed step or a derived flag;
    null if none is waited for. `on_hold` says that the feed of a source is silent, since when, and until when
    nothing is told that silence brings; null if none is. `merged_into` is the account that a merged one goes on as,
    which may have been merged itself; null for any other.
    """

    account_id: str
    score: float
    band: Band
    band_words: str
    lines: BandThresholds
    override: Override | None
    coverage: float
    stage: str
    status: AccountStatus
    merged_into: AccountLink | None
    dimensions: dict[str, float | None]
    drivers: tuple[str, ...]
    forecast: Ahead | None
    change: Moved
    flags: tuple[FlagUp, ...]
    missed: tuple[Missed, ...]
    pending: PendingBand | None
    journey: JourneyPlace
    first_look: datetime | None
    on_hold: FeedHold | None
    episode: str | None
    facts: Facts
    away: tuple[DaysAway, ...]
    contacts: tuple[Contact, ...]
    children: Children | None
    card_id: str
    clock: datetime
    as_of: datetime
    held: Delay | None


class AccountPeople(Struct, frozen=True, kw_only=True):
    """Those seen last come first, 500 at most; `next_cursor` is null on the last page."""

    account_id: str
    people: tuple[PersonOfAccount, ...]
    next_cursor: str | None


class AccountEntry(Struct, frozen=True, kw_only=True):
    """What one event said, or how the band or the stage changed (`health.changed`).

    `said` are the facts by their names, or what `name` brings. `at` is when it happened, `known_at` when it was known.
    `person` is the user of an answer or of a ticket's event, and `words` are what they wrote, cut after 500 characters.
    `retracted_at` is when it was taken back; null if it stands.
    """

    name: str
    at: datetime
    known_at: datetime
    person: str | None
    said: dict[str, str | float | None]
    words: str | None
    retracted_at: datetime | None


class AccountEntries(Struct, frozen=True, kw_only=True):
    """The newest in the log first; `next_cursor` is null on the last page."""

    account_id: str
    entries: tuple[AccountEntry, ...]
    next_cursor: str | None


class HistoryDay(Struct, frozen=True):
    """A day in the account's time zone. Silence is booked on the day on which it is seen: `since` may lie before."""

    day: date
    since: datetime
    before: float
    after: float
    parts: tuple[Part, ...]
    events: tuple[MovingEvent, ...]


class HistorySignal(Struct, frozen=True, kw_only=True):
    """A signal as it was told. `history` if it came of an import and woke nobody."""

    signal_id: str
    kind: Kind
    severity: Severity
    to: str
    arr_before: float | None = None
    at: datetime
    since: datetime
    cause: tuple[str, str] | str
    episode: str
    before: Health | None
    after: Health
    words: str
    history: bool


class History(Struct, frozen=True, kw_only=True):
    """Newest first. More of either lies before the oldest shown where `more_` says so."""

    account_id: str
    days: tuple[HistoryDay, ...]
    more_days: bool
    signals: tuple[HistorySignal, ...]
    more_signals: bool
    clock: datetime
    as_of: datetime


class LevelNow(Struct, frozen=True):
    """Why the score is what it is: `sum` is the reference and all contributions added up, which is the score."""

    score: float
    reference: float
    contributions: tuple[Contribution, ...]
    sum: float


class SignalReceipt(Struct, frozen=True, kw_only=True):
    signal_id: str
    kind: Kind
    to: str
    at: datetime
    change: Moved


class Receipts(Struct, frozen=True, kw_only=True):
    """The level now, and the change that came with each signal, newest first.

    `override` while a person has set the band: then it is not what the level says. `on_hold` while silence is not told.
    """

    account_id: str
    level: LevelNow
    override: Override | None
    on_hold: FeedHold | None
    signals: tuple[SignalReceipt, ...]
    more_signals: bool
    card_id: str
    clock: datetime
    as_of: datetime


class StateExport(Struct, frozen=True):
    """The state of an account in an export: its health now, the receipt of its score, and its facts.

    `facts_learned` says at which moment (event time) each fact was last said, where an event said it.
    """

    health: Account
    level: LevelNow
    facts_learned: dict[str, datetime]


class UnreadableStateExport(Struct, frozen=True):
    """The state was written by another version of scoring; everything else of the account is in the export."""

    error: str


class Announced(Struct, frozen=True, omit_defaults=True):
    """A record about everybody. It took effect in `applied` of `partitions`; `number` grows from one to the next."""

    id: str
    kind: str
    source: str
    number: int
    filed_at: datetime
    applied: int
    partitions: int
    since: datetime | None = None


class Announcements(Struct, frozen=True):
    """The newest first."""

    announcements: tuple[Announced, ...]
