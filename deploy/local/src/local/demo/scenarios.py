"""The scenarios of the company that the demo simulates: what really happens to a customer, and when.

Nothing here knows that anybody keeps score. Days count from the start of the play and may be fractions; a
line is a level over days, straight between its points and flat outside them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from random import Random
from typing import Any

DAYS = 182
# Days of daily life before the first one that are known.
BACKFILL = 28

Line = tuple[tuple[float, float], ...]


class ScenarioKind(StrEnum):
    HEALTHY = "healthy"
    SLOW_DECLINE = "slow decline"
    SUDDEN_SILENCE = "sudden silence"
    CHAMPION_LEFT = "champion left"
    DOWNGRADE = "downgrade"
    NEVER_ONBOARDED = "never onboarded"
    SUPPORT_STORM = "support storm"
    RECOVERY = "recovery"
    QUIET_TEAM = "one team leaves"
    MOVED_TO_API = "moved to the API"


@dataclass(frozen=True)
class OneOffEvent:
    """Something that happens once, beside the daily life."""

    day: float
    name: str
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One customer's scenario.

    `trouble` is the day on which it begins, `leaves` the day on which notice is given; after it nobody comes.
    `people` is the share of the usual users who still come at all, `use` how much each of them does,
    `tickets` how many a user opens in a week, `mood` the mean answer to "would you recommend us" (0 to 10),
    `alive` the share of the paid seats that have a usual user, `champion_until` the first user's last day.
    `teams`: in so many teams of one size, of which each has a line of its own instead of `people`.
    `automated` is how many workflows the customer's own software runs through the API on a day, for each usual user.
    """

    kind: ScenarioKind
    trouble: float | None = None
    leaves: float | None = None
    joins: float | None = None
    people: Line = ((0, 1.0),)
    use: Line = ((0, 1.0),)
    tickets: Line = ((0, 0.06),)
    mood: Line = ((0, 8.7),)
    alive: float = 0.8
    champion_until: float | None = None
    teams: tuple[Line, ...] = ()
    automated: Line = ((0, 0.0),)
    moments: tuple[OneOffEvent, ...] = ()


def level(line: Line, day: float) -> float:
    if day <= line[0][0]:
        return line[0][1]
    for (left, low), (right, high) in pairwise(line):
        if day <= right:
            return low + (high - low) * (day - left) / (right - left)
    return line[-1][1]


def healthy(rng: Random) -> Scenario:
    """Usage breathes; one in four is a new customer whose onboarding goes to plan, a few buy more seats."""
    joins = rng.uniform(5, 90) if rng.random() < 0.25 else None
    dip = rng.uniform(20, 150)
    use: Line = ((dip, 1.0), (dip + 5, rng.uniform(0.7, 0.9)), (dip + 16, 1.0))
    if joins is not None:
        return Scenario(
            kind=ScenarioKind.HEALTHY,
            joins=joins,
            people=((joins, 0.2), (joins + 25, 1.0)),
            moments=onboarding(rng, joins),
        )
    grows = (
        (OneOffEvent(rng.uniform(40, 160), "contract.changed", {"growth": rng.uniform(1.1, 1.3)}),)
        if rng.random() < 0.15
        else ()
    )
    return Scenario(kind=ScenarioKind.HEALTHY, use=use, alive=rng.uniform(0.68, 0.95), moments=grows)


def slow_decline(rng: Random) -> Scenario:
    """One user after the other stops coming over a quarter, and nobody says why."""
    trouble = rng.uniform(35, 65)
    leaves = trouble + rng.uniform(85, 112)
    return Scenario(
        kind=ScenarioKind.SLOW_DECLINE,
        trouble=trouble,
        leaves=leaves,
        people=((trouble, 1.0), (trouble + 0.85 * (leaves - trouble), 0.1)),
        use=((trouble, 1.0), (leaves, 0.4)),
        mood=((trouble, 8.4), (leaves, 5.5)),
        alive=rng.uniform(0.6, 0.85),
    )


def sudden_silence(rng: Random) -> Scenario:
    """From one day to the next nobody comes any more; the notice follows weeks later."""
    trouble = rng.uniform(60, 135)
    return Scenario(
        kind=ScenarioKind.SUDDEN_SILENCE,
        trouble=trouble,
        leaves=trouble + rng.uniform(25, 45),
        people=((trouble, 1.0), (trouble + 1, 0.0)),
        alive=rng.uniform(0.65, 0.9),
    )


def champion_left(rng: Random) -> Scenario:
    """The person who brought us in changes jobs, which somebody may note; the others lose interest."""
    trouble = rng.uniform(45, 95)
    leaves = trouble + rng.uniform(60, 85)
    noted = (OneOffEvent(trouble + rng.uniform(1, 10), "champion.left"),) if rng.random() < 0.6 else ()
    return Scenario(
        kind=ScenarioKind.CHAMPION_LEFT,
        trouble=trouble,
        leaves=leaves,
        people=((trouble, 1.0), (trouble + 45, 0.35)),
        use=((trouble, 1.0), (trouble + 45, 0.6)),
        mood=((trouble, 8.5), (trouble + 40, 6.0)),
        champion_until=trouble,
        moments=noted,
    )


