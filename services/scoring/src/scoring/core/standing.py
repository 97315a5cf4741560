"""What was told of an account and what waits to be told: a small machine that a look at its health moves on.

`differs` says whether a look moves it, `settle` moves it and says what is news. After `settle` nothing differs.
"""

from math import inf

from msgspec import Struct, field
from msgspec.structs import replace

from common.contracts.signals import Band, Kind
from scoring.core import bands
from scoring.core.flag import Flag
from scoring.core.moments import seconds
from scoring.core.sight import Course, Sight

# A step over a line that costs less than this waits for its minimum duration.
SUDDEN = 5.0

# (source, event id), or silence@due.
Cause = tuple[str, str] | str


class Trigger(Struct, frozen=True):
    """Why somebody looks: an event (`before` is the health just before it) or time. `first`: nothing was before."""

    cause: Cause
    history: bool = False
    before: Sight | None = None
    first: bool = False
    outcomes: tuple[str, ...] = ()


class Crossing(Struct, array_like=True, frozen=True):
    """A line crossed, or a flag raised: when and by what. `told` if nobody waits to hear of it."""

    since: float
    cause: Cause
    history: bool
    told: bool = False


class Standing(Struct, array_like=True):
    """`band` is the one told. `waiting` are worse bands crossed but not confirmed, `flags` those that are up,
    `missed` the due moment of each step told as missed. `banded` once there was a band from evidence.
    """

    band: Band | None = None
    banded: bool = False
    waiting: dict[Band, Crossing] = field(default_factory=dict)
    flags: dict[str, Crossing] = field(default_factory=dict)
    missed: dict[str, float] = field(default_factory=dict)
    episode: str | None = None

    def copy(self) -> "Standing":
        return replace(self, waiting=dict(self.waiting), flags=dict(self.flags), missed=dict(self.missed))


class News(Struct, frozen=True):
    """Something changed; `quiet` if it is shown but not told. `was` is the band before, if a band changed."""

    kind: Kind
    to: str
    since: float
    cause: Cause
    history: bool
    quiet: bool = False
    was: Band | None = None


def room(standing: Standing, course: Course) -> tuple[float, float]:
    """The scores between which no band moves."""
    if standing.band is None or standing.band is Band.INSUFFICIENT:
        return -inf, inf
    return bands.room(standing.band, standing.waiting, course.bands)


def confirmations(standing: Standing, course: Course) -> list[float]:
    """When what waits has waited long enough."""
    wait = seconds(course.bands.min_duration)
    waiting = [*standing.waiting.values(), *standing.flags.values()]
    return [crossing.since + wait for crossing in waiting if not crossing.told]


def differs(standing: Standing, sight: Sight, *, course: Course, flags: tuple[Flag, ...]) -> bool:
    if sight.weights.sufficient is (standing.band is Band.INSUFFICIENT) or standing.band is None:
        return True
    low, high = room(standing, course)
    if not low <= sight.rounded < high:
        return True
    up = standing.flags
    for flag, cap in zip(flags, sight.caps.points, strict=True):
        if (cap is None) is (flag.name in up):
            return True
    if (standing.waiting or up) and any(moment <= sight.at for moment in confirmations(standing, course)):
        return True
    return any(due <= sight.at and standing.missed.get(step) != due for due, step in course.steps)


def settle(
    standing: Standing, sight: Sight, *, course: Course, flags: tuple[Flag, ...], trigger: Trigger
) -> list[News]:
    """Brings the standing up to date in place. News come as they are told: milestones, flags, outcomes, the band."""
    return [
        *_miss(standing, sight, course=course, trigger=trigger),
        *_raise(standing, sight, course=course, flags=flags, trigger=trigger),
        *(News(Kind.OUTCOME, name, sight.at, trigger.cause, trigger.history) for name in trigger.outcomes),
        *_band(standing, sight, course=course, trigger=trigger),
    ]


