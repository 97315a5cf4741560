"""What comes next if nobody does anything: silence played forward on a copy of the standing."""

from common.contracts import ids
from common.contracts.signals import Forecast
from scoring.core.crossing import next_due
from scoring.core.flag import Flag
from scoring.core.moments import to_datetime
from scoring.core.sight import Course, Sight
from scoring.core.standing import Standing, Trigger, confirmations, differs, room, settle


def due_after(sight: Sight, *, course: Course, standing: Standing, flags: tuple[Flag, ...]) -> int | None:
    """The next whole second at which silence would move the standing."""
    return next_due(
        course,
        sight,
        room=room(standing, course),
        moments=turns(course, standing),
        differs=lambda moment: differs(standing, course.sight(moment), course=course, flags=flags),
    )


def turns(course: Course, standing: Standing) -> list[float]:
    """The moments at which something other than the score may matter: a step missed, a wait over."""
    missable = [due for due, step in course.steps if standing.missed.get(step) != due]
    return [*missable, *confirmations(standing, course)]


def forecast(due: int | None, *, course: Course, standing: Standing, flags: tuple[Flag, ...]) -> Forecast | None:
    """The next band, and when it would be told. `due` is what `due_after` says now."""
    played = standing.copy()
    while due is not None:
        trigger = Trigger(ids.silence(due))
        sight = course.sight(due)
        settle(played, sight, course=course, flags=flags, trigger=trigger)
        if played.band is not None and played.band is not standing.band:
            return Forecast(band=played.band, at=to_datetime(due))
        due = due_after(sight, course=course, standing=played, flags=flags)
    return None
