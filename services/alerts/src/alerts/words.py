"""A signal in words that a person reads at a glance. Pure: every word comes out of the signal."""

from collections.abc import Iterable

from common.contracts.signals import Driver, Kind, Part, Signal

# Parts of less than half a point explain nothing.
WORTH_TELLING = 0.5


def what(signal: Signal) -> str:
    """What happened: `red 61>38`, `flag payment failed`, `missed sso live`, `outcome renewed`."""
    match signal.kind:
        case Kind.BAND:
            before = f"{signal.before.score:.0f}>" if signal.before else ""
            return f"{signal.to} {before}{signal.after.score:.0f}"
        case Kind.FLAG:
            return f"flag {plain(signal.to)}"
        case Kind.MILESTONE_MISSED:
            return f"missed {plain(signal.to)}"
        case Kind.OUTCOME:
            return f"outcome {plain(signal.to)}"


def why(signal: Signal, *, limit: int = 3) -> str:
    """The largest movements that led there, by what moved them: `silence: logins -14, breadth -6`.

    Only movements in the direction of the whole are told; empty if none is worth it.
    """
    change = signal.receipt.change
    down = change.after < change.before
    parts = [part for part in change.parts if _tells(part, down=down)]
    parts.sort(key=lambda part: (-abs(part.points), part.metric))
    shown = parts[:limit]
    drivers = dict.fromkeys(part.driver for part in shown)
    return "; ".join(f"{_driver(driver)}: {_sums(shown, driver)}" for driver in drivers)


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


def _tells(part: Part, *, down: bool) -> bool:
    return part.points < -WORTH_TELLING if down else part.points > WORTH_TELLING


def _sums(parts: Iterable[Part], driver: Driver) -> str:
    return ", ".join(f"{plain(part.metric)} {part.points:+.0f}" for part in parts if part.driver == driver)


def _driver(driver: Driver) -> str:
    return "events" if driver is Driver.EVENT else str(driver)
