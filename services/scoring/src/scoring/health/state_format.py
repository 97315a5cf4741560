"""What is stored of an account, as values. Moments are UTC seconds; `state_encoding` writes the layout.

This file stays interpreted: mypyc drops the class keywords of msgspec Structs silently.
"""

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

from common.contracts.signals import Band, Facts, Health, Kind

# The first byte of every body.
FORMAT = 8
# In bodies of this format no account has a segment.
FORMAT_WITHOUT_SEGMENT = 7
# In bodies of this format nobody knows which sources spoke of the account.
FORMAT_WITHOUT_SOURCES = 6
# In bodies of this format no person has set a band, no account was told to be away, and no journey is known.
FORMAT_WITHOUT_JOURNEY = 5
# In bodies of this format no people are known and no value before the present one. No alert state says that the
# contract has ended, nor which event the highest ARR and the outcomes come from. No account waits for a first look, and
# no crossing has what its event said.
FORMAT_WITHOUT_FORMER_VALUES = 4
# In bodies of this format a flag has the moments of its last raising and its last clearing.
FORMAT_WITHOUT_MARKS = 3
# In bodies of this format plans of milestone steps have no weight. No card finds them: a definition of a milestone now
# says more, so it has another fingerprint. All else is as it is now.
FORMAT_WITHOUT_WEIGHTS = 2
# Bodies of this format do not say what was posted: everything was, up to the clock.
FORMAT_WITHOUT_POSTED = 1

# (source, event id), or silence@due.
Cause = tuple[str, str] | str


# A property of an event, and its value.
Said = tuple[str, str | float | bool]


class CausingEvent(NamedTuple):
    """What a signal says of the event that caused it: when it happened (UTC), and what it quotes of it."""

    happened: float
    said: tuple[Said, ...] = ()


class Crossing(NamedTuple):
    """A line crossed, or a flag raised: when and by what. `told` once it has been told, or needs no telling.

    `event` is None where silence crossed, and from the telling on.
    """

    since: float
    cause: Cause
    history: bool
    told: bool = False
    event: CausingEvent | None = None


class WithdrawnSignal(NamedTuple):
    """What was told (`kind`, `to`) of an event that was retracted; the cause of the crossing is that event."""

    kind: Kind
    to: str
    crossing: Crossing


class ArrOrigin(NamedTuple):
    """Where the highest ARR comes from: the hash of the event's id, and the highest before it. `told` as a contraction.

    `history` if that was told as history.
    """

    by: int
    former: float | None
    told: bool
    history: bool


class DecidedOutcome(NamedTuple):
    """The last event that decided an outcome: the hash of its id, and whether it was told as history."""

    by: int
    history: bool


class OverrideEntry(NamedTuple):
    """What an event of the moment `moment` says of a band that a person sets; `to` is None where it ends one.

    `until` is a moment (UTC) or, with `is_day`, the whole days since the epoch up to the date whose end counts.
    """

    moment: float
    by_event: int
    to: Band | None
    until: float = 0.0
    is_day: bool = False
    reason: str | None = None
    who: str | None = None


class HeldOverride(NamedTuple):
    """An override as it counts: `ends` is the whole second (UTC) at which it is over."""

    by_event: int
    to: Band
    ends: float
    reason: str | None = None
    who: str | None = None


class Mover(NamedTuple):
    """An event and the points by which it moved the score."""

    source: str
    event_id: str
    name: str
    time: datetime
    points: float


class JourneyTold(NamedTuple):
    """What of an account's journey was told. `is_new` while the account was in onboarding, within its days.

    `window` is the last day (whole days since the epoch) of the contract whose renewal window was told. `expanding`
    while the account was ready for expansion, which was told last at `expansion` (UTC). `value` is the event that
    brought first value.
    """

    is_new: bool = False
    window: int | None = None
    expanding: bool = False
    expansion: float | None = None
    value: DecidedOutcome | None = None


class StoredState(Struct, array_like=True):
    """`AlertState` without what is derived."""

    band: Band | None = None
    had_band: bool = False
    pending: dict[Band, Crossing] = field(default_factory=dict)
    flags: dict[str, Crossing] = field(default_factory=dict)
    missed: dict[str, float] = field(default_factory=dict)
    episode: str | None = None
    arr: float | None = None
    ended: bool = False
    arr_origin: ArrOrigin | None = None
    outcomes: dict[str, DecidedOutcome] = field(default_factory=dict)
    band_since: float | None = None
    override: HeldOverride | None = None
    journey: JourneyTold = JourneyTold()


class StoredRequest(Struct, array_like=True):
    """`OpenRequest`. `score` and `health` are None if nothing was before it."""

    since: float
    last: float
    before: StoredState
    score: float | None
    health: Health | None
    crossed: dict[str, Crossing]
    outcomes: list[tuple[str, Crossing]]
    cause: Cause
    history: bool
    touched: bool
    withdrawn: list[WithdrawnSignal] = field(default_factory=list)


