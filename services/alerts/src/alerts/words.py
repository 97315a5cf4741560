"""A signal in words that a person reads at a glance. Pure: every word comes out of the signal."""

from common.contracts.signals import Driver, Kind, Part, Severity, Signal

# Parts of less than half a point explain nothing.
WORTH_TELLING = 0.5


def what(signal: Signal) -> str:
    """What happened: `red 61>38`, `flag payment failed`, `missed sso live`, `outcome renewed`."""
    match signal.kind:
        case Kind.BAND:
            return f"{plain(signal.to)} {round(_start(signal))}>{round(signal.after.score)}"
        case Kind.FLAG:
            return f"flag {plain(signal.to)}"
        case Kind.MILESTONE_MISSED:
            return f"missed {plain(signal.to)}"
        case Kind.OUTCOME:
            return f"outcome {plain(signal.to)}"


def why(signal: Signal, *, limit: int = 3) -> str:
    """What led there: for a band what moved the score most, `active seats -14, logins -6, others +2`; else the cause.

    Each metric with all that moved it, since the last band that was told. The numbers add up to the difference of
    the two scores that `what` shows.
    """
    if signal.kind is not Kind.BAND:
        return _cause(signal)
    moved: dict[str, float] = {}
    for part in signal.receipt.change.parts:
        moved[_mover(part)] = moved.get(_mover(part), 0.0) + part.points
    sign = -1 if _worse(signal) else 1
    telling = sorted((-sign * points, name) for name, points in moved.items() if sign * points > WORTH_TELLING)
    told = [(name, round(-sign * points)) for points, name in telling[:limit]]
    rest = round(signal.after.score) - round(_start(signal)) - sum(points for _, points in told)
    if rest:
        told.append(("others", rest))
    return ", ".join(f"{name} {points:+d}" for name, points in told)


def line(signal: Signal) -> str:
    """One line of a log that a person follows."""
    facts = signal.facts
    fields = [
        f"{signal.at:%Y-%m-%d %H:%M}",
        f"{signal.severity:<8}",
        f"{facts.name or signal.account_id} ({facts.tier or 'tier unknown'})",
        what(signal),
        why(signal),
        f"{signal.after.stage}, coverage {signal.after.coverage:.0%}",
        "history" if signal.history else "",
        signal.signal_id,
    ]
    return "  ".join(field for field in fields if field)


def plain(name: str) -> str:
    return name.replace("_", " ")


def _worse(signal: Signal) -> bool:
    return signal.severity is not Severity.INFO


def _start(signal: Signal) -> float:
    """Where the score came from: since the last band told, if that lies on the other side, else just before."""
    change, after = signal.receipt.change, signal.after.score
    if signal.before is None or (change.before > after) == _worse(signal):
        return change.before
    return signal.before.score


def _cause(signal: Signal) -> str:
    if isinstance(signal.cause, str):
        return "by silence alone"
    _, event_id = signal.cause
    names = [event.name for event in signal.receipt.change.events if event.event_id == event_id]
    return f"by {names[0]}" if names else ""


def _mover(part: Part) -> str:
    return f"capped by {plain(part.metric)}" if part.driver is Driver.CAP else plain(part.metric)
