"""Which feeds are paused in a partition by announcements, and until when each pause holds accounts. Pure."""

from math import ceil, inf
from typing import Final

from common.contracts.events import Announcement, FeedPaused
from scoring.health import RECHECK_SECONDS, FeedPause, Pauses

# After the resume accounts stay on hold for as long as the pause took, within these bounds (seconds): the source then
# sends the events that it kept, and they need time to arrive.
SHORTEST_GRACE: Final = float(RECHECK_SECONDS)
LONGEST_GRACE: Final = 86_400.0


def follow(pauses: Pauses, said: Announcement, *, at: float) -> Pauses:
    """The pauses after an announcement that was read at the record time `at` (seconds since the epoch)."""
    before = next((one for one in pauses if one.source == said.source), None)
    others = tuple(one for one in pauses if one.source != said.source)
    if isinstance(said, FeedPaused):
        since = min(said.since.timestamp(), at)
        if before is not None and before.until > at:
            # The feed is paused twice, or again before its backlog has come: that is one pause.
            since = min(since, before.since)
        return (*others, FeedPause(said.source, since, inf))
    if before is None or before.until != inf:
        return pauses
    grace = min(max(at - before.since, SHORTEST_GRACE), LONGEST_GRACE)
    return (*others, FeedPause(said.source, before.since, float(ceil(at + grace))))


def in_force(pauses: Pauses, *, clock: float) -> Pauses:
    """The pauses that are not over at the partition's clock; all that the others held back was told by then."""
    return tuple(one for one in pauses if one.until > clock)
