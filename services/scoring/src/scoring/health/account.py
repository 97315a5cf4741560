"""One account as the core keeps it in memory."""

from math import inf
from typing import TYPE_CHECKING, Final, final

from common.contracts.signals import Band, Facts
from scoring.health.alert_state import AlertState
from scoring.health.closures import Closures
from scoring.health.context import STAGES, UNKNOWN_CONTEXT, Context, Stage
from scoring.health.feeds import NO_PAUSES, FeedPause, Pauses, Sources
from scoring.health.flag import AccountFlag
from scoring.health.former_facts import FormerFacts, Writers
from scoring.health.journey import JourneyState
from scoring.health.ledger import Ledger
from scoring.health.metrics.metric import Metric
from scoring.health.overrides import Overrides
from scoring.health.people import KnownPeople
from scoring.health.readiness import ExpansionReadiness
from scoring.health.request import OpenRequest
from scoring.health.state_format import HeldOverride
from scoring.health.trajectory import Trajectory
from scoring.health.weights import NO_WEIGHTS, Weights

if TYPE_CHECKING:
    from scoring.health.first_look import FirstLook
    from scoring.health.model import CardModel


@final
class Horizon:
    """How far the score of an account is one straight line.

    From operational time `origin` on the weighted mean is `mean + slope * (tau - origin)` and the lowest cap is
    `cap + cap_slope * (tau - origin)` until a segment ends, at `segments_end`. Silence changes nothing before `wake`
    (UTC); if `exact`, it changes the alert state at that very second. Until `incremental_until` (UTC) an event can be
    applied by what it moves alone.
    """

    __slots__ = ("cap", "cap_slope", "exact", "incremental_until", "mean", "origin", "segments_end", "slope", "wake")

    def __init__(self) -> None:
        self.origin = 0.0
        self.mean = 0.0
        self.slope = 0.0
        self.cap = inf
        self.cap_slope = 0.0
        self.segments_end = -inf
        self.wake = inf
        self.exact = False
        self.incremental_until = -inf


NO_CAP: Final = -1
# Stands for no set of metrics, so the next evaluation looks the weights up.
NOT_EVALUATED: Final = -1


