"""active_days: what a card says of a decayed count of days with activity."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from scoring.health.metrics.definition import CardProblem, DecayedCountDefinition, MetricDefinition
from scoring.health.metrics.keys import DURATION, EVENT, CardKey, ValueType, curve


class ActiveDays(DecayedCountDefinition, frozen=True, kw_only=True, tag="active_days"):
    """A decayed count of the days, in the account's time zone, on which any of the events happened."""

    about: ClassVar[str] = "On how many days something happens: however often on a day, the day counts once, and fades."
    keys: ClassVar[dict[str, CardKey]] = {
        "event": EVENT,
        "half_life": CardKey(DURATION, "After this long a day counts half; at least 1d.", required=True),
        "curve": curve("Points over the number of days: [[days, points], ...].", required=False),
        "curve_per_week": curve("Points over the days a week: [[days a week, points], ...].", required=False),
        "prior_per_week": CardKey(
            ValueType("number", least=0, most=7),
            "The days a week that a new account is given (default: what earns the most); they fade.",
        ),
    }

    def problems(self, metrics: Mapping[str, MetricDefinition]) -> Iterator[CardProblem]:
        # A day counts from its midnight on: with a shorter half-life it would be gone by the evening.
        if self.half_life < 1.0:
            yield CardProblem("half_life", "must be at least 1d: whole days are counted")
