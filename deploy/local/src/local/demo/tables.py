"""The demo's results as tables and sentences. Pure: values in, lines out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from textwrap import wrap

from msgspec import Struct

from alerts.signals.wording import describe
from common.contracts.signals import Kind, Signal
from local.demo.detection import Detection, ScenarioRow
from local.demo.scenarios import ScenarioKind
from local.terminal import WIDTH, table


class AccountListing(Struct, frozen=True):
    """One account as scoring's API lists it; `score` is None where there is not enough to go by."""

    account_id: str
    name: str
    tier: str
    score: float | None
    band: str
    why: tuple[str, ...]


def scenarios(rows: Sequence[ScenarioRow]) -> list[str]:
    """One line a story, then the names of the missed."""
    head = ("story", "accounts", "caught", "median days after it began", "median days before notice")
    cells = [(row.scenario, str(row.accounts), str(row.caught), _days(row.after), _days(row.ahead)) for row in rows]
    missed = [f"{name} ({row.scenario})" for row in rows for name in row.missed]
    return [*table(head, cells), *wrap(f"Missed: {', '.join(missed) or 'nobody'}.", WIDTH)]


def summary(judged: Sequence[Detection], wrong: Sequence[Detection]) -> list[str]:
    """What was caught, what was missed, and the price of it, in sentences."""
    troubled = [one for one in judged if one.truth.trouble is not None]
    healthy = [one for one in judged if one.truth.trouble is None]
    leavers = [one for one in troubled if one.truth.leaves is not None]
    caught = sum(one.caught is not None for one in troubled)
    in_time = sum(one.caught is not None for one in leavers)
    early = sum(len(one.early) for one in troubled)
    alarms = sum(len(one.early) for one in wrong)
    lines = [
        f"Caught {caught} of {len(troubled)} stories of trouble; "
        f"{in_time} of the {len(leavers)} that gave notice, before the notice.",
        f"False alarms: {alarms} on {len(wrong)} of {len(healthy)} healthy accounts; "
        f"{early} on troubled accounts before their trouble began.",
    ]
    for one in wrong:
        told = Counter(describe(signal).split(" ")[0] + _flagged(signal) for signal in one.early)
        story = "" if one.truth.scenario == ScenarioKind.HEALTHY else f" ({one.truth.scenario})"
        lines.append(f"  {one.truth.name}{story}: " + ", ".join(f"{n} x {text}" for text, n in told.items()))
    return lines


def accounts(listed: Sequence[AccountListing], scenarios: Mapping[str, str]) -> list[str]:
    """In the order given; `scenarios` names each account's hidden one."""
    rows = [
        (
            account.name,
            account.tier,
            "-" if account.score is None else f"{account.score:.0f}",
            account.band.replace("_", " "),
            scenarios.get(account.account_id, ""),
        )
        for account in listed
    ]
    head, line, *lines = table(("account", "tier", "score", "band", "hidden story"), rows)
    width = len(line) + 2
    told = (
        f"{text:<{width}}{_fitting(account.why, WIDTH - width)}" for text, account in zip(lines, listed, strict=True)
    )
    return [f"{head:<{width}}why", line, *(text.rstrip() for text in told)]


def _fitting(reasons: Sequence[str], width: int) -> str:
    """As many of them, whole, as there is room for."""
    count = len(reasons)
    while count and len(", ".join(reasons[:count])) > width:
        count -= 1
    return ", ".join(reasons[:count])


def _flagged(signal: Signal) -> str:
    return "" if signal.kind is Kind.BAND else f" {signal.to.replace('_', ' ')}"


def _days(days: float | None) -> str:
    return "-" if days is None else f"{days:.0f}"