@final
class Account:
    """Changed in place. Each group of fields has one module that writes it:

    - `feeding`: what events say. `born` (when it began: its first record or its earliest history, infinity before the
      first), `posted` (the facts as events wrote them), `facts` (those, with a tier by ARR where none was posted),
      `away` (its closures), `overrides`, `writers` (who wrote each fact), `former_facts`, `context`, `journey` (since
      when it is in its stage, and former usage), and the states of metrics and flags. `open_steps` are the milestone
      steps of the stage that are not done (due in UTC, name), `told_steps` those of them whose miss is a signal.
    - `evaluation`: where that stands at one moment. `mean`, `score`, `capped_by` (a flag's index or NO_CAP),
      `available` (bit i is metric i), `weights`.
    - `posting`: the ledgers. `day` (of the account's day `day_number`, whole days since the epoch, which ends at
      `day_end`, UTC), `change` (since the last band told), and up to where they are posted: `posted_weights`,
      `posted_cap` (a flag's name or ""), `posted_cost` (what that cap took).
    - `transitions`: `state`; only the open episode is written where its signal is made, and what was told of a
      retracted event is taken back in a module of its own.
    - `incremental`: `horizon`.
    - `silence`: `clock`, the time of the last record or timer (UTC).
    - `telling`: `request` while one is open, and `closes_at`, when silence closes it (UTC, infinity if none is open).
    - `scorer`: `people`, `sources` (who spoke of it last), `pauses` (of the feeds of its partition), and `hold`, which
      is those of them that hold it as one (None if none does).
    - `first_look`: `look` while one is waited for, and `look_at`, when it is due (UTC, infinity if none is).

    `state_encoding` keeps `born`, `posted`, `away`, `overrides`, `writers`, `former_facts`, `people`, `sources`, the
    ledgers, `state`, `clock`, `request`, `look`, `journey` and the states of metrics and flags; all else is derived.
    `metrics` are in the card's order. In `ordered` each metric comes after those that it reads; `trajectories` are the
    metrics in that order, then the flags, then `readiness` (None if the card has no condition of expansion). `caps` are
    the flags that cap the score while they are up.
    """

    __slots__ = (
        "account_id", "available", "away", "born", "capped_by", "caps", "change", "clock", "closes_at", "context",
        "day", "day_end", "day_number", "facts", "flags", "former_facts", "hold", "horizon", "journey", "look",
        "look_at", "mean", "metrics", "model", "open_steps", "ordered", "overrides", "pauses", "people", "posted",
        "posted_cap", "posted_cost", "posted_weights", "readiness", "request", "score", "sources", "state",
        "told_steps", "trajectories", "weights", "writers",
    )  # fmt: skip

    def __init__(
        self,
        account_id: str,
        model: "CardModel",
        ordered: tuple[Metric, ...],
        flags: tuple[AccountFlag, ...],
        readiness: ExpansionReadiness | None = None,
    ) -> None:
        self.account_id = account_id
        self.model = model
        self.metrics = tuple(sorted(ordered, key=lambda metric: metric.index))
        self.ordered = ordered
        self.flags = flags
        self.caps = tuple([flag for flag in flags if flag.caps])
        self.readiness = readiness
        self.trajectories: tuple[Trajectory, ...] = (*ordered, *flags)
        if readiness is not None:
            self.trajectories = (*self.trajectories, readiness)
        self.born = inf
        self.clock = 0.0
        self.facts = self.posted = Facts()
        self.away = Closures()
        self.overrides = Overrides()
        self.writers: Writers = {}
        self.people = KnownPeople()
        self.sources: Sources = {}
        self.pauses: Pauses = NO_PAUSES
        self.hold: FeedPause | None = None
        self.former_facts = FormerFacts()
        self.state = AlertState()
        self.context: Context = UNKNOWN_CONTEXT
        self.journey = JourneyState()
        self.open_steps: list[tuple[float, str]] = []
        self.told_steps: list[tuple[float, str]] = []
        self.horizon = Horizon()
        self.available = NOT_EVALUATED
        self.weights: Weights = NO_WEIGHTS
        self.mean = 0.0
        self.score = 0.0
        self.capped_by = NO_CAP
        self.posted_weights: Weights = NO_WEIGHTS
        self.posted_cap = ""
        self.posted_cost = 0.0
        self.change = Ledger(0.0, 0.0)
        self.day = Ledger(0.0, 0.0)
        self.day_number = 0
        self.day_end = -inf
        self.request: OpenRequest | None = None
        self.closes_at = inf
        self.look: FirstLook | None = None
        self.look_at = inf

    @property
    def wake(self) -> float:
        """Before this moment (UTC) silence changes no alert state, closes no request, and no first look is due."""
        if self.is_merged:
            return inf
        return self.waits_until if self.importing else min(self.horizon.wake, self.waits_until)

    @property
    def waits_until(self) -> float:
        """The record time at which silence closes the open request or, if none is open, a first look is due."""
        return self.look_at if self.request is None else self.closes_at

    @property
    def is_merged(self) -> bool:
        """Whether it goes on as another account: nothing is told of it, and time alone does not change it."""
        return self.facts.merged_into is not None

    @property
    def importing(self) -> bool:
        """Whether its clock follows its history: then ticks do not move it, and only `waits_until` is record time."""
        return self.look is not None and self.look.importing

    @property
    def stage(self) -> Stage:
        """The stage that it is scored in."""
        return STAGES[self.context.stage]

    @property
    def has_records(self) -> bool:
        """Whether a record of this account was ever applied."""
        return self.born != inf

    @property
    def band(self) -> Band | None:
        """The band that was told last; readers are shown this one, and while a request is open the one before it."""
        return self.state.band if self.request is None else self.request.before.band or Band.INSUFFICIENT

    @property
    def override(self) -> HeldOverride | None:
        """The override that `band` comes from; None for a band by the score."""
        return self.state.override if self.request is None else self.request.before.override
