"""gauge: the last answer of the account, or of each of its people, read together."""

from math import fsum
from typing import Any, Final, final

from common.contracts.events import Event
from scoring.health.clock import Clock
from scoring.health.context import Context
from scoring.health.curve import Curve
from scoring.health.former_values import take_back, write_newest
from scoring.health.hashing import hash64
from scoring.health.metrics.gauge.definition import ARR_AGAINST_PEAK, Gauge
from scoring.health.metrics.gauge.fading import FadingMetric
from scoring.health.metrics.gauge.peak import PeakMetric
from scoring.health.metrics.metric import OtherMetrics
from scoring.health.metrics.sample import MOST_MEMBERS, renamed, sampled, thinned
from scoring.health.properties import id_hash, key_of, number

# When it was given (UTC), the hash of its event's id, what it was.
Answer = tuple[float, int, float]

_EVERYBODY: Final = 0
_LENGTH: Final = 3
# Net promoter: 9 and 10 promote, 0 to 6 detract.
_PROMOTES: Final = 9.0
_DETRACTS: Final = 6.0


@final
class GaugeMetric(FadingMetric):
    """`answers` has the newest answer of each person, by the hash of their key; without a key there is one.

    `former` has the answer before each. `read` is "last", "mean" or "net_promoter". Only answers less than `ttl` older
    than the newest one count: by this rule none drops out in silence.
    """

    __slots__ = (
        "answers", "former", "halvings", "key", "property", "read", "saved_answers", "saved_former", "saved_halvings",
        "saved_one",
    )  # fmt: skip

    def __init__(self, definition: Gauge, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition, index, curves, others)
        self.property = definition.value
        self.key = definition.key
        self.read = definition.read
        self.answers: dict[int, Answer] = {}
        self.former: dict[int, Answer] = {}
        self.halvings = 0
        self.saved_one: tuple[int, Answer | None, Answer | None] = (0, None, None)
        self.saved_answers = self.answers
        self.saved_former = self.former
        self.saved_halvings = 0

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        value = number(event.properties.get(self.property))
        if value is None:
            return False
        person = _EVERYBODY
        if self.key is not None:
            key = key_of(event, self.key)
            if key is None:
                return False
            person = hash64(key)
        if not sampled(person, self.halvings):
            return False
        saved = (person, self.answers.get(person), self.former.get(person))
        answer: Answer = (moment, id_hash(event), value)
        # A late answer may be kept as the former one. It moves nothing, but it has to be undone.
        if not write_newest(self.answers, self.former, person, answer) and self.former.get(person) is saved[2]:
            return False
        self.saved_one = saved
        self.saved_answers = self.answers
        self.saved_former = self.former
        self.saved_halvings = self.halvings
        if len(self.answers) > MOST_MEMBERS:
            self.answers, self.halvings = thinned(self._counted(context.clock), self.halvings)
            self.former = {who: answer for who, answer in self.former.items() if who in self.answers}
        return True

    def undo(self) -> None:
        self.answers = self.saved_answers
        self.former = self.saved_former
        self.halvings = self.saved_halvings
        person, answer, former = self.saved_one
        _put(self.answers, person, answer)
        _put(self.former, person, former)

    def retract(self, by: int) -> bool:
        return take_back(self.answers, self.former, by)

    def rename_person(self, person: int, substitute: int) -> bool:
        if self.key != "user_id" or person not in self.answers:
            return False
        self.answers = renamed(self.answers, person, substitute)
        self.former = renamed(self.former, person, substitute)
        return True

    def _newest(self) -> Answer:
        return max(self.answers.values())

    def _counted(self, clock: Clock) -> dict[int, Answer]:
        newest = clock.operational(self._newest()[0])
        return {who: answer for who, answer in self.answers.items() if newest - clock.operational(answer[0]) < self.ttl}

    def reading(self, clock: Clock) -> tuple[float, float] | None:
        if not self.answers:
            return None
        newest = self._newest()
        if self.read == "last":
            return newest[0], newest[2]
        values = [answer[2] for answer in self._counted(clock).values()]
        if self.read == "mean":
            return newest[0], fsum(values) / len(values)
        promoters = len([value for value in values if value >= _PROMOTES])
        detractors = len([value for value in values if value <= _DETRACTS])
        return newest[0], 100.0 * (promoters - detractors) / len(values)

    def dump(self) -> object:
        return (self.answers, self.halvings, self.former) if self.answers else None

    def restore(self, state: Any) -> None:
        answers, self.halvings = state[0], state[1]
        self.answers = _answers(answers)
        # Former formats have no former answers.
        self.former = _answers(state[2]) if len(state) == _LENGTH else {}


def _put(answers: dict[int, Answer], person: int, answer: Answer | None) -> None:
    if answer is None:
        answers.pop(person, None)
    else:
        answers[person] = answer


def _answers(stored: Any) -> dict[int, Answer]:
    return {person: (each[0], each[1], each[2]) for person, each in stored.items()}


def make_gauge(definition: Gauge, index: int, curves: list[Curve], others: OtherMetrics) -> FadingMetric:
    """The quotient needs the amounts of a year, any other gauge the newest answers."""
    kind = PeakMetric if definition.value == ARR_AGAINST_PEAK else GaugeMetric
    return kind(definition, index, curves, others)
