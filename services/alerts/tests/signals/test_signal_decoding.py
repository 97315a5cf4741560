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
PEER_RANK = encode_signals_record(FLAG).replace(b'"kind":"flag"', b'"kind":"peer_rank"')


def test_a_known_kind_is_the_members_own() -> None:
    signal = decode_signal(encode_signals_record(FLAG))
    assert signal == FLAG
    assert signal.kind is Kind.FLAG


def test_an_unknown_kind_is_kept_and_encoded_again_as_it_came() -> None:
    signal = decode_signal(PEER_RANK)
    assert signal.kind.value == "peer_rank"
    assert signal.kind not in set(Kind)
    assert encode_signals_record(signal) == PEER_RANK
    assert decode_record(PEER_RANK) == signal
    assert msgspec.structs.replace(signal, kind=Kind.FLAG) == FLAG


def test_an_unknown_kind_has_words_and_labels() -> None:
    signal = decode_signal(PEER_RANK)
    assert describe(signal) == "peer rank renewal opens"
    assert labels(signal)["kind"] == "peer_rank"
    assert not rules_of(signal.kind).always_told


@pytest.mark.parametrize("kind", list(Kind))
def test_every_known_kind_has_its_rules(kind: Kind) -> None:
    assert rules_of(kind) is not rules_of(unknown_kind("peer_rank"))


@pytest.mark.parametrize(
    "body",
    [
        PEER_RANK.replace(b'"severity":"warning"', b'"severity":"loud"'),
        PEER_RANK.replace(b'"kind":"peer_rank"', b'"kind":""'),
        PEER_RANK.replace(b'"kind":"peer_rank"', b'"kind":7'),
        PEER_RANK.replace(b'"type":"signal"', b'"type":"another"'),
        encode_signals_record(FLAG).replace(b'"account_id":', b'"account":'),
        PEER_RANK[:-1],
        b"[]",
        b'"peer_rank"',
        b"",
        b"[" * 100_000,
        b'{"type":"signal","kind":"peer_rank","to":"\xff"}',
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_record(body)
    with pytest.raises(msgspec.DecodeError):
        decode_signal(body)


def test_the_end_of_a_backlog_is_a_record_too() -> None:
    assert decode_record(encode_signals_record(CaughtUp(3))) == CaughtUp(3)
