"""The people of an account who can be called: a bounded number of them, the champions and those active last.

Any event with a `user_id` is seen of that person, by the hour. `user.updated` says who they are: in each field the last
writer by event time wins, at equal times the later one in the log. `champion.left` takes the person off, until a later
day on which they are seen again.
"""

from typing import Final, final

from common.contracts.events import Event
from common.contracts.signals import Contact
from common.erasures.substitutes import is_substitute
from scoring.health.moments import to_datetime
from scoring.health.state_format import PERSON_FIELDS, StoredPerson

USER_UPDATED: Final = "user.updated"
CHAMPION_LEFT: Final = "champion.left"
PEOPLE_EVENTS: Final = (USER_UPDATED, CHAMPION_LEFT)

# Kept of each account: so many champions, and so many others.
CHAMPIONS: Final = 5
OTHERS: Final = 10
# Told with a signal.
CONTACTS: Final = 5
# In characters. PostgreSQL indexes a user id with its account id, whose bytes leave it room for so many.
LONGEST_USER_ID: Final = 128
_LONGEST_TEXT: Final = 254
_HOUR: Final = 3600.0
_HOURS_A_DAY: Final = 24
_NEVER: Final = -1


def said_of_person(event: Event) -> dict[str, object]:
    """The fields that an event writes of the person whom its `user_id` names.

    null clears a field, a value of the wrong type is passed over.
    """
    if event.name == CHAMPION_LEFT:
        return {"champion": False}
    said: dict[str, object] = {}
    if event.name != USER_UPDATED:
        return said
    for field in PERSON_FIELDS:
        if field not in event.properties:
            continue
        value: object = event.properties[field]
        if field == "champion":
            if value is None or isinstance(value, bool):
                said[field] = value is True
        elif value is None or (isinstance(value, str) and len(value) <= _LONGEST_TEXT):
            said[field] = value or None
    return said


def _can_be_kept(user_id: str) -> bool:
    """A substitute keeps the place of somebody erased, until the record that erases them is read."""
    return can_be_person(user_id) or is_substitute(user_id)


def can_be_person(user_id: str) -> bool:
    """Whether the table of people can take an id. Ingest refuses all others; other producers may not."""
    if not 0 < len(user_id) <= LONGEST_USER_ID or "\0" in user_id:
        return False
    try:
        user_id.encode()
    except UnicodeEncodeError:  # half of a pair of surrogates
        return False
    return True


@final
class KnownPeople:
    """Changed in place. `known` are the people kept, by user id, in the order in which they became known."""

    __slots__ = ("_least", "known")

    def __init__(self) -> None:
        self.known: dict[str, StoredPerson] = {}
        # A newcomer of this hour or before is not kept. It may be lower than the true bound, which `_admit` finds.
        self._least = _NEVER

    def restore(self, stored: list[StoredPerson]) -> None:
        for person in stored:
            self.known[person.user_id] = person

    def see(self, user_id: str, moment: float) -> None:
        """Notes that this person did something at `moment` (UTC seconds)."""
        hour = int(moment // _HOUR)
        person = self.known.get(user_id)
        if person is not None:
            if hour > person.hour:
                person.hour = hour
        elif hour > self._least:
            self._admit(user_id, hour)

    def describe(self, user_id: str, event: Event, moment: float) -> None:
        """Writes what an event of `PEOPLE_EVENTS` says of this person, who was just seen."""
        person = self.known.get(user_id)
        if person is None:
            # A champion is kept in preference to somebody who came later.
            if said_of_person(event).get("champion") is not True or not _can_be_kept(user_id):
                return
            person = self.known[user_id] = StoredPerson(user_id, int(moment // _HOUR))
        for field, value in said_of_person(event).items():
            self._write(person, field, value, moment)
        if event.name == CHAMPION_LEFT:
            person.gone = max(person.gone, int(moment // _HOUR))
        # Whoever has become a champion leaves a place among the others.
        self._least = _NEVER
        self._trim()

    def contacts(self) -> tuple[Contact, ...]:
        """Whom to call: the champions, then those active last; of the same hour those with an address first."""
        present = [person for person in self.known.values() if not _is_gone(person)]
        present.sort(key=_call_order)
        return tuple([_contact(person) for person in present[:CONTACTS] if not is_substitute(person.user_id)])

    def stored(self) -> list[StoredPerson]:
        return list(self.known.values())

    def forget(self, user_id: str) -> bool:
        """The person is erased; whether they were among these."""
        self._least = _NEVER
        return self.known.pop(user_id, None) is not None

    def _admit(self, user_id: str, hour: int) -> None:
        others = self._others()
        self._least = others[OTHERS - 1].hour if len(others) >= OTHERS else _NEVER
        if hour > self._least and _can_be_kept(user_id):
            self.known[user_id] = StoredPerson(user_id, hour)
            self._trim()

    def _write(self, person: StoredPerson, field: str, value: object, moment: float) -> None:
        written = person.written
        if field in written and written[field] > moment:
            return
        written[field] = moment
        if field == "champion":
            person.champion = value is True
        else:
            text = value if isinstance(value, str) else None
            # That there is one decides whom to call first.
            if text is not None and is_substitute(person.user_id):
                text = ""
            if field == "name":
                person.name = text
            elif field == "email":
                person.email = text
            else:
                person.role = text

    def _trim(self) -> None:
        """Drops those seen longest ago."""
        for person in self._others()[OTHERS:]:
            del self.known[person.user_id]

    def _others(self) -> list[StoredPerson]:
        """Everybody but the champions kept, the one seen last first. A champion too many counts as one of these."""
        others, champions = [], 0
        for person in sorted(self.known.values(), key=_age):
            if person.champion and champions < CHAMPIONS:
                champions += 1
            else:
                others.append(person)
        return others


def _is_gone(person: StoredPerson) -> bool:
    """Whether nothing was seen of somebody who left on a later day than that."""
    return person.gone >= 0 and person.hour // _HOURS_A_DAY <= person.gone // _HOURS_A_DAY


# Of equals the one known longer comes first. Ids have no say: those of people who are erased change.
def _age(person: StoredPerson) -> int:
    return -person.hour


def _call_order(person: StoredPerson) -> tuple[bool, int, bool, bool]:
    return not person.champion, -person.hour, person.email is None, person.name is None


def _contact(person: StoredPerson) -> Contact:
    return Contact(
        user_id=person.user_id,
        last_seen=to_datetime(person.hour * _HOUR),
        name=person.name,
        email=person.email,
        role=person.role,
        champion=person.champion,
    )
