"""Operational time: the time that counts for decay and silence, in seconds.

The core takes its time from one clock object: it maps record time by `operational` and due moments back by `wall`.
States hold UTC moments. Operational time is computed and never stored, so another clock can read an old state.
"""

from datetime import tzinfo
from typing import Final

# How far off a moment may be that was mapped to operational time and back: more where a day counts little.
MAPPED_SECONDS: Final = 1e-3


class Clock:
    """Every second counts as one second: operational time is UTC.

    A clock that lets nights or holidays count less overrides these methods. `operational` and `wall` must be strictly
    increasing and the inverse of each other, and must map plus and minus infinity onto themselves.
    """

    def operational(self, moment: float) -> float:
        """Operational seconds at a UTC moment."""
        return moment

    def wall(self, tau: float) -> float:
        """The UTC moment at which the operational time is `tau`."""
        return tau

    def days_between(self, first: int, last: int, zone: tzinfo) -> float:
        """Operational days from the midnight of one day of a zone to that of another, both since the epoch."""
        return float(last - first)


WALL_CLOCK: Final = Clock()