class StoredFormerFacts(Struct, array_like=True):
    """`FormerFacts`. `writers` are grouped by event: its moment, the hash of its id, and the fields."""

    facts: Facts
    writers: list[tuple[float, int, list[str]]]


# What an event said of the days on which the account is closed: its moment, the hash of its id, first and last days.
StoredClosures = tuple[float, int, list[tuple[int, int]]]


class ToldClosure(NamedTuple):
    """What one `account.away` said: its first and last day since the epoch, and the hash of its id."""

    first: int
    last: int
    by: int


class StoredLedger(Struct, array_like=True):
    """`sums` are by driver, then by metric or flag."""

    since: float
    before: float
    after: float
    sums: dict[str, dict[str, float]] = field(default_factory=dict)
    movers: list[Mover] = field(default_factory=list)


class StoredDay(Struct, array_like=True):
    """`day` is whole days since the epoch, on the calendar of the account."""

    day: int
    ledger: StoredLedger


# Points (whole) and value of a metric; None while it had none.
FormerFigure = tuple[int | None, float | None]


class StoredPart(Struct, array_like=True):
    """One metric or flag: its state, None if it is as it began, and the points that are posted.

    `former` are the figures of a metric in the samples of former usage.
    """

    state: Any = None
    posted: float | None = None
    former: list[FormerFigure] = field(default_factory=list)


PERSON_FIELDS = ("name", "email", "role", "champion")


class StoredPerson(Struct, array_like=True):
    """`hour` (whole hours since the epoch) is that of their last event, `gone` that in which they left, else -1.

    `written` is the moment (UTC) at which each field was written last.
    """

    user_id: str
    hour: int
    name: str | None = None
    email: str | None = None
    role: str | None = None
    champion: bool = False
    gone: int = -1
    written: dict[str, float] = field(default_factory=dict)


class StoredLook(Struct, array_like=True):
    """`FirstLook`."""

    began: float
    due: float
    first: bool
    importing: bool
    provisional: bool


# Stands for no stage: the account has had no record.
NO_STAGE = -1


class StoredJourney(Struct, array_like=True):
    """`JourneyState`. `samples` has only the moments; the figures are in the parts of the metrics."""

    stage: int
    stage_since: float | None
    ready_since: float | None
    samples: list[float]


class StoredAccount(Struct, array_like=True):
    """`born` is None before the first record, `facts` are as events wrote them.

    `cap` is the flag whose cap was the score when all was posted last. `away` is what `Closures`
    dumps of the fact, `told_away` its closures by `account.away`; `overrides` is what `Overrides` dumps.
    `sources` are by name (see `feeds.Sources`).
    """

    born: float | None = None
    clock: float = 0.0
    facts: Facts = field(default_factory=Facts)
    writers: dict[str, tuple[float, int]] = field(default_factory=dict)
    state: StoredState = field(default_factory=StoredState)
    change: StoredLedger | None = None
    day: StoredDay | None = None
    cap: tuple[str, float] | None = None
    request: StoredRequest | None = None
    people: list[StoredPerson] = field(default_factory=list)
    away: tuple[list[StoredClosures], list[StoredClosures]] = ([], [])
    former_facts: StoredFormerFacts | None = None
    look: StoredLook | None = None
    overrides: tuple[list[OverrideEntry], list[OverrideEntry]] | None = None
    told_away: list[ToldClosure] = field(default_factory=list)
    journey: StoredJourney | None = None
    sources: dict[str, int] = field(default_factory=dict)


class UnknownFormat(ValueError):
    """A body that this version cannot read: another version wrote it."""


# Later fields are at the end, so that a former body reads as one without them.
_decode = msgspec.msgpack.Decoder(tuple[StoredAccount, dict[str, StoredPart]]).decode
_decode_first = msgspec.msgpack.Decoder(tuple[StoredAccount, dict[str, Any]]).decode


def decode(body: bytes) -> tuple[StoredAccount, dict[str, StoredPart]]:
    """The account, and each part by the fingerprint of its definition. Raises UnknownFormat."""
    known = body[0] if body else None
    if known is not None and FORMAT_WITHOUT_POSTED < known <= FORMAT:
        return _decode(memoryview(body)[1:])
    if known == FORMAT_WITHOUT_POSTED:
        account, states = _decode_first(memoryview(body)[1:])
        return account, {key: StoredPart(state) for key, state in states.items()}
    found = body[:1].hex() or "missing"
    raise UnknownFormat(f"format {found}, this version reads {FORMAT_WITHOUT_POSTED} to {FORMAT}")
