"""A band that a person sets in place of the scored one: what events say of it, and what of that counts.

The last writer by event time has the say. One value before it is kept, so that a retraction can bring it back.
"""

from math import ceil
from typing import Final, final

from common.contracts.events import Event
from common.contracts.quotable import LONGEST_QUOTE
from common.contracts.signals import Band, Override
from common.erasures.substitutes import is_substitute
from scoring.health.bands import GREEN, RED, YELLOW
from scoring.health.context import Context
from scoring.health.former_values import take_back, write_newest
from scoring.health.moments import LAST, end_of_day, parse_day, parse_moment, to_datetime
from scoring.health.properties import id_hash
from scoring.health.state_format import HeldOverride, OverrideEntry

# Its `user_id` names a colleague, and no person of the account.
OVERRIDDEN: Final = "health.overridden"
_BANDS: Final[dict[str, Band]] = {"green": GREEN, "yellow": YELLOW, "red": RED}
_THE_ONE: Final = "override"
_LONGEST_WHO: Final = 254


@final
class Overrides:
    """What events said of one account: the entry that counts, and the one before it.

    An entry that is over stays, so that an older event that comes late does not count.
    """

    __slots__ = ("_former", "_present")

    def __init__(self) -> None:
        self._present: dict[str, OverrideEntry] = {}
        self._former: dict[str, OverrideEntry] = {}

    def write(self, event: Event, *, at: float, moment: float, context: Context) -> None:
        """Notes what an event of the moment `moment` says that came at `at` (UTC).

        A value of the wrong type, and an override that is over by `at`, say nothing.
        """
        entry = _entry(event, moment)
        if entry is not None and (entry.to is None or _ends(entry, context) > at):
            write_newest(self._present, self._former, _THE_ONE, entry)

    def retract(self, by: int) -> bool:
        """Takes back what the event with this hash said; whether that counted."""
        return take_back(self._present, self._former, by)

    def forget_name(self, user_id: str) -> bool:
        """A person is erased: what they set stays, without them; whether they had set anything."""
        named = False
        for entries in (self._present, self._former):
            entry = entries.get(_THE_ONE)
            if entry is not None and entry.who == user_id:
                entries[_THE_ONE], named = entry._replace(who=None), True
        return named

    def held(self, context: Context, tau: float) -> HeldOverride | None:
        """The override that holds at the operational time `tau`."""
        if not self._present:
            return None
        entry = self._present[_THE_ONE]
        if entry.to is None:
            return None
        ends = _ends(entry, context)
        if context.clock.operational(ends) <= tau:
            return None
        return HeldOverride(entry.by_event, entry.to, ends, entry.reason, entry.who)

    def dump(self) -> tuple[list[OverrideEntry], list[OverrideEntry]] | None:
        """None if no event has said anything."""
        return (list(self._present.values()), list(self._former.values())) if self._present else None

    def restore(self, stored: tuple[list[OverrideEntry], list[OverrideEntry]] | None) -> None:
        """Takes what `dump` gave."""
        present, former = ([], []) if stored is None else stored
        self._present = {_THE_ONE: present[0]} if present else {}
        self._former = {_THE_ONE: former[0]} if former else {}


def override_of(held: HeldOverride | None) -> Override | None:
    """As signals and answers show it."""
    return None if held is None else Override(held.to, to_datetime(held.ends), held.reason, held.who)


def _ends(entry: OverrideEntry, context: Context) -> float:
    """The whole second (UTC) at which an override is over; a date ends with its day in the account's zone."""
    ends = end_of_day(int(entry.until), context.zone) if entry.is_day else entry.until
    return float(min(ceil(ends), LAST))


def _entry(event: Event, moment: float) -> OverrideEntry | None:
    """None if the event does not say which band until when."""
    said: object = event.properties.get("to")
    if said is None:
        return OverrideEntry(moment, id_hash(event), None)
    until: object = event.properties.get("until")
    band = _BANDS.get(said) if isinstance(said, str) else None
    day, ends = parse_day(until), parse_moment(until) if isinstance(until, str) else None
    if band is None or ends is None:
        return None
    reason, who = _text(event.properties.get("reason"), LONGEST_QUOTE), _text(event.properties.get("by"), _LONGEST_WHO)
    if who is None and event.user_id:
        who = event.user_id[:_LONGEST_WHO]
    if who is not None and is_substitute(who):
        who = None
    return OverrideEntry(
        moment, id_hash(event), band, ends if day is None else float(day), day is not None, reason, who
    )


def _text(value: object, longest: int) -> str | None:
    return value[:longest] if isinstance(value, str) and value.strip() else None
