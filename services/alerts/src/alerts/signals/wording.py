"""A signal in words that a person reads at a glance: for logs, the terminal and the API."""

from alerts.signals.score import score_moves
from alerts.signals.signal_kinds import overriding, plain, rules_of
from common.contracts.signals import Kind, Signal

_LISTING = (Kind.FIRST_LOOK, Kind.RENEWAL_WINDOW)


def describe(signal: Signal) -> str:
    """What happened: `red 61>38`, `flag payment failed yellow 80>45`, `missed sso live`, `outcome renewed`."""
    return rules_of(signal.kind).describe(signal)


def explain(signal: Signal, *, limit: int = 3) -> str:
    """Why: where a band is told, what moved the score most, `active seats -14, logins -6, others +2`; else the cause.

    Of a first look and a renewal what is open; of a band that a person has set, the reason they gave.

    A metric's number is all that it moved since the last band that was told. The numbers add up to the difference of
    the two scores that `describe` shows.
    """
    if signal.kind in _LISTING:
        return ", ".join(plain(one.to) for one in signal.standing if one.kind is not Kind.BAND)
    if (override := overriding(signal)) is not None:
        return override.reason or ""
    if signal.told_band is None:
        return _cause(signal)
    moves = score_moves(signal, limit=limit)
    named = [f"{'capped by ' if one.capped else ''}{plain(one.name)} {one.points:+d}" for one in moves.most]
    rest = [("others", moves.others), ("kept by a cap", moves.capped)]
    return ", ".join([*named, *(f"{name} {points:+d}" for name, points in rest if points)])


def log_line(signal: Signal) -> str:
    """One line for `python -m alerts tail`."""
    facts = signal.facts
    fields = [
        f"{signal.at:%Y-%m-%d %H:%M}",
        f"{signal.severity:<8}",
        f"{facts.name or signal.account_id} ({facts.tier or 'tier unknown'})",
        describe(signal),
        explain(signal),
        f"{signal.after.stage}, coverage {signal.after.coverage:.0%}",
        "history" if signal.history else "",
        signal.signal_id,
    ]
    return "  ".join(field for field in fields if field)


def _cause(signal: Signal) -> str:
    if isinstance(signal.cause, str):
        return "by silence alone"
    _, event_id = signal.cause
    names = [event.name for event in signal.receipt.change.events if event.event_id == event_id]
    return f"by {names[0]}" if names else ""
