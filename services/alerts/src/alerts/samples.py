"""Signals made up whole, for tests that care about a few of their fields."""

from dataclasses import dataclass
from datetime import UTC, datetime

from common.contracts.ids import signal_id, silence
from common.contracts.signals import (
    Band,
    Change,
    Driver,
    Facts,
    Health,
    Kind,
    Level,
    MovingEvent,
    Part,
    Receipt,
    Severity,
    Signal,
)

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)
CARD = "0123456789abcdef"
BIRCH_FOODS = Facts(name="Birch Foods", tier="low")
SEVERITY = {Band.RED: Severity.CRITICAL, Band.YELLOW: Severity.WARNING, Band.GREEN: Severity.INFO}


@dataclass(frozen=True, kw_only=True)
class Sample:
    """`build` makes a signal of it that is consistent in itself, ids included."""

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

    def build(self) -> Signal:
        cause = self._cause()
        name = signal_id(self.account, CARD, self.kind, self.to, cause)
        events = (self.event,) if self.event else ()
        band = Band(self.to) if self.kind is Kind.BAND else Band.YELLOW
        return Signal(
            signal_id=name,
            account_id=self.account,
            episode=name,
            card_id=CARD,
            kind=self.kind,
            severity=self.severity or self._severity(),
            to=self.to,
            cause=cause,
            at=self.at,
            since=self.at,
            before=Health(self.before, Band.GREEN, 1.0, "adoption"),
            after=Health(self.after, band, 1.0, "adoption"),
            receipt=Receipt(
                Level(self.after, self.after, ()), Change(self.at, self.before, self.after, self.parts, events)
            ),
            facts=self.facts,
            history=self.history,
        )

    def _cause(self) -> tuple[str, str] | str:
        if self.event is not None:
            return self.event.source, self.event.event_id
        return silence(int(self.at.timestamp()))

    def _severity(self) -> Severity:
        if self.kind is Kind.BAND:
            return SEVERITY[Band(self.to)]
        return Severity.INFO if self.kind is Kind.OUTCOME else Severity.WARNING