def downgrade(rng: Random) -> Scenario:
    """Half of the seats are no longer lived, and some weeks later the contract shrinks to what is used."""
    trouble = rng.uniform(35, 80)
    shrinks = trouble + rng.uniform(50, 70)
    asked = (OneOffEvent(shrinks - 10, "contract.downgrade_requested"),) if rng.random() < 0.5 else ()
    return Scenario(
        kind=ScenarioKind.DOWNGRADE,
        trouble=trouble,
        people=((trouble, 1.0), (trouble + 30, 0.45)),
        mood=((trouble, 8.3), (shrinks, 7.0)),
        moments=(*asked, OneOffEvent(shrinks, "contract.changed", {"growth": rng.uniform(0.45, 0.6)})),
    )


def never_onboarded(rng: Random) -> Scenario:
    """Signed, kicked off perhaps, and then the project never finds time."""
    joins = rng.uniform(8, 55)
    leaves = joins + rng.uniform(90, 120)
    return Scenario(
        kind=ScenarioKind.NEVER_ONBOARDED,
        trouble=joins,
        leaves=leaves,
        joins=joins,
        people=((joins, 0.15), (joins + 20, 0.12), (joins + 60, 0.05)),
        use=((joins, 0.5), (leaves, 0.15)),
        mood=((joins, 6.0),),
        moments=(OneOffEvent(joins + rng.uniform(5, 12), "milestone.reached", {"step": "kickoff"}),),
    )


def support_storm(rng: Random) -> Scenario:
    """A broken release: tickets pile up, use sinks; half of them are won back by the fix, half leave."""
    trouble = rng.uniform(50, 100)
    fixed = trouble + rng.uniform(14, 25)
    storm: Line = ((trouble, 0.08), (trouble + 3, 1.4), (fixed, 1.0), (fixed + 7, 0.08))
    if rng.random() < 0.5:
        return Scenario(
            kind=ScenarioKind.SUPPORT_STORM,
            trouble=trouble,
            people=((trouble, 1.0), (fixed, 0.6), (fixed + 20, 1.0)),
            tickets=storm,
            mood=((trouble, 8.5), (fixed, 5.0), (fixed + 40, 8.0)),
        )
    leaves = fixed + rng.uniform(35, 55)
    return Scenario(
        kind=ScenarioKind.SUPPORT_STORM,
        trouble=trouble,
        leaves=leaves,
        people=((trouble, 1.0), (fixed, 0.6), (leaves, 0.25)),
        tickets=storm,
        mood=((trouble, 8.5), (fixed, 4.0)),
    )


def recovery(rng: Random) -> Scenario:
    """A decline that somebody turned round: a workshop, new champions, and use comes back."""
    trouble = rng.uniform(30, 55)
    trough = trouble + rng.uniform(35, 45)
    return Scenario(
        kind=ScenarioKind.RECOVERY,
        trouble=trouble,
        people=((trouble, 1.0), (trough, 0.15), (trough + 14, 0.2), (trough + 40, 1.0)),
        use=((trouble, 1.0), (trough, 0.5), (trough + 30, 1.0)),
        mood=((trouble, 8.2), (trough, 6.0), (trough + 40, 9.0)),
    )


def quiet_team(rng: Random) -> Scenario:
    """One of three teams leaves within three weeks, while another one starts: the totals stay, and nobody complains.

    The contract shrinks at its renewal, after the half year. No metric of the default card knows teams.
    """
    trouble = rng.uniform(40, 90)
    leaving: Line = ((trouble, 1.0), (trouble + 21, 0.0))
    starting: Line = ((trouble, 0.15), (trouble + 28, 1.0))
    return Scenario(
        kind=ScenarioKind.QUIET_TEAM,
        trouble=trouble,
        teams=(((0, 1.0),), leaving, starting),
        alive=rng.uniform(0.8, 0.95),
    )


def moved_to_api(rng: Random) -> Scenario:
    """The customer moves to the API: its software does what people did, and more of it, and hardly anybody logs in.

    Nothing is wrong with the customer. But the default card takes sessions of people for the sign of use.
    """
    moves = rng.uniform(30, 90)
    return Scenario(
        kind=ScenarioKind.MOVED_TO_API,
        people=((moves, 1.0), (moves + 40, 0.2)),
        automated=((moves, 0.0), (moves + 40, rng.uniform(1.5, 3.0))),
        alive=rng.uniform(0.7, 0.9),
    )


# How many of sixty customers live each story. In 28 of them nothing is wrong.
SCENARIOS: dict[ScenarioKind, tuple[int, Callable[[Random], Scenario]]] = {
    ScenarioKind.HEALTHY: (25, healthy),
    ScenarioKind.SLOW_DECLINE: (5, slow_decline),
    ScenarioKind.SUDDEN_SILENCE: (4, sudden_silence),
    ScenarioKind.CHAMPION_LEFT: (4, champion_left),
    ScenarioKind.DOWNGRADE: (4, downgrade),
    ScenarioKind.NEVER_ONBOARDED: (4, never_onboarded),
    ScenarioKind.SUPPORT_STORM: (4, support_storm),
    ScenarioKind.RECOVERY: (4, recovery),
    ScenarioKind.QUIET_TEAM: (3, quiet_team),
    ScenarioKind.MOVED_TO_API: (3, moved_to_api),
}


def onboarding(rng: Random, joins: float) -> tuple[OneOffEvent, ...]:
    """To plan: first value comes two to four weeks after the customer joins."""
    steps = {"kickoff": (2, 6), "sso_live": (9, 19), "first_value": (14, 28)}
    return tuple(
        OneOffEvent(joins + rng.uniform(*days), "milestone.reached", {"step": step}) for step, days in steps.items()
    )
