"""Complete signals and message contents, for tests that care about a few of their fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

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
    Part,
    Quote,
    Receipt,
    Severity,
    Signal,
)

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
CARD = "0123456789abcdef"
BIRCH_FOODS = Facts(name="Birch Foods", tier="low")
DESK = Target(Channel.SLACK, "#cs-desk")
DANA = Target(Channel.EMAIL, "dana@example.com", person="dana@example.com")
SEVERITY = {Band.RED: Severity.CRITICAL, Band.YELLOW: Severity.WARNING, Band.GREEN: Severity.INFO}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """`build` makes a consistent signal, ids included.

    `was` is the band before, `band` the one after where `to` is none; `values` are what metrics stand at.
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
            before=Health(self.before, self.was or self._was(band), self.coverage, self.stage),
            after=Health(self.after, band, self.coverage, self.stage),
            receipt=Receipt(
                Level(self.after, self.after, level), Change(self.at, self.before, self.after, self.parts, events)
            ),
            facts=self.facts,
            forecast=self.forecast,
            history=self.history,
            said=self.said,
            happened_at=self.happened_at,
            contacts=self.contacts,
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
        return Severity.INFO if self.kind is Kind.OUTCOME else Severity.WARNING


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
