"""What a campaign came to, for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from fuzz.campaign import BOUND, Outcome

_SHOWN = 20


def of(outcome: Outcome) -> str:
    return "\n".join(_lines(outcome))


def of_parts(found: Mapping[str, str]) -> str:
    """One line each; what was found, in full."""
    lines = [_row(name, "found" if text else "well") for name, text in found.items()]
    return "\n".join([*lines, *filter(None, found.values())])


def _lines(outcome: Outcome) -> Iterator[str]:
    score, felt, watched, taken = outcome.score, outcome.felt, outcome.watched, outcome.taken
    yield _row("seed", outcome.seed)
    yield _row("bodies", sum(score.by_kind.values()), _counts(score.by_kind))
    yield _row("answers", sum(score.by_status.values()), _counts(score.by_status))
    yield _row("reasons", len(score.by_code) - ("" in score.by_code), _counts(score.by_code))
    yield _row("connections", sum(felt.by_kind.values()), _counts(felt.by_kind))
    yield _row("  answers", sum(felt.said.values()), _counts(felt.said))
    yield _row("events taken", score.accepted + felt.accepted + watched.accepted, f"rejected {score.rejected}")
    yield _row("  on the log", taken.records, "each decoded as scoring does")
    yield _row("  through the core", taken.scored, f"{taken.accounts} accounts, each state read back to the byte")
    yield _row("good requests", watched.good, f"all between the bad ones; the slowest took {watched.slowest:.2f} s")
    memory = f"first {watched.first:.0f}, last {watched.last:.0f}, bound {BOUND:.0f}; {watched.samples} samples"
    yield _row("highest RSS, MB", round(watched.highest), f"{memory}; at most {watched.files} open files")
    yield _row("seconds", round(outcome.seconds), f"{outcome.shots / max(outcome.seconds, 1e-9):.0f} bodies a second")
    yield _row("violations", len(outcome.violations))
    yield from (f"  {text}" for text in outcome.violations[:_SHOWN])


def _row(name: str, value: object, more: str = "") -> str:
    return f"{name:18}{value!s:>10}  {more}".rstrip()


def _counts(counted: Mapping[Any, int]) -> str:
    shown = sorted(counted.items(), key=lambda one: -one[1])
    return ", ".join(f"{name} {count}" for name, count in shown if name != "")
