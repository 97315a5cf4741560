"""A source's hours as an inline plot: what came, over what is usual. The words beside it say the same."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from msgspec import Struct

from console.clients.ingest import HourOfSource

WIDTH: Final = 840
HEIGHT: Final = 140
_DAYS: Final = 14
_HOURS: Final = 24 * _DAYS


class DayVolume(Struct, frozen=True):
    day: date
    events: int
    expected: float | None


class VolumePlot(Struct, frozen=True):
    """`usual` and `came` are the `d` of SVG paths; `usual` is empty while the source is learned. Days are of UTC."""

    came: str
    usual: str
    most: float
    days: tuple[DayVolume, ...]


def volume_plot(hours: Sequence[HourOfSource], *, now: datetime) -> VolumePlot:
    last = now.replace(minute=0, second=0, microsecond=0)
    by_hour = {one.hour: one for one in hours}
    moments = [last - timedelta(hours=back) for back in range(_HOURS - 1, -1, -1)]
    came = [float(one.events) if (one := by_hour.get(moment)) else 0.0 for moment in moments]
    usual = [(one.expected or 0.0) if (one := by_hour.get(moment)) else 0.0 for moment in moments]
    known = any(one.expected is not None for one in hours)
    most = max(*came, *usual, 1.0)
    return VolumePlot(_line(came, most), _line(usual, most) if known else "", most, _days(hours))


def _line(values: Sequence[float], most: float) -> str:
    step = WIDTH / (len(values) - 1)
    points = [
        f"{place * step:.1f} {HEIGHT - value / most * (HEIGHT - 4) - 2:.1f}" for place, value in enumerate(values)
    ]
    return "M" + "L".join(points)


def _days(hours: Sequence[HourOfSource]) -> tuple[DayVolume, ...]:
    """The newest first."""
    found: dict[date, list[HourOfSource]] = {}
    for one in hours:
        found.setdefault(one.hour.date(), []).append(one)
    return tuple(
        DayVolume(
            day,
            sum(one.events for one in of_day),
            None if all(one.expected is None for one in of_day) else sum(one.expected or 0.0 for one in of_day),
        )
        for day, of_day in sorted(found.items(), reverse=True)
    )
