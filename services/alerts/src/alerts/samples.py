"""Complete signals and message contents, for tests that care about a few of their fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from alerts.messages.content import EarlierMessage, MessageContent
from alerts.routing.destination import Target
from common.contracts.ids import signal_id, silence
from common.contracts.signals import (
    Band,
    Change,
    Contact,
    Contribution,
    Driver,
    Facts,
    Forecast,
    Health,
    Kind,
    Level,
    MovingEvent,
    OpenCondition,
    Override,
    Part,
    PlannedStep,
    Quote,
    Receipt,
    Severity,
    Signal,
    UsageFigure,
    UsageReview,
)

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
CARD = "0123456789abcdef"
BIRCH_FOODS = Facts(name="Birch Foods", tier="low")
DESK = Target(Channel.SLACK, "#cs-desk")
DANA = Target(Channel.EMAIL, "dana@example.com", person="dana@example.com")
SEVERITY = {Band.RED: Severity.CRITICAL, Band.YELLOW: Severity.WARNING, Band.GREEN: Severity.INFO}
GOOD_NEWS = (Kind.OUTCOME, Kind.EXPANSION_READY, Kind.VALUE_REACHED)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """`build` makes a consistent signal, ids included.

    `was` is the band before, `band` the one after where `to` is none; `values` are what metrics stand at. `override` is
    that of the health after, `was_override` that of the health before.
    """

    account: str = "cust-001"
    kind: Kind = Kind.BAND
    to: str = "yellow"
    at: datetime = NOON
    before: float = 78.0
    after: float = 64.0
    parts: tuple[Part, ...] = (Part("logins", Driver.SILENCE, -14.0),)
    facts: Facts = BIRCH_FOODS
    severity: Severity | None = None
    event: MovingEvent | None = None
    history: bool = False
    was: Band | None = None
    band: Band = Band.YELLOW
    stage: str = "adoption"
    coverage: float = 1.0
    values: Mapping[str, float] = field(default_factory=dict)
    level: tuple[Contribution, ...] = ()
    forecast: Forecast | None = None
    episode: str | None = None
    said: tuple[Quote, ...] = ()
    happened_at: datetime | None = None
    contacts: tuple[Contact, ...] = ()
    standing: tuple[OpenCondition, ...] = ()
    review: UsageReview | None = None
    days: float | None = None
    arr_before: float | None = None
    override: Override | None = None
    was_override: Override | None = None

    def build(self) -> Signal:
        cause = self._cause()
        name = signal_id(self.account, CARD, self.kind, self.to, cause)
        events = (self.event,) if self.event else ()
        band = Band(self.to) if self.kind is Kind.BAND else self.band
        level = tuple(Contribution(metric, "adoption", 50.0, 0.0, 0.0, value) for metric, value in self.values.items())
        level += self.level
        return Signal(
            signal_id=name,
            account_id=self.account,
            episode=self.episode or name,
            card_id=CARD,
            kind=self.kind,
            severity=self.severity or self._severity(),
            to=self.to,
            cause=cause,
            at=self.at,
            since=self.at,
            before=Health(self.before, self.was or self._was(band), self.coverage, self.stage, self.was_override),
            after=Health(self.after, band, self.coverage, self.stage, self.override),
            receipt=Receipt(
                Level(self.after, self.after, level), Change(self.at, self.before, self.after, self.parts, events)
            ),
            facts=self.facts,
            forecast=self.forecast,
            history=self.history,
            said=self.said,
            happened_at=self.happened_at,
            contacts=self.contacts,
            standing=self.standing,
            review=self.review,
            days=self.days,
            arr_before=self.arr_before,
        )

    def _cause(self) -> tuple[str, str] | str:
        if self.event is not None:
            return self.event.source, self.event.event_id
        return silence(int(self.at.timestamp()))

    def _was(self, band: Band) -> Band:
        """A flag brings no band unless it is said to."""
        return band if self.kind is Kind.FLAG else Band.GREEN

    def _severity(self) -> Severity:
        if self.kind is Kind.BAND:
            return SEVERITY[Band(self.to)]
        return Severity.INFO if self.kind in GOOD_NEWS else Severity.WARNING


ACME = Facts(
    name="Acme", tier="high", owner="dana@example.com", arr=62_000.0, seats=40.0, contract_end=date(2025, 6, 12)
)
ANN = Contact("u1", NOON - timedelta(days=1, hours=3), "Ann Lee", "ann@acme.example", "CFO", champion=True)
REVIEW = UsageReview(
    figures=(
        UsageFigure("active_seats", "deployment", 88.0, 0.62, 90.0, 0.63),
        UsageFigure("logins", "engagement", 32.0, 3.6, 100.0, 14.0),
        UsageFigure("core_users", "adoption", 30.0, 0.18, 78.0, 0.43),
        UsageFigure("breadth", "adoption", 44.0, 0.32, 60.0, 0.4),
        UsageFigure("success_plan", "roi"),
    ),
    since=NOON - timedelta(days=30),
    active_people=11.6,
    promised=(
        PlannedStep("business_review", NOON + timedelta(days=12)),
        PlannedStep("first_value", NOON + timedelta(days=5)),
    ),
)
RENEWAL = Sample(
    kind=Kind.RENEWAL_WINDOW,
    to="open",
    facts=ACME,
    stage="renewal",
    after=58.0,
    was=Band.YELLOW,
    contacts=(ANN,),
    standing=(
        OpenCondition(Kind.BAND, "yellow", NOON - timedelta(days=9)),
        OpenCondition(Kind.FLAG, "payment_failed", NOON - timedelta(days=4)),
        OpenCondition(Kind.MILESTONE_MISSED, "sso_live", NOON - timedelta(days=20)),
        OpenCondition(Kind.FLAG, "open_tickets", NOON - timedelta(days=2), count=3),
    ),
    review=REVIEW,
)
EXPANSION = Sample(
    kind=Kind.EXPANSION_READY,
    to="expansion",
    facts=ACME,
    after=91.0,
    band=Band.GREEN,
    parts=(),
    contacts=(ANN,),
    level=(
        Contribution("active_seats", "deployment", 100.0, 0.2, 0.0, 0.92),
        Contribution("onboarding", "deployment", 100.0, 0.1, 0.0, 1.0),
        Contribution("core_users", "adoption", 96.0, 0.3, -1.0, 0.53),
        Contribution("logins", "engagement", 70.0, 0.2, -6.0, 7.2),
    ),
)
LATE = Sample(
    kind=Kind.ONBOARDING_LATE,
    to="onboarding",
    facts=ACME,
    stage="onboarding",
    days=14.0,
    standing=(
        OpenCondition(Kind.MILESTONE_MISSED, "sso_live", NOON - timedelta(days=23)),
        OpenCondition(Kind.MILESTONE_MISSED, "first_value", NOON - timedelta(days=14)),
    ),
)
VALUE = Sample(
    kind=Kind.VALUE_REACHED,
    to="first_value",
    facts=ACME,
    stage="onboarding",
    days=21.4,
    event=MovingEvent("web", "e-3", "milestone.reached", NOON, 4.0),
    happened_at=NOON,
    contacts=(ANN,),
)
CONTRACTED = Sample(
    kind=Kind.CONTRACTION,
    to="arr",
    facts=ACME,
    arr_before=90_000.0,
    event=MovingEvent("crm", "e-4", "contract.changed", NOON, -9.0),
)
BY_HAND = Override(Band.GREEN, NOON + timedelta(days=90), "merger, the new team starts in May", "theo@example.com")
OVERRIDDEN = Sample(
    to="green",
    before=58.0,
    after=58.0,
    was=Band.YELLOW,
    parts=(),
    facts=ACME,
    override=BY_HAND,
    event=MovingEvent("crm", "e-5", "health.overridden", NOON, 0.0),
)
JOURNEY = (RENEWAL, EXPANSION, LATE, VALUE)
"""One of each kind of the journey."""


def message_content(
    *signals: Signal,
    target: Target = DESK,
    reason: DecisionReason = DecisionReason.NEW,
    after: float = 3.0,
    first: EarlierMessage | None = None,
    last: EarlierMessage | None = None,
) -> MessageContent:
    """A message about `signals`, written `after` seconds after the first of them. `last` is `first` unless given."""
    now = signals[0].at.timestamp() + after
    return MessageContent("n-9", target, reason, signals, now, first, last or first)


def earlier_message(signal: Signal, notification_id: str = "n-1", thread: str | None = None) -> EarlierMessage:
    return EarlierMessage(notification_id, signal, signal.at.timestamp() + 3.0, thread)
