"""Signals from their bytes: a kind that is not known is kept, everything else must be as the contract says."""

import msgspec
import pytest

from alerts.routing.labels import labels
from alerts.samples import Sample
from alerts.signals.decoding import decode_record, decode_signal
from alerts.signals.signal_kinds import rules_of, unknown_kind
from alerts.signals.wording import describe
from common.contracts.signals import CaughtUp, Kind, encode_signals_record

FLAG = Sample(kind=Kind.FLAG, to="renewal_opens").build()
FIRST_LOOK = encode_signals_record(FLAG).replace(b'"kind":"flag"', b'"kind":"first_look"')


def test_a_known_kind_is_the_members_own() -> None:
    signal = decode_signal(encode_signals_record(FLAG))
    assert signal == FLAG
    assert signal.kind is Kind.FLAG


def test_an_unknown_kind_is_kept_and_encoded_again_as_it_came() -> None:
    signal = decode_signal(FIRST_LOOK)
    assert signal.kind.value == "first_look"
    assert signal.kind not in set(Kind)
    assert encode_signals_record(signal) == FIRST_LOOK
    assert decode_record(FIRST_LOOK) == signal
    assert msgspec.structs.replace(signal, kind=Kind.FLAG) == FLAG


def test_an_unknown_kind_has_words_and_labels() -> None:
    signal = decode_signal(FIRST_LOOK)
    assert describe(signal) == "first look renewal opens"
    assert labels(signal)["kind"] == "first_look"
    assert not rules_of(signal.kind).always_told


@pytest.mark.parametrize("kind", list(Kind))
def test_every_known_kind_has_its_rules(kind: Kind) -> None:
    assert rules_of(kind) is not rules_of(unknown_kind("first_look"))


@pytest.mark.parametrize(
    "body",
    [
        FIRST_LOOK.replace(b'"severity":"warning"', b'"severity":"loud"'),
        FIRST_LOOK.replace(b'"kind":"first_look"', b'"kind":""'),
        FIRST_LOOK.replace(b'"kind":"first_look"', b'"kind":7'),
        FIRST_LOOK.replace(b'"type":"signal"', b'"type":"another"'),
        encode_signals_record(FLAG).replace(b'"account_id":', b'"account":'),
        FIRST_LOOK[:-1],
        b"[]",
        b'"first_look"',
        b"",
        b"[" * 100_000,
        b'{"type":"signal","kind":"first_look","to":"\xff"}',
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_record(body)
    with pytest.raises(msgspec.DecodeError):
        decode_signal(body)


def test_the_end_of_a_backlog_is_a_record_too() -> None:
    assert decode_record(encode_signals_record(CaughtUp(3))) == CaughtUp(3)
