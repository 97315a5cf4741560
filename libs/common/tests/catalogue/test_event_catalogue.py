"""What the event catalogue takes, forgives and refuses."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.catalogue.checking import NoteReason, ValueReason
from common.catalogue.events import GROUPS, STANDARD_EVENTS
from common.catalogue.names import MISSPELLED, is_event_name, nearest_name

RANGE, TYPE, VALUE = ValueReason.OUT_OF_RANGE, ValueReason.WRONG_TYPE, ValueReason.BAD_VALUE
DIGITS, CASE, BLANKS = NoteReason.DIGITS_IN_QUOTES, NoteReason.LETTER_CASE, NoteReason.SURROUNDING_BLANKS
# What is needed beside the property that a case is about.
BESIDE = {"milestone.planned": {"step": "kickoff", "due": "2026-03-31"}}


@pytest.mark.parametrize("name", STANDARD_EVENTS)
def test_the_example_of_an_event_is_right(name: str) -> None:
    check = STANDARD_EVENTS[name]
    assert is_event_name(name)
    assert check.check(check.event.example) is None
    assert {each.name for each in check.properties} >= set(check.event.example) - {"link", "comment"}
    assert check.event.__doc__


def test_every_event_is_in_one_group() -> None:
    assert len(STANDARD_EVENTS) == sum(map(len, GROUPS.values()))


@pytest.mark.parametrize(
    ("name", "field", "value", "reason"),
    [
        # Numbers: no separators, which mean another number in another country, and no units.
        ("account.updated", "arr", "50,000", TYPE),
        ("account.updated", "arr", "50.000", TYPE),
        ("account.updated", "arr", "5.000", TYPE),
        ("account.updated", "arr", "50,000.00", TYPE),
        ("account.updated", "arr", "50000,00", TYPE),
        ("account.updated", "arr", "50.000.000", TYPE),
        ("account.updated", "arr", "5e4", TYPE),
        ("account.updated", "arr", "50000.", TYPE),
        ("account.updated", "arr", ".5", TYPE),
        ("account.updated", "arr", "€50000", TYPE),
        ("account.updated", "arr", -1, RANGE),
        ("account.updated", "arr", 1.1e12, RANGE),
        ("account.updated", "seats", True, TYPE),
        ("account.updated", "seats", "٣", TYPE),  # a digit, but not one of 0 to 9
        ("account.updated", "seats", "-3", TYPE),
        ("account.updated", "seats", [10], TYPE),
        ("nps.answered", "score", 42, RANGE),
        ("nps.answered", "score", "42", TYPE),
        ("nps.answered", "score", 9.5, RANGE),
        ("nps.answered", "score", None, ValueReason.MISSING),
        ("csat.answered", "score", 0, RANGE),
        ("ticket.opened", "severity", "high", TYPE),
        ("ticket.opened", "severity", "unknown", TYPE),
        ("ticket.resolved", "hours", -1, RANGE),
        # Words.
        ("account.updated", "tier", 1, TYPE),
        ("account.updated", "tier", "high touch", VALUE),
        ("account.updated", "stage", "churn", VALUE),
        ("account.updated", "owner", "Dana", VALUE),
        ("account.updated", "owner", {"email": "dana@example.com"}, TYPE),
        ("account.updated", "name", "", VALUE),
        ("account.updated", "language", "german", VALUE),
        ("account.updated", "country", "Germany", VALUE),
        ("account.updated", "country", "UK", VALUE),  # ISO 3166 has GB
        ("account.updated", "currency", "€", VALUE),
        ("account.updated", "time_zone", "Berlin", VALUE),
        ("account.updated", "time_zone", "+01:00", VALUE),
        ("account.updated", "time_zone", "../etc/passwd", VALUE),
        ("user.updated", "champion", "yes", TYPE),
        ("user.updated", "email", "ann at acme", VALUE),
        ("milestone.reached", "step", "kick off", VALUE),
        ("milestone.reached", "step", 7, TYPE),
        ("milestone.reached", "step", None, ValueReason.MISSING),
        ("feature.used", "feature", None, ValueReason.MISSING),
        # Dates.
        ("account.updated", "contract_end", "31/12/2026", VALUE),
        ("account.updated", "contract_end", "12/31/2026", VALUE),
        ("account.updated", "contract_end", "2026-02-30", VALUE),
        ("account.updated", "contract_end", "1026-12-31", VALUE),
        ("account.updated", "contract_end", 1_798_675_200_000, TYPE),
        ("account.updated", "contract_end", 1_798_675_200, TYPE),
        ("contract.changed", "contract_start", "20260101", VALUE),
        ("milestone.planned", "due", "2026-11-28T10:00:00", VALUE),  # at ten, but where?
        ("milestone.planned", "due", "soon", VALUE),
        ("milestone.planned", "due", 1_798_675_200_000, TYPE),
        ("milestone.planned", "due", None, ValueReason.MISSING),
        ("account.updated", "away", "2026-12-24", TYPE),
        ("account.updated", "away", [{"from": "2026-12-24"}], VALUE),
        ("account.updated", "away", [{"from": "2026-12-24", "until": "2027-01-01"}] * 33, VALUE),
    ],
)
def test_a_value_that_nobody_can_use_is_an_error(name: str, field: str, value: Any, reason: ValueReason) -> None:
    found = STANDARD_EVENTS[name].check({**BESIDE.get(name, {}), field: value})
    assert found is not None
    assert [(error.field, error.reason) for error in found.errors] == [(field, reason)]
    assert found.errors[0].detail.startswith("expected ")


@pytest.mark.parametrize(
    ("name", "field", "value", "taken", "reasons"),
    [
        ("account.updated", "seats", "10", 10, [DIGITS]),
        ("account.updated", "seats", " 10 ", 10, [BLANKS, DIGITS]),
        ("nps.answered", "score", "9", 9, [DIGITS]),
        # As clients of databases give decimals.
        ("account.updated", "arr", "48000.00", 48_000, [DIGITS]),
        ("account.updated", "arr", "48000.000", 48_000, [DIGITS]),
        ("account.updated", "arr", " 1234.5", 1234.5, [BLANKS, DIGITS]),
        ("ticket.resolved", "hours", "0.125", 0.125, [DIGITS]),
        ("ticket.resolved", "hours", "3.3333333333333333", 10 / 3, [DIGITS]),
        ("nps.answered", "score", "9.0", 9, [DIGITS]),
        ("account.updated", "tier", "High", "high", [CASE]),
        ("account.updated", "stage", " Renewal", "renewal", [BLANKS, CASE]),
        ("account.updated", "owner", "dana@example.com ", "dana@example.com", [BLANKS]),
        ("account.updated", "time_zone", "europe/BERLIN", "Europe/Berlin", [CASE]),
        ("account.updated", "country", "de", "DE", [CASE]),
        ("account.updated", "currency", "eur", "EUR", [CASE]),
        ("account.updated", "language", "PT-br", "pt-BR", [CASE]),
        ("account.updated", "language", "zh-hant-tw", "zh-Hant-TW", [CASE]),
        ("account.updated", "contract_end", " 2026-12-31", "2026-12-31", [BLANKS]),
        ("milestone.reached", "step", "Kickoff ", "kickoff", [BLANKS, CASE]),
    ],
)
def test_numbers_in_quotes_letter_case_and_blanks_are_forgiven_and_noted(
    name: str, field: str, value: str, taken: Any, reasons: list[NoteReason]
) -> None:
    found = STANDARD_EVENTS[name].check({field: value, "other": " Kept "})
    assert found is not None
    assert found.errors == ()
    assert found.properties == {field: taken, "other": " Kept "}
    assert [(note.field, note.reason) for note in found.notes] == [(field, reason) for reason in reasons]


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("account.updated", dict.fromkeys(each.name for each in STANDARD_EVENTS["account.updated"].properties)),
        ("account.updated", {"contract_end": "2026-12-31T00:00:00+01:00", "arr": 0, "seats": 2.5, "plan": "pro"}),
        ("account.updated", {"tier": "enterprise", "time_zone": "UTC", "name": " as it is "}),
        ("milestone.planned", {"step": "77", "due": 1_798_675_200.5}),
        ("milestone.planned", {"step": "q3-review", "due": "2026-11-28 10:00+01:00"}),
        ("nps.answered", {"score": 9.0}),
        ("ticket.opened", {"severity": 0.5}),
        ("session.started", {"device": {"os": "any"}}),
    ],
)
def test_what_can_be_used_is_taken_as_it_is(name: str, properties: dict[str, Any]) -> None:
    assert STANDARD_EVENTS[name].check(properties) is None


OVERRIDE = {"to": "green", "until": "2026-03-31"}


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({}, None),
        ({"reason": "enough"}, None),  # ends the one that holds
        (OVERRIDE, None),
        (OVERRIDE | {"until": "2026-03-31T18:00:00+02:00"}, None),
        (OVERRIDE | {"until": "2026-01-31T12:00:01Z"}, None),
        (OVERRIDE | {"until": "2026-01-31T12:00:00Z"}, "until"),
        (OVERRIDE | {"until": "2026-01-31"}, None),
        (OVERRIDE | {"until": "2026-01-30"}, "until"),  # over everywhere, though just so
        (OVERRIDE | {"until": "2026-07-30T12:00:00Z"}, None),
        (OVERRIDE | {"until": "2026-07-30T12:00:01Z"}, "until"),
        (OVERRIDE | {"until": "2026-07-31"}, None),  # has begun in the east
        (OVERRIDE | {"until": "2026-08-01"}, "until"),
        (OVERRIDE | {"until": "9999-12-31"}, "until"),
        ({"to": "red"}, "until"),
        ({"until": "2026-03-31"}, "to"),
        ({"to": None, "until": "2026-03-31"}, "to"),
        (OVERRIDE | {"to": "insufficient_data"}, "to"),
        (OVERRIDE | {"until": 1_774_915_200}, "until"),
    ],
)
def test_an_override_ends_by_itself_and_within_half_a_year(said: dict[str, Any], wrong: str | None) -> None:
    found = STANDARD_EVENTS["health.overridden"].check(said, at=datetime(2026, 1, 31, 12, tzinfo=UTC))
    assert [error.field for error in found.errors] == [wrong] if found is not None else wrong is None
    assert found is None or found.errors[0].detail.startswith("expected ")


def test_values_are_corrected_before_they_are_compared() -> None:
    check, at = STANDARD_EVENTS["health.overridden"], datetime(2026, 1, 31, 12, tzinfo=UTC)
    found = check.check({"to": " Green", "until": "2026-03-31 "}, at=at)
    assert found is not None
    assert (found.errors, len(found.notes), found.properties) == ((), 3, OVERRIDE)
    late = check.check({"to": "Green", "until": "2025-03-31"}, at=at)
    assert late is not None
    assert [error.field for error in late.errors] == ["until"]


def test_all_errors_of_an_event_are_found_at_once() -> None:
    found = STANDARD_EVENTS["account.updated"].check({"seats": "ten", "arr": "50,000", "tier": "High"})
    assert found is not None
    assert [error.field for error in found.errors] == ["arr", "seats"]
    assert found.properties["tier"] == "high"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


# A loaded machine draws slowly.
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), name=st.sampled_from(sorted(STANDARD_EVENTS)))
def test_what_was_corrected_is_right_and_nothing_else_was_touched(data: st.DataObject, name: str) -> None:
    check = STANDARD_EVENTS[name]
    names = [each.name for each in check.properties] + ["other"]
    properties = data.draw(st.dictionaries(st.sampled_from(names), JSON, max_size=5))
    before = dict(properties)
    found = check.check(properties)
    assert properties == before
    if found is not None and not found.errors:
        assert found.notes
        assert check.check(found.properties) is None
        noted = {note.field for note in found.notes}
        assert {key for key in before if found.properties[key] != before[key]} == noted


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("session.start", "session.started"),
        ("nps.answer", "nps.answered"),
        ("invoice.payed", "invoice.paid"),
        ("feature.use", "feature.used"),
        ("report.opened", None),
        ("ticket.closed", None),
        ("seat.added", None),
    ],
)
def test_a_misspelled_name_is_told_from_another_one(name: str, near: str | None) -> None:
    assert nearest_name(name, STANDARD_EVENTS, similarity=MISSPELLED) == near


def test_the_nearest_name_of_any_is_the_most_similar_one() -> None:
    assert nearest_name("contract.cancelled", STANDARD_EVENTS) is not None
    assert nearest_name("zzz.q", STANDARD_EVENTS) is None


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("report.opened", True),
        ("a.b_c.d1", True),
        ("Report.opened", False),
        ("report", False),
        ("a." + "b" * 99, False),
    ],
)
def test_names_that_ingest_takes(name: str, valid: bool) -> None:
    assert is_event_name(name) is valid


def test_dates_in_examples_are_ones_that_python_reads() -> None:
    account = STANDARD_EVENTS["account.updated"].event.example
    assert datetime.fromisoformat(account["contract_start"]) < datetime.fromisoformat(account["contract_end"])
