"""The oracle of the next crossing: it looks, and looks again, and computes nothing.

Something changes at a second if bringing the standing up to date there would change it. Every second is tried for a
while, then those around each knot and a grid between the knots.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import floor

from scoring.core.account import Account
from scoring.core.keeping import course_of
from scoring.core.plan import Plan
from scoring.core.standing import Trigger, settle

_EVERY = 100
_AROUND = 2
_BETWEEN = 7
_LAST = 253_402_300_799


def changes_at(account: Account, plan: Plan, second: float) -> bool:
    standing = account.record.standing.copy()
    course = course_of(account, plan)
    settle(standing, course.sight(second), course=course, flags=plan.flags, trigger=Trigger("silence@then"))
    return standing != account.record.standing


def seconds_to_try(account: Account, plan: Plan, until: int | None) -> list[int]:
    """In order, after the account's clock and before `until`, with its neighbours."""
    now = floor(account.clock)
    tried = set(range(now + 1, now + 1 + _EVERY))
    knots = sorted({floor(knot) for knot in _knots(account, plan) if now < knot < _LAST - _AROUND})
    for knot in knots:
        tried.update(range(knot - _AROUND, knot + _AROUND + 2))
    for early, late in pairwise([now, *knots]):
        tried.update(early + (late - early) * step // _BETWEEN for step in range(_BETWEEN))
    if knots:
        tried.update(knots[-1] + 10**power for power in range(10))
    if until is not None:
        tried.update((until - 2, until - 1, until))
    return sorted(second for second in tried if now < second <= (_LAST if until is None else until))


def _knots(account: Account, plan: Plan) -> Iterator[float]:
    course, standing = course_of(account, plan), account.record.standing
    for path in (*course.paths, *course.caps):
        yield from path.lines.starts
    wait = course.bands.min_duration * 86_400
    for crossing in (*standing.waiting.values(), *standing.flags.values()):
        yield crossing.since + wait
    for due, _ in course.steps:
        yield due
