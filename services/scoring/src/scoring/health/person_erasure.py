"""Takes an erased person out of an account's state. The score stays the same.

A substitute takes the person's place in counts of people. Facts and words of the person are deleted. The result has to
equal the state that comes of reading all events under the substitute, so nothing here may depend on the text of an id.
"""

from typing import final

from common.contracts.quotable import NAMING_PEOPLE, OF_FACTS, USER
from common.contracts.signals import Health
from common.erasures.erased_people import without_name
from scoring.health.account import Account
from scoring.health.alert_state import AlertState
from scoring.health.hashing import hash64
from scoring.health.request import OpenRequest
from scoring.health.state_format import Crossing, HeldOverride, Said


def erase_person(account: Account, user_id: str, substitute: str) -> bool:
    """Replaces `user_id` by `substitute`, both user ids. Returns whether the state changed."""
    erasing = _PersonErasing(user_id)
    person, other = hash64(user_id), hash64(substitute)
    for metric in account.metrics:
        erasing.found |= metric.rename_person(person, other)
    for flag in account.flags:
        erasing.found |= flag.rename_person(person, other)
    for each in (user_id, substitute):
        erasing.found |= account.people.forget(each)
    erasing.found |= account.overrides.forget_name(user_id)
    erasing.clear(account.state)
    if account.request is not None:
        erasing.clear_request(account.request)
    return erasing.found


@final
class _PersonErasing:
    """Clears one person from parts of a state; `found` says whether anything named them."""

    __slots__ = ("_user_id", "found")

    def __init__(self, user_id: str) -> None:
        self._user_id = user_id
        self.found = False

    def clear(self, state: AlertState) -> None:
        state.pending = {band: self._crossing(one) for band, one in state.pending.items()}
        state.flags = {name: self._crossing(one) for name, one in state.flags.items()}
        state.override = self._override(state.override)

    def clear_request(self, request: OpenRequest) -> None:
        self.clear(request.before)
        request.crossed = {line: self._crossing(one) for line, one in request.crossed.items()}
        request.outcomes = [(name, self._crossing(one)) for name, one in request.outcomes]
        request.withdrawn = [one._replace(crossing=self._crossing(one.crossing)) for one in request.withdrawn]
        request.health = self._health(request.health)

    def _crossing(self, crossing: Crossing) -> Crossing:
        event = crossing.event
        if event is None:
            return crossing
        said = self._words(event.said)
        return crossing if said == event.said else crossing._replace(event=event._replace(said=said))

    def _words(self, said: tuple[Said, ...]) -> tuple[Said, ...]:
        """The words of an event without the person, by the rules of `without_people` for signals."""
        theirs = (USER, self._user_id) in said
        kept = tuple([one for one in said if one[0] in OF_FACTS or not (theirs or self._is_name(one))])
        self.found |= kept != said
        return kept

    def _is_name(self, said: Said) -> bool:
        return said[0] in NAMING_PEOPLE and said[1] == self._user_id

    def _override(self, held: HeldOverride | None) -> HeldOverride | None:
        if held is None or held.who != self._user_id:
            return held
        self.found = True
        return held._replace(who=None)

    def _health(self, health: Health | None) -> Health | None:
        if health is None:
            return None
        without = without_name(health, lambda name: name == self._user_id)
        self.found |= without is not health
        return without
