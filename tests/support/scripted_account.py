"""Small cards and one account whose events a test scripts day by day."""

from typing import Any

from msgspec.structs import replace

from common.contracts.signals import Band, Kind, Signal
from scoring.cards.country_days import country_days
from scoring.health.card import Bands, Card, Flag, Outcome
from scoring.health.context import STAGES
from scoring.health.metrics.definition import Dimension, Knots, MetricDefinition
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.scorer import Scorer
from scoring.health.view import Step, View
from support.random_cases import event

DAY = 86_400.0
# A Wednesday, midnight UTC.
DAWN = 1_704_844_800.0
IDENTITY: Knots = ((0.0, 0.0), (100.0, 100.0))
# Points double as the value's distance in doublings: 1 is 0, 2 is 10, up to 1024.
DOUBLINGS: Knots = ((1.0, 0.0), (1024.0, 100.0))

# The score is what was read last, for ever.
MOOD = Gauge(name="mood", dimension="engagement", events=("mood.read",), curves={"default": IDENTITY})
# It falls by a point a day from 100 on, without a hold.
SLIDE = Gauge(
    name="mood", dimension="engagement", events=("mood.read",), curves={"default": IDENTITY}, ttl=100.0, neutral=0.0
)


def card(
    *metrics: MetricDefinition,
    bands: Bands | None = None,
    flags: tuple[Flag, ...] = (),
    min_coverage: float = 0.0,
    weights: dict[Dimension, float] | None = None,
    by_stage: dict[str, Bands] | None = None,
) -> Card:
    """Red 40, yellow 70, hysteresis 8, two days of patience, unless said otherwise; all stages weigh alike."""
    even: dict[Dimension, float] = {"deployment": 25, "engagement": 25, "adoption": 25, "roi": 25}
    return Card(
        version=1,
        metrics=metrics,
        weights={stage: weights or even for stage in STAGES},
        bands={"default": bands or Bands(red=40, yellow=70), **(by_stage or {})},
        flags=flags,
        outcomes=(Outcome(name="renewed", events=("contract.renewed",)),),
        min_coverage=min_coverage,
    )


class ScriptedAccount:
    """One account. Days count from DAWN and may be fractions; events are named e1, e2 and so on."""

    def __init__(self, told_by: Card) -> None:
        self.scorer = Scorer(told_by, "card", calendars=country_days)
        self.account = self.scorer.create("acme")
        self._events = 0

    def does(
        self,
        event_name: str,
        day: float,
        /,
        *,
        late: float = 0.0,
        history: bool = False,
        more: bool = False,
        **properties: Any,
    ) -> Step:
        """`late` is days between the event and its record; `more` if another event of the same request follows."""
        self._events += 1
        at = DAWN + day * DAY
        event_id = f"e{self._events}"
        happened = event(event_name, at - late * DAY, event_id=event_id, history=history, more=more, **properties)
        return self.scorer.apply(self.account, happened, at)

    def retracts(self, event_id: str, day: float) -> Step:
        """Takes back an earlier event."""
        self._events += 1
        at = DAWN + day * DAY
        happened = event("event.retracted", at, event_id=f"e{self._events}")
        return self.scorer.apply(self.account, replace(happened, properties={"event_id": event_id}), at)

    def waits(self, day: float) -> Step:
        return self.scorer.advance(self.account, DAWN + day * DAY)

    def looks(self, day: float) -> View:
        return self.scorer.view(self.account, DAWN + day * DAY)

    def score(self, day: float) -> float:
        return self.looks(day).health.score

    def points(self, metric: str, day: float) -> float | None:
        found = [c.points for c in self.looks(day).level.contributions if c.metric == metric]
        return found[0] if found else None

    def value(self, metric: str, day: float) -> float | None:
        return next(c.value for c in self.looks(day).level.contributions if c.metric == metric)

    @property
    def band(self) -> Band | None:
        return self.account.band


def told(step: Step) -> list[str]:
    """What a step told, as "kind to"; of a flag that brings a band, "kind to: band"."""
    return [tell(signal) for signal in step.signals]


def tell(signal: Signal) -> str:
    brings = f": {signal.told_band}" if signal.kind is Kind.FLAG and signal.told_band else ""
    return f"{signal.kind} {signal.to}{brings}"


def curved(curve: Knots = DOUBLINGS) -> dict[str, Any]:
    return {"dimension": "adoption", "curves": {"default": curve}}


def scripted(*metrics: MetricDefinition) -> ScriptedAccount:
    return ScriptedAccount(card(*metrics))
