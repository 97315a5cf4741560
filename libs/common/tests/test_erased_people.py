"""A signal says nothing of erased people: no contact, no word of theirs, no name beside a band."""

from msgspec.structs import replace

from common.contracts.signals import Band, Contact, Override, Quote, Signal
from common.erasures.erased_people import without_people
from support.alerts_decisions import band

TOLD = band("red")
MOMENT = TOLD.at
ANN, BO = Contact("ann", MOMENT, name="Ann"), Contact("bo", MOMENT)
SEATS = Quote("seats", 5.0)


def is_ann(user_id: str) -> bool:
    return user_id == "ann"


def of(*said: Quote) -> Signal:
    return replace(TOLD, contacts=(BO,), said=said)


def test_contacts_go_and_the_others_stay_in_their_order() -> None:
    told = replace(TOLD, contacts=(ANN, BO))
    assert without_people(told, is_ann).contacts == (BO,)


def test_all_that_their_event_said_goes_but_the_facts_that_it_changed() -> None:
    told = of(SEATS, Quote("reason", "Ann is unhappy"), Quote("requested_by", "bo"), Quote("user_id", "ann"))
    assert without_people(told, is_ann).said == (SEATS,)


def test_of_an_event_of_somebody_else_their_name_goes_and_the_words_stay() -> None:
    told = of(Quote("reason", "ann"), Quote("requested_by", "ann"), Quote("user_id", "bo"))
    assert without_people(told, is_ann).said == (Quote("reason", "ann"), Quote("user_id", "bo"))


def test_who_set_a_band_goes_and_the_band_stays() -> None:
    set_by_ann = Override(Band.GREEN, MOMENT, "merger", "ann")
    health = replace(TOLD.after, override=set_by_ann)
    told = replace(TOLD, before=health, after=health)
    without = without_people(told, is_ann)
    assert without.before is not None
    assert without.before.override == without.after.override == replace(set_by_ann, by=None)


def test_a_signal_that_names_nobody_of_them_is_the_same_object() -> None:
    told = of(SEATS, Quote("user_id", "bo"))
    assert without_people(told, is_ann) is told
