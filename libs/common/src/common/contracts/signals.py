"""Records of the topic `account.signals.v1`: signals, changed facts, ticks, erasures, and `CaughtUp`.

Consumers look nothing up: a signal contains the health before and after, the receipt, the forecast and the account's
facts at that moment. Points are 0 to 100, moments are UTC.
"""

from datetime import date, datetime
from enum import StrEnum

import msgspec
from msgspec import Struct

from common.contracts.events import Erasure, Lifting, MentionsErased, Tick


class Band(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    INSUFFICIENT = "insufficient_data"


class Kind(StrEnum):
    BAND = "band"
    FLAG = "flag"
    MILESTONE_MISSED = "milestone_missed"
    OUTCOME = "outcome"
    CONTRACTION = "contraction"
    FIRST_LOOK = "first_look"
    RETRACTED = "retracted"
    RENEWAL_WINDOW = "renewal_window"
    EXPANSION_READY = "expansion_ready"
    ONBOARDING_LATE = "onboarding_late"
    VALUE_REACHED = "value_reached"


class Severity(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Driver(StrEnum):
    """What moved a score: the passing of time, an event, a change of weights, or a cap."""

    SILENCE = "silence"
    EVENT = "event"
    CONTEXT = "context"
    CAP = "cap"


class Status(StrEnum):
    """Whether the account is a customer: `leaving` has asked to cancel, the contract of `churned` has ended."""

    ACTIVE = "active"
    LEAVING = "leaving"
    CHURNED = "churned"


class Facts(Struct, frozen=True, omit_defaults=True):
    """What is known of the account. `owner` is an e-mail address; `arr` is in the deployment's only currency.

    `country` is ISO 3166-1, `currency` is what the account pays in (ISO 4217). `merged_into` is the account that this
    one goes on as; None for one that was not merged. `segment` is the kind of customer, in the company's own words.
    """

    name: str | None = None
    tier: str | None = None
    owner: str | None = None
    arr: float | None = None
    seats: float | None = None
    contract_start: date | None = None
    contract_end: date | None = None
    stage: str | None = None
    time_zone: str | None = None
    language: str | None = None
    parent: str | None = None
    status: Status = Status.ACTIVE
    country: str | None = None
    currency: str | None = None
    merged_into: str | None = None
    segment: str | None = None


class Override(Struct, frozen=True, omit_defaults=True):
    """A band that a person has set in place of the scored one, `until` a moment. `by` is whoever did, if known."""

    to: Band
    until: datetime
    reason: str | None = None
    by: str | None = None


class Health(Struct, frozen=True, omit_defaults=True):
    """Score (0 to 100) and band at one moment. `coverage` (0 to 1) is the share of the weight that had evidence.

    `override` is there while a person has set the band; the score stays what the metrics say.
    """

    score: float
    band: Band
    coverage: float
    stage: str
    override: Override | None = None


class Contribution(Struct, frozen=True):
    """One metric's part of a score: `weight` (0 to 1) times (`points` minus the reference).

    A cap is a contribution too: it has the dimension "cap", the name of its flag, and weight 0.
    """

    metric: str
    dimension: str
    points: float
    weight: float
    contribution: float
    value: float | None = None


class Level(Struct, frozen=True):
    """The score explained: `score` = `reference` + the sum of all contributions, exactly."""

    score: float
    reference: float
    contributions: tuple[Contribution, ...]


class Part(Struct, frozen=True):
    """By how many points one metric (or flag, for a cap) moved the score for one driver."""

    metric: str
    driver: Driver
    points: float


class MovingEvent(Struct, frozen=True):
    """One of the events that moved the score most within a change."""

    source: str
    event_id: str
    name: str
    time: datetime
    points: float


class Change(Struct, frozen=True):
    """How the score went from `before` (at `since`) to `after`; the parts add up to the difference."""

    since: datetime
    before: float
    after: float
    parts: tuple[Part, ...]
    events: tuple[MovingEvent, ...]


class Receipt(Struct, frozen=True):
    level: Level
    change: Change


class Forecast(Struct, frozen=True):
    """The next band, and when the account would reach it if it stayed silent."""

    band: Band
    at: datetime


class OpenCondition(Struct, frozen=True, omit_defaults=True):
    """What stands: the band, an open flag or a missed step, and since when it has been so.

    `count` says for how many a flag is up, such as open tickets.
    """

    kind: Kind
    to: str
    since: datetime
    count: int = 1


class UsageFigure(Struct, frozen=True, omit_defaults=True):
    """A metric now and as it was; points are 0 to 100, None while the metric has none."""

    metric: str
    dimension: str
    points: float | None = None
    value: float | None = None
    former_points: float | None = None
    former_value: float | None = None


class PlannedStep(Struct, frozen=True):
    """A milestone step that is promised and not done."""

    step: str
    due: datetime


class UsageReview(Struct, frozen=True, omit_defaults=True):
    """What to look at before a renewal. The former figures are those of `since`; None if there are none.

    `active_people` is how many people were active lately, None if no metric counts them.
    """

    figures: tuple[UsageFigure, ...]
    since: datetime | None = None
    active_people: float | None = None
    promised: tuple[PlannedStep, ...] = ()


class Contact(Struct, frozen=True, omit_defaults=True):
    """Somebody at the customer who can be called. `last_seen` is the time of their last event."""

    user_id: str
    last_seen: datetime
    name: str | None = None
    email: str | None = None
    role: str | None = None
    champion: bool = False


class Quote(Struct, frozen=True):
    """A property of the event that crossed a line, such as the reason of a cancellation."""

    name: str
    value: str | float | bool


class Signal(Struct, frozen=True, tag="signal"):
    """One change of an account's alert state. `since` is when the line was crossed, `at` when that was confirmed.

    `cause` is `[source, event_id]` or `silence@<due, RFC 3339>`; `episode` is the id of the signal that opened it.
    `contacts` are the champions and whoever was active last, five at most. `said` quotes the event that crossed the
    line, and `happened_at` is its time; neither is there where silence crossed it. By kind:

    - a flag, `to` its name: `before` and `after` differ in band only if it brings that; no other signal tells it;
    - a contraction, `to` is `arr`: `arr_before` is what the contract was worth, the facts say what it is worth now;
    - a first look, `to` the band: `standing` is all that is open, the gravest first;
    - a renewal window, `to` is `open`: `standing` too, and the usage `review`;
    - a late onboarding, `to` is `onboarding`: `standing` are the steps not done, and it is so many `days` late;
    - a reached value, `to` the step: it took so many `days` from the start;
    - readiness for expansion, `to` is `expansion`.
    """

    signal_id: str
    account_id: str
    episode: str
    card_id: str
    kind: Kind
    severity: Severity
    to: str
    cause: tuple[str, str] | str
    at: datetime
    since: datetime
    before: Health | None
    after: Health
    receipt: Receipt
    facts: Facts
    forecast: Forecast | None = None
    history: bool = False
    arr_before: float | None = None
    standing: tuple[OpenCondition, ...] = ()
    contacts: tuple[Contact, ...] = ()
    said: tuple[Quote, ...] = ()
    happened_at: datetime | None = None
    review: UsageReview | None = None
    days: float | None = None

    @property
    def told_band(self) -> Band | None:
        """The band that this tells, by itself or with the flag that brings it; None if it tells none."""
        if self.kind is Kind.BAND:
            return Band(self.to)
        if self.kind is not Kind.FLAG or self.before is None or self.before.band is self.after.band:
            return None
        return self.after.band


class CaughtUp(Struct, frozen=True, tag="caught_up"):
    """Scoring has published every signal that was due in this partition up to this record's time."""

    partition: int


class FactsChanged(Struct, frozen=True, tag="facts_changed"):
    """What is known of an account from now on: name, owner, tier, ARR, language, time zone or parent has changed.

    Or the account was merged into another one, or a merge was taken back.
    """

    account_id: str
    facts: Facts


SignalsRecord = Signal | FactsChanged | CaughtUp | Tick | Erasure | Lifting | MentionsErased
"""Here a tick is appended by alerts (wall mode), or scoring forwards one that it read (stream mode).

Scoring forwards each erasure, and its lifting, in order with the account's signals.
"""

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[SignalsRecord] = msgspec.json.Decoder(SignalsRecord)


def encode_signals_record(record: SignalsRecord) -> bytes:
    return _encoder.encode(record)


def decode_signals_record(body: bytes) -> SignalsRecord:
    """Raises `msgspec.DecodeError` for anything else."""
    try:
        return _decoder.decode(body)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec does not wrap these
        raise msgspec.DecodeError(str(error)) from error