def _miss(standing: Standing, sight: Sight, *, course: Course, trigger: Trigger) -> list[News]:
    news = []
    for due, step in sorted(course.steps, key=lambda planned: planned[1]):
        if due <= sight.at and standing.missed.get(step) != due:
            standing.missed[step] = due
            news.append(News(Kind.MILESTONE_MISSED, step, due, trigger.cause, trigger.history))
    return news


def _raise(
    standing: Standing, sight: Sight, *, course: Course, flags: tuple[Flag, ...], trigger: Trigger
) -> list[News]:
    """An event's own flag is told at once; a derived one waits, unless an event made a large step of it."""
    news = []
    for index in sorted(range(len(flags)), key=lambda i: flags[i].name):
        flag, name = flags[index], flags[index].name
        if sight.caps.points[index] is None:
            standing.flags.pop(name, None)
            continue
        crossing = standing.flags.get(name)
        at_once = crossing is None and (flag.watches is None or _is_sudden(trigger, sight))
        if crossing is None:
            crossing = Crossing(sight.at, trigger.cause, trigger.history)
        if not crossing.told and (at_once or _confirmed(crossing, sight, course)):
            crossing = replace(crossing, told=True)
            news.append(News(Kind.FLAG, name, crossing.since, crossing.cause, crossing.history))
        standing.flags[name] = crossing
    return news


def _band(standing: Standing, sight: Sight, *, course: Course, trigger: Trigger) -> list[News]:
    told = standing.band
    if not sight.weights.sufficient:
        standing.band = Band.INSUFFICIENT
        standing.waiting.clear()
        return []
    here = Crossing(sight.at, trigger.cause, trigger.history)
    if told is None or told is Band.INSUFFICIENT:
        return _tell(standing, bands.plain(sight.rounded, course.bands), crossing=here, trigger=trigger)
    better = bands.eased(told, sight.rounded, course.bands)
    if better is not told:
        standing.waiting.clear()
        return _tell(standing, better, crossing=here, trigger=trigger)
    return _worsen(standing, sight, course=course, trigger=trigger, told=told)


def _worsen(standing: Standing, sight: Sight, *, course: Course, trigger: Trigger, told: Band) -> list[News]:
    """Each line waits on its own; the worst that is confirmed is told, once."""
    confirmed: tuple[Band, Crossing] | None = None
    for band in bands.WORSE[told]:
        line = bands.line(course.bands, band)
        if sight.rounded >= line:
            standing.waiting.pop(band, None)
            continue
        crossing = standing.waiting.get(band)
        sudden = crossing is None and _is_sudden(trigger, sight)
        if crossing is None:
            crossing = standing.waiting[band] = Crossing(sight.at, trigger.cause, trigger.history)
        if sudden or _confirmed(crossing, sight, course):
            confirmed = band, crossing
    if confirmed is None:
        return []
    band, crossing = confirmed
    still = bands.WORSE[band]
    standing.waiting = {worse: c for worse, c in standing.waiting.items() if worse in still}
    return _tell(standing, band, crossing=crossing, trigger=trigger)


def _tell(standing: Standing, band: Band, *, crossing: Crossing, trigger: Trigger) -> list[News]:
    was, first = standing.band, not standing.banded
    standing.band, standing.banded = band, True
    # A first band is where somebody stands, not a change; unless it took until now to know.
    quiet = first and (trigger.first or trigger.history)
    quiet = quiet or (band is Band.GREEN and standing.episode is None)
    return [News(Kind.BAND, band, crossing.since, crossing.cause, crossing.history, quiet=quiet, was=was)]


def _is_sudden(trigger: Trigger, sight: Sight) -> bool:
    return trigger.before is not None and round(trigger.before.score - sight.score, 6) >= SUDDEN


def _confirmed(crossing: Crossing, sight: Sight, course: Course) -> bool:
    return sight.at >= crossing.since + seconds(course.bands.min_duration)
