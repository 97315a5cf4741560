"""distinct: how many different keys were seen, each decaying from when it was seen last.

Exact up to 256 members, an estimate from a sample above.
"""

from math import exp, fsum, inf, log
from typing import Any, Final, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.curve import Curve, log_or_less
from scoring.health.decay import LN2, DecayingSum, decay_rate
from scoring.health.hashing import hash64
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.drifting import DriftingMetric
from scoring.health.metrics.first_event import FirstEvent
from scoring.health.metrics.metric import OtherMetrics
from scoring.health.metrics.sample import MOST_MEMBERS, renamed, sampled, thinned
from scoring.health.properties import key_of

# A member that decayed by this many half-lives is dropped when room is needed.
_DROPPED_AFTER: Final = 20.0 * LN2
# The logarithm of a value beside which no prior counts.
_LARGEST: Final = 600.0


@final
class DistinctMetric(DriftingMetric):
    """`members` has the UTC moment at which each was seen last, by the hash of its key. `sum` adds up their terms.

    `of` is what the count is divided by; None means the account's seats, and no value while those are unknown. `prior`
    is what a new account is given of the quotient; it decays from `born` on and is kept out of the state. An optional
    metric begins with its `first` event instead.
    """

    __slots__ = (
        "decay", "first", "halvings", "key", "members", "of", "prior", "saved_halvings", "saved_members", "saved_seen",
        "sum",
    )  # fmt: skip

    def __init__(self, definition: Distinct, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition.name, index, curves)
        self.decay = decay_rate(definition.half_life)
        self.key = definition.key
        self.of: float | None = None
        if definition.of != "seats":
            self.of = 1.0 if definition.of is None else float(definition.of)
        self.prior = float(definition.prior)
        self.members: dict[int, float] = {}
        self.sum = DecayingSum()
        self.first = FirstEvent() if definition.optional is True else None
        self.halvings = 0
        # For `undo`: the member fed last, when it had been seen before, and the dictionary that held it.
        self.saved_seen: tuple[int, float | None] = (0, None)
        self.saved_members = self.members
        self.saved_halvings = 0

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        key = key_of(event, self.key)
        if key is None:
            return False
        member = hash64(key)
        if not sampled(member, self.halvings):
            return False
        seen = self.members.get(member)
        began = self.first is not None and self.first.note(moment)
        late = seen is not None and moment <= seen
        if late and not began:
            return False
        self.saved_seen = (member, seen)
        self.saved_members = self.members
        self.saved_halvings = self.halvings
        self.sum.save()
        # A member counts from when it was seen last; an earlier sight changes nothing but the beginning.
        if late:
            return True
        self.sum.add(1.0, moment, tau, self.decay)
        # The new term replaces what is left of the member's old one.
        if seen is not None:
            self.sum.total -= exp((context.clock.operational(seen) - self.sum.newest_tau) * self.decay)
        self.members[member] = moment
        if len(self.members) > MOST_MEMBERS:
            self._thin(context)
        return True

    def _thin(self, context: Context) -> None:
        newest, clock = self.sum.newest_tau, context.clock
        alive = {
            member: seen
            for member, seen in self.members.items()
            if (newest - clock.operational(seen)) * self.decay < _DROPPED_AFTER
        }
        self.members, self.halvings = thinned(alive, self.halvings)
        self._sum_up(context)

    def _sum_up(self, context: Context) -> None:
        newest, clock = self.sum.newest_tau, context.clock
        # Summed exactly (fsum), so the total does not depend on the order of the members.
        terms = [exp((clock.operational(seen) - newest) * self.decay) for seen in self.members.values()]
        self.sum.total = fsum(terms)

    def undo(self) -> None:
        self.sum.undo()
        if self.first is not None:
            self.first.undo()
        self.members = self.saved_members
        self.halvings = self.saved_halvings
        member, seen = self.saved_seen
        if seen is None:
            del self.members[member]
        else:
            self.members[member] = seen

    def rebase(self, context: Context) -> None:
        self.sum.rebase(context.clock)

    def recount(self, context: Context) -> None:
        if self.members:
            self._sum_up(context)

    def project(self, context: Context) -> None:
        of = self.of if self.of is not None else context.seats
        if of is None or of <= 0.0 or (self.first is not None and not self.members):
            self.has_value = False
            return
        # ln(sum * 2^halvings / of): each halving of the sample doubles what a member stands for.
        base = max(self.sum.newest_tau, context.born_tau)
        x = log_or_less(self.sum.total) + self.halvings * LN2 - log(of)
        # A late first event may have happened before the account began.
        if x != -inf and base > self.sum.newest_tau:
            x -= (base - self.sum.newest_tau) * self.decay
        if self.prior != 0.0 and x < _LARGEST:
            begins = context.born_tau if self.first is None else self.first.begins(context)
            x = log(exp(x) + self.prior * exp((begins - base) * self.decay))
        self.drift(context, base, x, -self.decay)

    def members_since(self, moment: float) -> float | None:
        seen = [member for member, last in self.members.items() if last >= moment]
        # Each halving of the sample doubles what a member stands for.
        return float(len(seen) * 2**self.halvings)

    def rename_person(self, person: int, substitute: int) -> bool:
        if self.key != "user_id" or person not in self.members:
            return False
        self.members = renamed(self.members, person, substitute)
        return True

    def dump(self) -> object:
        if not self.members:
            return None
        state = (self.members, self.sum.dump(), self.halvings)
        return state if self.first is None else (*state, self.first.moment)

    def restore(self, state: Any) -> None:
        self.members, added, self.halvings = state[0], state[1], state[2]
        if self.first is not None:
            self.first.moment = state[3]
        self.sum.restore(added)
