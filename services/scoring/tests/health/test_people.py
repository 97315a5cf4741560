"""Whom to call: the people of an account that a signal names, and how few of them its state keeps."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.contracts.signals import Contact
from scoring.health.card import Flag
from scoring.health.people import CHAMPIONS, OTHERS
from support.examples import examples
from support.scripted_account import DAWN, DAY, MOOD, SLIDE, ScriptedAccount, card

HOUR = 1 / 24
CARD = card(MOOD, flags=(Flag(name="unpaid", cap=60, events=("unpaid",), ttl=30),))


def script_of(*events: tuple[str, float, str, dict[str, Any]]) -> ScriptedAccount:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=100)
    for name, day, user_id, said in events:
        script.does(name, day, user_id=user_id, **said)
    return script


def contacts(script: ScriptedAccount, day: float = 50) -> tuple[Contact, ...]:
    """Those that the next signal carries."""
    signal, *_ = script.does("unpaid", day).signals
    return signal.contacts


def names(script: ScriptedAccount) -> list[str]:
    return [contact.user_id for contact in contacts(script)]


def test_a_signal_names_the_champions_first_then_those_active_last_five_at_most() -> None:
    script = script_of(*[("used", n, f"user {n}", {}) for n in range(1, 9)])
    script.does("user.updated", 3, user_id="user 3", champion=True)
    assert names(script) == ["user 3", "user 8", "user 7", "user 6", "user 5"]


def test_a_contact_says_who_they_are_and_the_hour_of_their_last_event() -> None:
    script = script_of(("used", 1.99, "ann", {}))
    script.does("user.updated", 1, user_id="ann", name="Ann Lee", email="ann@acme.example", role="admin", champion=True)
    hour = datetime.fromtimestamp(DAWN + 1 * DAY + 23 * 3600, UTC)
    assert contacts(script) == (Contact("ann", hour, "Ann Lee", "ann@acme.example", "admin", champion=True),)


# What is said of a person, on which day, and what is known then.
WRITERS: list[tuple[list[tuple[float, dict[str, Any]]], tuple[Any, ...]]] = [
    ([(1, {"name": "Ann"}), (2, {"email": "a@acme.example"})], ("Ann", "a@acme.example", None, False)),
    ([(2, {"name": "Ann"}), (1, {"name": "Anna", "role": "admin"})], ("Ann", None, "admin", False)),
    ([(1, {"name": "Ann"}), (1, {"name": "Anna"})], ("Anna", None, None, False)),  # at equal times the later one
    ([(1, {"name": "Ann", "champion": True}), (2, {"name": None})], (None, None, None, True)),
    ([(1, {"champion": True}), (2, {"champion": None})], (None, None, None, False)),
    ([(1, {"name": "Ann"}), (2, {"name": 7, "champion": "yes"})], ("Ann", None, None, False)),
    ([(1, {"name": "Ann"}), (2, {"name": "x" * 300})], ("Ann", None, None, False)),
]


@pytest.mark.parametrize(("said", "known"), WRITERS)
def test_in_each_field_the_last_writer_by_event_time_wins(
    said: list[tuple[float, dict[str, Any]]], known: tuple[Any, ...]
) -> None:
    script = script_of()
    for day, fields in said:
        script.does("user.updated", 3, late=3 - day, user_id="ann", **fields)
    (ann,) = contacts(script)
    assert (ann.name, ann.email, ann.role, ann.champion) == known


@pytest.mark.parametrize("order", [("ann", "bo"), ("bo", "ann")])
def test_of_people_seen_in_the_same_hour_the_one_known_longer_comes_first_whatever_their_ids(
    order: tuple[str, str],
) -> None:
    """The id of an erased person changes, and nothing else may."""
    seen: list[tuple[str, float, str, dict[str, Any]]]
    seen = [("used", 1.0 + n / 1000, user_id, {}) for n, user_id in enumerate(order)]
    assert names(script_of(*seen)) == [*order]
    script = script_of(*seen, *[("used", 2.0, f"user {n}", {}) for n in range(OTHERS - 1)])
    assert script.account.people.known.keys() & {*order} == {order[0]}


def test_a_champion_who_left_is_no_contact_until_they_are_seen_on_a_later_day() -> None:
    script = script_of(("user.updated", 1, "ann", {"champion": True}), ("used", 1, "bo", {}))
    script.does("champion.left", 2.5, user_id="ann")
    script.does("used", 2.75, user_id="ann")
    assert names(script) == ["bo"]
    script = script_of(("user.updated", 1, "ann", {"champion": True}), ("champion.left", 2, "ann", {}))
    script.does("used", 3.5, user_id="ann")
    (ann,) = contacts(script)
    assert (ann.user_id, ann.champion) == ("ann", False)


def test_the_signal_of_a_champion_who_left_does_not_name_them() -> None:
    script = ScriptedAccount(card(MOOD, flags=(Flag(name="lost", cap=60, events=("champion.left",), ttl=30),)))
    script.does("mood.read", 0, value=100)
    script.does("user.updated", 1, user_id="ann", champion=True)
    script.does("used", 1, user_id="bo")
    (flag, *_) = script.does("champion.left", 2, user_id="ann").signals
    assert [contact.user_id for contact in flag.contacts] == ["bo"]


def test_an_event_that_does_not_say_who_left_takes_nobody_off() -> None:
    script = script_of(("user.updated", 1, "ann", {"champion": True}))
    script.does("champion.left", 2)
    assert names(script) == ["ann"]


def test_what_silence_brought_before_an_event_is_told_without_the_person_of_that_event() -> None:
    script = ScriptedAccount(card(SLIDE))
    script.does("mood.read", 0, user_id="ann", value=75)
    script.does("mood.read", 1, user_id="ann", value=75)
    (fell,) = script.does("used", 30, user_id="bo").signals
    assert [contact.user_id for contact in fell.contacts] == ["ann"]


def test_of_one_hour_those_with_an_address_come_first() -> None:
    script = script_of(*[("used", 1, name, {}) for name in ("a", "b", "c")])
    script.does("user.updated", 1, user_id="c", email="c@acme.example")
    script.does("user.updated", 1, user_id="b", name="Bo")
    assert names(script) == ["c", "b", "a"]


def test_a_state_keeps_few_people_however_many_there_are() -> None:
    script = script_of(*[("used", 1 + n * HOUR, f"user {n}", {}) for n in range(300)])
    for n in range(40):
        script.does("user.updated", 20, user_id=f"chief {n}", champion=True, name="x" * 254)
    assert len(script.account.people.known) == CHAMPIONS + OTHERS
    script.does("used", 21, user_id="y" * 129)
    assert "y" * 129 not in script.account.people.known


def test_a_crowd_within_an_hour_changes_nothing_once_the_places_are_taken() -> None:
    script = script_of(*[("used", 1, f"user {n}", {}) for n in range(OTHERS)])
    before = dict(script.account.people.known)
    for n in range(OTHERS, 100):
        script.does("used", 1, user_id=f"user {n}")
    assert script.account.people.known == before


def test_whoever_becomes_a_champion_leaves_a_place_among_the_others() -> None:
    script = script_of(*[("used", 1, f"user {n}", {}) for n in range(OTHERS)])
    script.does("used", 1, user_id="late")
    assert "late" not in script.account.people.known
    script.does("user.updated", 1, user_id="user 0", champion=True)
    script.does("used", 1, user_id="late")
    assert "late" in script.account.people.known


USERS = st.sampled_from([f"user {n}" for n in range(25)])
HAPPENED = st.tuples(
    st.sampled_from(["used", "used", "mood.read", "user.updated", "champion.left"]),
    st.integers(min_value=0, max_value=72),
    USERS,
    st.fixed_dictionaries({}, optional={"champion": st.booleans(), "name": st.sampled_from(["Ann", None, "Bo"])}),
)


@settings(max_examples=examples(150), deadline=None)
@given(events=st.lists(HAPPENED, max_size=120), kept=st.sets(st.integers(min_value=0, max_value=119)))
def test_whoever_reads_the_log_and_wherever_they_stored_it_keeps_the_same_people(
    events: list[tuple[str, int, str, dict[str, Any]]], kept: set[int]
) -> None:
    whole, cut = ScriptedAccount(CARD), ScriptedAccount(CARD)
    for number, (name, hour, user_id, said) in enumerate(events):
        for script in (whole, cut):
            script.does(name, 3, late=3 - hour * HOUR, user_id=user_id, value=80, **said)
        if number in kept:
            cut.account = cut.scorer.load("acme", cut.scorer.dump(cut.account))
    assert cut.scorer.dump(cut.account) == whole.scorer.dump(whole.account)
    known = whole.account.people.known.values()
    assert sum(person.champion for person in known) <= CHAMPIONS + OTHERS
    assert len(known) <= CHAMPIONS + OTHERS
