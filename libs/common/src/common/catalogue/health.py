"""What a person sets of an account's health."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from common.catalogue.standard_event import Contradiction, StandardEvent
from common.catalogue.values import BandName, EmailAddress, Prose, Until

LONGEST_OVERRIDE: Final = timedelta(days=180)
# Ingest does not know the account's zone. A day begins up to 14 h before it does in UTC, and ends up to 12 h later.
_EAST, _WEST = timedelta(hours=14), timedelta(hours=12)
# The day after it still has a date.
_LAST_DAY: Final = date(9999, 12, 30)


class HealthOverridden(StandardEvent, frozen=True, kw_only=True):
    """A person sets the account's band in place of the scored one, until a date or a moment; `reason` says why.

    `to` is the band; null ends the override that holds now. `until` is needed with `to`. It lies after the event's time
    and at most 180 days after it; a date is over at the end of its day in the account's time zone. The score stays what
    the metrics say. The last override by event time counts, so another one extends it or replaces it. `by` is the
    e-mail address of the person who sets it; without it `user_id` is taken.
    """

    event_name = "health.overridden"
    example = {
        "to": "green",
        "until": "2026-03-31",
        "reason": "The new sponsor starts in March, and the pilot is agreed.",
        "by": "csm@example.com",
    }

    to: BandName | None = None
    until: Until | None = None
    reason: Prose | None = None
    by: EmailAddress | None = None

    @classmethod
    def contradictions(cls, properties: Mapping[str, Any], *, at: datetime | None) -> Iterator[Contradiction]:
        band, until = properties.get("to"), properties.get("until")
        if band is None and until is not None:
            yield (
                "to",
                "expected green, yellow or red, because `until` is given; null ends an override, without `until`",
            )
        elif band is not None and until is None:
            yield "until", "expected a date or a moment, because an override ends by itself"
        elif until is not None and at is not None:
            begins, ends = _span(until)
            if ends <= at:
                yield "until", f"expected a date or a moment after the event's time, {at:%Y-%m-%dT%H:%M:%SZ}"
            elif begins > at + LONGEST_OVERRIDE:
                yield "until", f"expected at most {LONGEST_OVERRIDE.days} days after the event's time"


def _span(until: str) -> tuple[datetime, datetime]:
    """The earliest and the latest moment at which it may begin, and be over."""
    if "T" not in until.upper() and " " not in until:
        begin = datetime.combine(min(date.fromisoformat(until), _LAST_DAY), time(), UTC)
        return begin - _EAST, begin + timedelta(days=1) + _WEST
    moment = datetime.fromisoformat(until)
    return moment, moment
