"""Signals and records from their bytes, with kinds that this release does not know."""

import msgspec

from alerts.signals.signal_kinds import unknown_kind
from common.contracts.signals import Kind, Signal, SignalsRecord, decode_signals_record

_signal = msgspec.json.Decoder(Signal)
_KNOWN = frozenset(kind.value for kind in Kind)


def decode_record(body: bytes) -> SignalsRecord:
    """Of the signals topic. Raises `msgspec.DecodeError`."""
    try:
        return decode_signals_record(body)
    except msgspec.ValidationError as error:
        return _with_unknown_kind(body, error)


def decode_signal(body: bytes | str) -> Signal:
    """As it was stored. Raises `msgspec.DecodeError`."""
    try:
        return _signal.decode(body)
    except msgspec.ValidationError as error:
        return _with_unknown_kind(body, error)


def _with_unknown_kind(body: bytes | str, error: msgspec.ValidationError) -> Signal:
    """A newer scoring adds kinds: alerts keeps such a signal and tells it by its plain name. Else raises `error`."""
    try:
        fields = msgspec.json.decode(body)
    except (UnicodeDecodeError, RecursionError):
        raise error from None
    kind = fields.get("kind") if isinstance(fields, dict) else None
    # With a kind that we know, something else is wrong with the record.
    if not isinstance(kind, str) or not kind or kind in _KNOWN:
        raise error
    signal = msgspec.convert(fields | {"kind": Kind.FLAG.value}, Signal)
    return msgspec.structs.replace(signal, kind=unknown_kind(kind))
