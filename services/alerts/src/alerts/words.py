"""A signal in words that a person reads at a glance. Pure: every word comes out of the signal."""

from typing import NamedTuple

from common.contracts.signals import Driver, Kind, Severity, Signal

# Parts of less than half a point explain nothing.
WORTH_TELLING = 0.5


class ScoreMove(NamedTuple):
    """Whole points by which a metric moved the score, or a flag by capping it."""

    name: str
    capped: bool
    points: int


class ScoreMoves(NamedTuple):
    """What moved the score most, the biggest first; `others` is all the rest. Together they are the difference."""

    most: tuple[ScoreMove, ...]
    others: int


def describe(signal: Signal) -> str:
    """What happened: `red 61>38`, `flag payment failed`, `missed sso live`, `outcome renewed`."""
    match signal.kind:
        case Kind.BAND:
            return f"{plain(signal.to)} {round(score_before(signal))}>{round(signal.after.score)}"
        case Kind.FLAG:
            return f"flag {plain(signal.to)}"
        case Kind.MILESTONE_MISSED:
            return f"missed {plain(signal.to)}"
        case Kind.OUTCOME:
            return f"outcome {plain(signal.to)}"


def explain(signal: Signal, *, limit: int = 3) -> str:
    """What led there: for a band what moved the score most, `active seats -14, logins -6, others +2`; else the cause.

    Each metric with all that moved it, since the last band that was told. The numbers add up to the difference of
    the two scores that `what` shows.
    """
    if signal.kind is not Kind.BAND:
        return _cause(signal)
    moved = score_moves(signal, limit=limit)
    told = [f"{'capped by ' if one.capped else ''}{plain(one.name)} {one.points:+d}" for one in moved.most]
    return ", ".join([*told, f"others {moved.others:+d}"] if moved.others else told)


def score_moves(signal: Signal, *, limit: int = 3, share: float = 0.0) -> ScoreMoves:
    """For a band: what brought it there. Less than `share` (0 to 1) of what the biggest did is left to the others."""
    moved: dict[tuple[str, bool], float] = {}
    for part in signal.receipt.change.parts:
        mover = part.metric, part.driver is Driver.CAP
        moved[mover] = moved.get(mover, 0.0) + part.points
    sign = -1 if is_worse(signal) else 1
    telling = sorted((-sign * points, mover) for mover, points in moved.items() if sign * points > WORTH_TELLING)
    least = share * -telling[0][0] if telling else 0.0
    most = tuple(ScoreMove(*mover, round(-sign * points)) for points, mover in telling[:limit] if -points >= least)
    return ScoreMoves(most, round(signal.after.score) - round(score_before(signal)) - sum(one.points for one in most))


def log_line(signal: Signal) -> str:
    """One line of a log that a person follows."""
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


def plain(name: str) -> str:
    return name.replace("_", " ")


def is_worse(signal: Signal) -> bool:
    return signal.severity is not Severity.INFO


def score_before(signal: Signal) -> float:
    """Where the score came from: the farther of what was told last and what it was just before."""
    if signal.before is None:
        return signal.receipt.change.before
    from_where = (signal.receipt.change.before, signal.before.score)
    return max(from_where) if is_worse(signal) else min(from_where)


def _cause(signal: Signal) -> str:
    if isinstance(signal.cause, str):
        return "by silence alone"
    _, event_id = signal.cause
    names = [event.name for event in signal.receipt.change.events if event.event_id == event_id]
    return f"by {names[0]}" if names else ""
