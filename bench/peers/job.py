"""The job that all do: decode, keep an account's state by its key, the pure core's arithmetic at every event."""

from pathlib import Path

from common.contracts.events import Event, decode_events_record
from common.contracts.signals import Signal, encode_signals_record
from scoring.cards.identity import identify, use_pinned_time_zones
from scoring.cards.load import load
from scoring.core.account import Account
from scoring.core.scorer import Scorer


def scorer(card: str) -> Scorer:
    use_pinned_time_zones()
    loaded = load(Path(card).read_text(encoding="utf-8"), card)
    return Scorer(loaded, identify(loaded), strict=False)


def decoded(value: bytes) -> Event:
    said = decode_events_record(value)
    assert isinstance(said, Event), "the topic holds events only"
    return said


def scored(scorer: Scorer, account: Account, value: bytes, stamp: int) -> tuple[Signal, ...]:
    """`stamp` is the record's time in milliseconds."""
    return scorer.apply(account, decoded(value), stamp / 1000).signals


def told(signal: Signal) -> bytes:
    return encode_signals_record(signal)
