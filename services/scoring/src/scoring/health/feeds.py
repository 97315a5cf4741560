"""Pauses of feeds: while a source sends nothing, scoring cannot conclude anything from the silence of its accounts.

An account is on hold if the paused source sent an event of it within 28 days before the pause. Signals by silence wait
until the hold is over, and are told if they still stand; answers show them meanwhile.
"""

from collections.abc import Iterable
from math import floor
from typing import Final, NamedTuple

# How long before a pause its source must have sent an event of an account.
_RECENT_HOURS: Final = 28 * 24
# How many sources an account keeps: those whose last events are the newest.
_MOST_SOURCES: Final = 8
_LONGEST_NAME: Final = 200
_HOUR: Final = 3600.0
RECHECK_SECONDS: Final = 6 * 3600
"""How often a held account is looked at, and the shortest time from a resume to the end of the hold.

So each held account is looked at before its hold ends.
"""


class FeedPause(NamedTuple):
    """A pause since `since`, in seconds since the epoch (UTC). Held-back signals wait until `until`.

    `until` is infinity before the feed resumes, then a whole second.
    """

    source: str
    since: float
    until: float


Pauses = tuple[FeedPause, ...]
NO_PAUSES: Final[Pauses] = ()

# For each source the hour (whole hours since the epoch) of its last event of the account.
Sources = dict[str, int]


def note_source(sources: Sources, source: str, moment: float) -> None:
    """Notes an event of `source` at `moment` (seconds since the epoch, UTC) in the account's `sources`."""
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
    """One pause for all that hold the account: from the first beginning to the last end, with the last one's source."""
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
        # The account then forgets another source, which may be a paused one.
        return True
    for pause in pauses:
        if pause.source == source:
            recent, known = floor(pause.since / _HOUR) - _RECENT_HOURS, sources.get(source)
            return floor(moment / _HOUR) >= recent and (known is None or known < recent)
    return False


def next_check(now: float) -> int:
    """When to look again at an account with held-back signals, while its feed is paused: a multiple of six hours."""
    return (floor(now) // RECHECK_SECONDS + 1) * RECHECK_SECONDS


def _end(pause: FeedPause) -> tuple[float, str]:
    return pause.until, pause.source
