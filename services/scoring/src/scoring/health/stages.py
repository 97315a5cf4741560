"""The stage of an account by dates and deeds, where nobody has posted one.

Renewal goes before onboarding, for the date comes whether or not the steps are done; onboarding before expansion. A
contract that is over and neither renewed nor ended stays in renewal.
"""

from math import ceil, inf
from typing import Final, final

from common.contracts.signals import Facts
from scoring.health.card import Card
from scoring.health.clock import Clock
from scoring.health.context import NOT_POSTED, STAGES, StageDates
from scoring.health.moments import DAY, day_number, local_midnight, zone_named

# A contract that began this long after the account did is a renewal, and makes no new customer.
_KNOWN_BEFORE: Final = 90.0 * DAY


@final
class StageRules:
    """What a card says of stages.

    `by_dates` if it has a journey. Without one, only an account with neither a stage nor a contract start is new.
    `onboarding` is how long (seconds) an account is taken to be new, 0 for not at all. `onboarding_metrics` are the
    indices of the metrics whose steps end onboarding, `step_metrics` those of all metrics with steps. `window` is the
    length of the renewal window in whole days, 0 for none. `wait` is how long (operational seconds) an account has to
    be ready for expansion. `value` is the step that is first value.
    """

    __slots__ = ("by_dates", "default", "onboarding", "onboarding_metrics", "step_metrics", "value", "wait", "window")

    def __init__(self, card: Card) -> None:
        journey = card.journey_or_none
        self.by_dates = journey is not None
        self.default = STAGES.index(card.default_stage)
        self.onboarding = _onboarding(card)
        self.onboarding_metrics = [
            index for index, each in enumerate(card.metrics) if each.has_steps and "onboarding" in each.stages
        ]
        self.step_metrics = [index for index, each in enumerate(card.metrics) if each.has_steps]
        self.window = 0
        self.wait = inf
        self.value: str | None = None
        if journey is not None:
            self.window = 0 if journey.renewal_window is None else ceil(journey.renewal_window)
            self.value = journey.value
            if journey.expansion is not None:
                self.wait = float(journey.expansion.min_duration) * DAY


def stage_dates_of(
    rules: StageRules, facts: Facts, *, born: float, onboarded: bool, ready_since: float | None, clock: Clock
) -> StageDates:
    """What decides the stage of an account that began at `born`.

    `onboarded` says whether its steps of onboarding are done, `ready_since` since when (UTC) it is ready for expansion.
    """
    posted = STAGES.index(facts.stage) if facts.stage in STAGES else NOT_POSTED
    if not rules.by_dates:
        # An account of which nothing else is known is taken for a new customer in its first days.
        unknown = posted == NOT_POSTED and facts.contract_start is None
        new_until = _rounded_up(born + rules.onboarding) if unknown and _has_onboarding(rules, born) else -inf
        return StageDates(rules.default, posted, inf, new_until, inf)
    expansion = inf
    if ready_since is not None:
        expansion = _rounded_up(clock.wall(clock.operational(ready_since) + rules.wait))
    new_until = -inf if onboarded else _new_until(rules, facts, born)
    return StageDates(rules.default, posted, _window(rules, facts), new_until, expansion)


def _window(rules: StageRules, facts: Facts) -> float:
    """When (UTC) the renewal window opens, so many local days before the contract is over; infinity for never."""
    if rules.window == 0 or facts.contract_end is None:
        return inf
    first = day_number(facts.contract_end) + 1 - rules.window
    # A contract no longer than the window would always be in it.
    if facts.contract_start is not None and day_number(facts.contract_start) >= first:
        return inf
    return _rounded_up(local_midnight(first, zone_named(facts.time_zone)))


def _new_until(rules: StageRules, facts: Facts, born: float) -> float:
    """When (UTC) the days of onboarding are over; minus infinity for an account that is not taken to be new."""
    if not _has_onboarding(rules, born):
        return -inf
    begin = born
    if facts.contract_start is not None:
        start = local_midnight(day_number(facts.contract_start), zone_named(facts.time_zone))
        begin = start if start <= born + _KNOWN_BEFORE else born
    return _rounded_up(begin + rules.onboarding)


def _has_onboarding(rules: StageRules, born: float) -> bool:
    return rules.onboarding > 0.0 and born != inf


def _rounded_up(moment: float) -> float:
    return moment if abs(moment) == inf else float(ceil(moment))


def _onboarding(card: Card) -> float:
    """In seconds: until the last step of new customers is due and its grace is over.

    0 if the card has no such step, or if its default stage is onboarding.
    """
    if card.default_stage == "onboarding":
        return 0.0
    new = [each.steps_over for each in card.metrics if not each.stages or "onboarding" in each.stages]
    return max([0.0, *new]) * DAY
