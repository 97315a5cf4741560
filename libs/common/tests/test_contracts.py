"""Golden samples of the contracts: old records can still be decoded, and ids never change."""

from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from common.contracts import ids
from common.contracts.events import CardActivated, Event, Tick, decode_events_record, encode_events_record
from common.contracts.signals import (
    Band,
    CaughtUp,
    Driver,
    Facts,
    Kind,
    Severity,
    Signal,
    decode_signals_record,
    encode_signals_record,
)

GOLDEN = Path(__file__).parent / "golden"
MOMENT = datetime(2026, 5, 3, 7, 30, 0, 250_000, tzinfo=UTC)
EVENTS = ("event", "event_smallest", "tick", "card_activated")
SIGNALS = ("signal", "signal_of_silence", "caught_up")


def sample(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def test_an_event() -> None:
    assert decode_events_record(sample("event")) == Event(
        event_id="e-1",
        account_id="acme",
        user_id="ann",
        name="session.started",
        time=MOMENT,
        source="web",
        received_at=MOMENT,
        properties={"seats": 12, "plan": "team", "tags": ["a", "é"]},
        history=True,
    )


def test_an_event_without_what_may_be_absent() -> None:
    smallest = decode_events_record(sample("event_smallest"))
    assert isinstance(smallest, Event)
    assert (smallest.user_id, smallest.properties, smallest.history) == (None, {}, False)


def test_a_tick_and_a_card_activation() -> None:
    assert decode_events_record(sample("tick")) == Tick()
    assert decode_events_record(sample("card_activated")) == CardActivated("d77b7b4c93798987", "version: 1\n")


def test_a_signal() -> None:
    signal = decode_signals_record(sample("signal"))
    assert isinstance(signal, Signal)
    assert (signal.kind, signal.severity, signal.to) == (Kind.BAND, Severity.CRITICAL, "red")
    assert signal.cause == ("web", "e-7")
    assert signal.before is not None
    assert (signal.before.band, signal.after.band) == (Band.YELLOW, Band.RED)
    assert [part.driver for part in signal.receipt.change.parts] == [Driver.SILENCE, Driver.CAP]
    assert signal.receipt.level.contributions[0].value == 0.2
    assert signal.receipt.change.events[0].event_id == "e-7"
    assert signal.facts.contract_end == date(2026, 5, 31)
    assert signal.forecast is not None
    assert signal.forecast.at == MOMENT


def test_a_signal_of_silence() -> None:
    signal = decode_signals_record(sample("signal_of_silence"))
    assert isinstance(signal, Signal)
    assert signal.cause == "silence@2026-05-03T07:30:00Z"
    assert signal.facts == Facts()
    assert signal.forecast is None
    assert signal.before is None


def test_a_caught_up_marker() -> None:
    assert decode_signals_record(sample("caught_up")) == CaughtUp(partition=7)


@pytest.mark.parametrize("name", EVENTS + SIGNALS)
def test_records_are_encoded_as_in_the_golden_samples(name: str) -> None:
    if name in EVENTS:
        written = encode_events_record(decode_events_record(sample(name)))
    else:
        written = encode_signals_record(decode_signals_record(sample(name)))
    assert msgspec.json.decode(written) == msgspec.json.decode(sample(name))


@pytest.mark.parametrize("name", EVENTS)
def test_a_field_that_a_later_version_adds_is_passed_over(name: str) -> None:
    later = msgspec.json.decode(sample(name)) | {"added_later": 1}
    assert decode_events_record(msgspec.json.encode(later)) == decode_events_record(sample(name))


@pytest.mark.parametrize("body", [b"", b"{}", b'{"type":"rumour"}', b'{"type":"event"}', b"[]", b"\xff"])
def test_anything_else_is_a_decode_error(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_events_record(body)
    with pytest.raises(msgspec.DecodeError):
        decode_signals_record(body)


def test_ids_never_change() -> None:
    caused = ids.signal_id("acme", "d77b7b4c93798987", "band", "red", ("web", "e-7"))
    silent = ids.signal_id("acme", "d77b7b4c93798987", "flag", "gone_quiet", ids.silence(1_777_793_400))
    assert caused == "05273e99-0f73-5bc6-9442-bf201d9d2d66"
    assert silent == "db302fa2-5527-5e6e-9d1d-01dfa48356f1"
    assert ids.event_id("web", "order-7", 0) == "bf25d0e9-1369-5da7-9a49-7b8bca89182b"
