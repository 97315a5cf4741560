"""Pauses of feeds: while a source sends nothing, the silence of the accounts that it speaks of proves nothing.

An account is on hold if the paused source sent an event of it within the last 28 days before. What silence brings
meanwhile is shown, and told when the hold is over, if it still stands.
"""

from collections.abc import Iterable
from math import floor
from typing import Final, NamedTuple

# How long before a pause its source must have sent an event of an account.
_RECENT_HOURS: Final = 28 * 24
# An account keeps the sources that spoke of it last.
_MOST_SOURCES: Final = 8
_LONGEST_NAME: Final = 200
_HOUR: Final = 3600.0
RECHECK_SECONDS: Final = 6 * 3600
"""A hold goes on for at least this long after the resume. So an account that is looked at so often is never late."""


class FeedPause(NamedTuple):
    """Nothing comes from `source` since `since` (UTC). What is held back waits until `until`: infinity before the feed
    goes on, then a whole second.
    """

    source: str
    since: float
    until: float


Pauses = tuple[FeedPause, ...]
NO_PAUSES: Final[Pauses] = ()

# By source: the hour (whole hours since the epoch) of its last event of an account.
Sources = dict[str, int]


def note_source(sources: Sources, source: str, moment: float) -> None:
    """Takes a source that spoke of the account at `moment` (UTC)."""
    hour = floor(moment / _HOUR)
    known = sources.get(source)
    if known is not None:
        if hour > known:
            sources[source] = hour
    elif len(source) <= _LONGEST_NAME:
        sources[source] = hour
        if len(sources) > _MOST_SOURCES:
            del sources[min([(at, name) for name, at in sources.items()])[1]]


def find_hold(sources: Sources, pauses: Iterable[FeedPause]) -> FeedPause | None:
    """The pauses that hold an account as one: from the first beginning to the last end, and the source of that."""
    found: FeedPause | None = None
    for pause in pauses:
        hour = sources.get(pause.source)
        if hour is None or hour < floor(pause.since / _HOUR) - _RECENT_HOURS:
            continue
        if found is None:
            found = pause
        else:
            longest = max([found, pause], key=_end)
            found = FeedPause(longest.source, min(found.since, pause.since), longest.until)
    return found


def may_change_hold(sources: Sources, source: str, moment: float, pauses: Iterable[FeedPause]) -> bool:
    """Whether an event of `source` at `moment` may put the account on hold, or end a hold."""
    if source not in sources and len(sources) >= _MOST_SOURCES:
        # Another source is forgotten for it, which may be a paused one.
        return True
    for pause in pauses:
        if pause.source == source:
            recent, known = floor(pause.since / _HOUR) - _RECENT_HOURS, sources.get(source)
            return floor(moment / _HOUR) >= recent and (known is None or known < recent)
    return False


def next_check(now: float) -> int:
    """When an account is looked at again that has something held back, while nobody knows when the feed goes on."""
    return (floor(now) // RECHECK_SECONDS + 1) * RECHECK_SECONDS


def _end(pause: FeedPause) -> tuple[float, str]:
    return pause.until, pause.source
