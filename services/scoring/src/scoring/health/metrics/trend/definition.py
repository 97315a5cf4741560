"""trend: what a card says of an account against its own past."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from scoring.health.metrics.definition import CardProblem, CurvedDefinition, EventValue, MetricDefinition
from scoring.health.metrics.keys import DURATION, EVENT, EVENTS, PROPERTY, CardKey, ValueType, curve


class Trend(CurvedDefinition, frozen=True, kw_only=True, tag="trend"):
    """How regularly people (`key`) use the product now, over how regularly they did: 1 is as usual.

    With `per` it is how many of the people of a day do `events`, of all who do `per` or `events`, now over then.
    Half-lives and `absence` are in days of the account's own activity, so a closure moves nothing, and silence neither.
    It has no value before half of `slow` has passed in such days, nor while fewer than `min_people` are known.
    """

    key: str
    fast: float
    slow: float
    per: tuple[str, ...] = ()
    absence: float = 14.0
    min_people: float = 5.0

    logarithmic: ClassVar[bool] = True
    counts_activity: ClassVar[bool] = True
    about: ClassVar[str] = (
        "How regularly people come, now over what is usual for this account: 1 is as ever, 0.5 half as often."
    )
    keys: ClassVar[dict[str, CardKey]] = {
        "event": EVENT,
        "key": CardKey(PROPERTY, "Who is told apart: user_id, or a property.", required=True),
        "per": CardKey(EVENTS, "Read the event(s) as a share of the people who do these, such as session.started."),
        "fast": CardKey(DURATION, "The half-life of what is now, in days with activity, such as 4d.", required=True),
        "slow": CardKey(
            DURATION,
            "The half-life of what is usual, in days with activity, such as 60d; longer than fast.",
            required=True,
        ),
        "absence": CardKey(
            DURATION,
            "Who stays away for longer, in days with activity, has stopped coming (14d; more if people come rarely).",
        ),
        "min_people": CardKey(
            ValueType("number", least=1, most=256), "With fewer people there is no value (default 5)."
        ),
        "curve": curve("Points over the trend: [[0.5, 0], [1, 100]]."),
    }

    @property
    def listens(self) -> tuple[str, ...]:
        return (*self.events, *self.per)

    @property
    def values(self) -> tuple[EventValue, ...]:
        return (EventValue(self.listens, self.key, "key"),)

    def problems(self, metrics: Mapping[str, MetricDefinition]) -> Iterator[CardProblem]:
        if self.slow <= self.fast:
            yield CardProblem("slow", f"must be longer than fast ({self.fast:g}d)")
        if both := sorted(set(self.events) & set(self.per)):
            yield CardProblem("per", f"'{both[0]}' is in 'event' as well: the share would be 1 for ever")
