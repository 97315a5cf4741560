"""Takes erased people out of a signal: their contact, their words, and their name beside a band. Pure."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from common.contracts.quotable import NAMING_PEOPLE, OF_FACTS, USER
from common.contracts.signals import Health, Quote, Signal

IsErased = Callable[[str], bool]
"""Whether a user id is that of somebody erased."""


def without_people(signal: Signal, is_erased: IsErased) -> Signal:
    """The signal without erased people; the same object if it has none."""
    contacts = tuple([one for one in signal.contacts if not is_erased(one.user_id)])
    said = _without_words(signal.said, is_erased)
    before = None if signal.before is None else without_name(signal.before, is_erased)
    after = without_name(signal.after, is_erased)
    if contacts == signal.contacts and said == signal.said and before is signal.before and after is signal.after:
        return signal
    return replace(signal, contacts=contacts, said=said, before=before, after=after)


def _without_words(said: Sequence[Quote], is_erased: IsErased) -> tuple[Quote, ...]:
    """Of an event of an erased person only facts of the account stay; of others' events all but the person's name."""
    if any(one.name == USER and is_erased(str(one.value)) for one in said):
        return tuple([one for one in said if one.name in OF_FACTS])
    return tuple([one for one in said if not (one.name in NAMING_PEOPLE and is_erased(str(one.value)))])


def without_name(health: Health, is_erased: IsErased) -> Health:
    """The health without the name of an erased person who set the band; the same object if nobody erased did."""
    override = health.override
    if override is None or override.by is None or not is_erased(override.by):
        return health
    return replace(health, override=replace(override, by=None))
