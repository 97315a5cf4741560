"""distinct: how many were seen, each fading from its newest sight. Exact up to 256 members, an estimate above."""

from collections.abc import Sequence
from math import fsum, log2

from msgspec import Struct, field

from common.contracts.events import Event
from scoring.core import card
from scoring.core.context import Context
from scoring.core.curve import Drift, log2_or_less
from scoring.core.decay import Decayed, faded
from scoring.core.hashing import hash64
from scoring.core.metrics.kind import CurvedMetric
from scoring.core.metrics.sample import MOST, sampled, thinned
from scoring.core.moments import seconds
from scoring.core.path import NEVER, Along, Path
from scoring.core.properties import key_of

# A member that faded by this many half-lives is gone when room is needed.
_GONE = 20.0


class Seen(Struct, array_like=True):
    """Members by the hash of their key, with the moment of their newest sight, and the sum of their terms."""

    members: dict[int, float] = field(default_factory=dict)
    sum: Decayed = field(default_factory=Decayed)
    halvings: int = 0


class Distinct(CurvedMetric):
    state_type = Seen

    def __init__(self, definition: card.Distinct, index: int) -> None:
        super().__init__(definition, index, logarithmic=True)
        self.events = definition.events
        self.half_life = seconds(definition.half_life)
        self._velocity = -1.0 / self.half_life
        self._key = definition.key
        self._of = 1.0 if definition.of is None else definition.of

    def apply(self, state: Seen, event: Event, *, moment: float, context: Context) -> bool:
        key = key_of(event, self._key)
        if key is None:
            return False
        member = hash64(key)
        before = state.members.get(member)
        if not sampled(member, state.halvings) or (before is not None and moment <= before):
            return False
        state.sum.add(1.0, moment=moment, half_life=self.half_life)
        if before is not None:
            state.sum.total -= faded(state.sum.newest - before, self.half_life)
        state.members[member] = moment
        if len(state.members) > MOST:
            self._thin(state)
        return True

    def _thin(self, state: Seen) -> None:
        newest, half_life = state.sum.newest, self.half_life
        alive = {m: last for m, last in state.members.items() if newest - last < _GONE * half_life}
        state.members, state.halvings = thinned(alive, state.halvings)
        state.sum.total = fsum(faded(newest - last, half_life) for last in state.members.values())

    def decayed(self, states: Sequence[Seen]) -> Decayed:
        """How many, undivided."""
        state = states[self.index]
        return Decayed(state.sum.total * 2.0**state.halvings, state.sum.newest)

    def drift(self, states: Sequence[Seen], context: Context) -> Drift | None:
        of = context.seats if self._of == "seats" else self._of
        if of is None or of <= 0.0:
            return None
        state = states[self.index]
        base = max(state.sum.newest, context.born)
        return Drift(base, log2_or_less(state.sum.total) + state.halvings - log2(of), self._velocity)

    def path(self, states: Sequence[Seen], context: Context, paths: Sequence[Path]) -> Path:
        drift = self.drift(states, context)
        return NEVER if drift is None else Along(self.curve(context.stage), drift)
