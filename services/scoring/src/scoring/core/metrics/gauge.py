"""gauge: what was answered last, by the account or by each of its people; it fades to neutral as it ages."""

from abc import abstractmethod
from collections.abc import Sequence
from math import fsum, inf
from typing import Any

from msgspec import Struct, field

from common.contracts.events import Event
from scoring.core import card
from scoring.core.context import Context
from scoring.core.curve import Drift
from scoring.core.hashing import hash64
from scoring.core.metrics.kind import CurvedMetric
from scoring.core.metrics.sample import MOST, sampled, thinned
from scoring.core.moments import seconds
from scoring.core.path import NEVER, Path, flat, through
from scoring.core.properties import key_of, number

# When it was given, the hash of its event's id (of two at one moment the higher wins), what it was.
Answer = tuple[float, int, float]

_EVERYBODY = 0


class Answers(Struct, array_like=True):
    """The newest answer of each person, by the hash of their key; without keys there is one."""

    by_person: dict[int, Answer] = field(default_factory=dict)
    halvings: int = 0


class Fading(CurvedMetric):
    """Whatever is read now and then: its points hold for a while, then fade to neutral until the time to live."""

    def __init__(self, definition: card.Gauge, index: int) -> None:
        super().__init__(definition, index, logarithmic=False)
        self.definition = definition
        self.events = definition.events
        self.hold = seconds(definition.hold)
        self.ttl = inf if definition.ttl is None else seconds(definition.ttl)

    @abstractmethod
    def reading(self, state: Any) -> tuple[float, float] | None:
        """When it was read last, and the value."""

    def drift(self, states: Sequence[Any], context: Context) -> Drift | None:
        reading = self.reading(states[self.index])
        return None if reading is None else Drift(*reading)

    def path(self, states: Sequence[Any], context: Context, paths: Sequence[Path]) -> Path:
        drift = self.drift(states, context)
        if drift is None:
            return NEVER
        read, points = drift.base, self.curve(context.stage).read(drift.x)
        if self.ttl == inf:
            return flat(read, points, drift=drift)
        held, neutral = min(self.hold, self.ttl), self.definition.neutral
        return through([(read, points), (read + held, points), (read + self.ttl, neutral)], drift=drift)


class Gauge(Fading):
    state_type = Answers

    def apply(self, state: Answers, event: Event, *, moment: float, context: Context) -> bool:
        value = number(event.properties.get(self.definition.value))
        person = self._person(event)
        if value is None or person is None or not sampled(person, state.halvings):
            return False
        answer = (moment, hash64(event.event_id), value)
        if person in state.by_person and state.by_person[person] >= answer:
            return False
        state.by_person[person] = answer
        if len(state.by_person) > MOST:
            state.by_person, state.halvings = thinned(self._counted(state), state.halvings)
        return True

    def _person(self, event: Event) -> int | None:
        if self.definition.key is None:
            return _EVERYBODY
        key = key_of(event, self.definition.key)
        return None if key is None else hash64(key)

    def _counted(self, state: Answers) -> dict[int, Answer]:
        """Those less than the time to live older than the newest, so that none drops out in silence."""
        newest = max(state.by_person.values())[0]
        return {who: answer for who, answer in state.by_person.items() if newest - answer[0] < self.ttl}

    def reading(self, state: Answers) -> tuple[float, float] | None:
        if not state.by_person:
            return None
        newest = max(state.by_person.values())
        if self.definition.read == "last":
            return newest[0], newest[2]
        values = [value for _, _, value in self._counted(state).values()]
        if self.definition.read == "mean":
            return newest[0], fsum(values) / len(values)
        promoters = sum(value >= 9 for value in values)
        detractors = sum(value <= 6 for value in values)
        return newest[0], 100.0 * (promoters - detractors) / len(values)
