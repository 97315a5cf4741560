"""The job that all do: decode, keep an account's state by its key, the pure core's arithmetic at every event.

Nothing else in the bench imports the core.
"""

from pathlib import Path

from common.contracts.events import Event, decode_events_record
from common.contracts.signals import Signal, encode_signals_record
from scoring.cards.country_days import country_days
from scoring.cards.identity import identify, use_pinned_time_zones
from scoring.cards.load import load
from scoring.health.account import Account
from scoring.health.scorer import Scorer

__all__ = ["Account", "Scorer", "decoded", "dump", "find_due", "restore", "scored", "scorer", "told"]


def scorer(card: str) -> Scorer:
    use_pinned_time_zones()
    loaded = load(Path(card).read_text(encoding="utf-8"), card)
    return Scorer(loaded, identify(loaded), strict=False, calendars=country_days)


def dump(core: Scorer, account: Account) -> bytes:
    """Its state as it is stored."""
    return core.dump(account)


def restore(core: Scorer, account_id: str, body: bytes) -> Account:
    """From its state as it is stored."""
    return core.load(account_id, body)


def find_due(core: Scorer, account: Account) -> int | None:
    """The second at which it next matters that nothing happens."""
    return core.find_due(account)


def decoded(value: bytes) -> Event:
    said = decode_events_record(value)
    assert isinstance(said, Event), "the topic holds events only"
    return said


def scored(scorer: Scorer, account: Account, value: bytes, stamp: int) -> tuple[Signal, ...]:
    """`stamp` is the record's time in milliseconds."""
    return scorer.apply(account, decoded(value), stamp / 1000).signals


def told(signal: Signal) -> bytes:
    return encode_signals_record(signal)
