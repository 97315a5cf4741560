"""What came of the simulated firms, as it is printed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import mean, median

from scoring.backtest.healthy.stories import WELL
from scoring.backtest.healthy.trial import FirmResult, GroupResult
from scoring.backtest.reports.columns import in_columns


def describe(results: Sequence[GroupResult], *, card_id: str, seed: int) -> Iterator[str]:
    yield f"Card {card_id} over a year of simulated firms, seed {seed}."
    well = [each for each in results if each.group.story in WELL]
    ill = [each for each in results if each.group.story not in WELL]
    yield ""
    yield "Firms that are well: false alarms a firm and year (signals to handle, not messages)"
    rows = [["", "users", "firms", "a year", "firms with none"]]
    for each in well:
        alarms = [len(firm.false_alarms) for firm in each.firms]
        none = f"{100 * alarms.count(0) / len(alarms):.0f} %"
        rows.append([each.group.title, str(each.group.users), str(each.group.firms), f"{mean(alarms):.2f}", none])
    yield from in_columns(rows)
    yield ""
    yield "  by kind and by what kept people away in the two weeks before"
    rows = [["", "users", "to", "cause", "a year"]]
    for each in well:
        counted = Counter((alarm.signal, alarm.cause) for firm in each.firms for alarm in firm.false_alarms)
        for (signal, cause), count in counted.most_common():
            a_year = f"{count / each.group.firms:.2f}"
            rows.append([each.group.title, str(each.group.users), signal, cause, a_year])
    yield from in_columns(rows, left=4)
    yield ""
    yield "Firms in trouble: median days until it is told, and until the band is red (share of firms)"
    rows = [["", "users", "firms", "told", "", "red", ""]]
    for each in ill:
        told = _days([firm.told_after for firm in each.firms])
        red = _days([firm.red_after for firm in each.firms])
        rows.append([each.group.title, str(each.group.users), str(each.group.firms), *told, *red])
    yield from in_columns(rows)
    yield (
        "  Deaths count from the day after the last one with people. Declines count from their first day, and are "
        "judged to the end of July."
    )


def _days(after: Sequence[float | None]) -> tuple[str, str]:
    known = [each for each in after if each is not None]
    return f"{median(known):.0f} d" if known else "never", f"{100 * len(known) / len(after):.0f} %"


def as_document(results: Sequence[GroupResult], *, card_id: str, seed: int) -> dict[str, object]:
    """For JSON."""
    return {"card_id": card_id, "seed": seed, "groups": [_group(each) for each in results]}


def _group(result: GroupResult) -> dict[str, object]:
    group, firms = result.group, result.firms
    found: dict[str, object] = {
        "story": group.story,
        "closures_told": group.told,
        "users": group.users,
        "firms": group.firms,
    }
    if group.story in WELL:
        counted = Counter((alarm.signal, alarm.cause) for firm in firms for alarm in firm.false_alarms)
        by_kind = [
            {"to": signal, "cause": cause, "per_firm": count / group.firms}
            for (signal, cause), count in counted.items()
        ]
        return found | {"false_alarms": mean(len(firm.false_alarms) for firm in firms), "by_kind": by_kind}
    return found | {"told": _delay([firm.told_after for firm in firms]), "red": _delay(_red(firms))}


def _red(firms: Sequence[FirmResult]) -> list[float | None]:
    return [firm.red_after for firm in firms]


def _delay(after: Sequence[float | None]) -> dict[str, float | None]:
    known = [each for each in after if each is not None]
    return {"median_days": median(known) if known else None, "share": len(known) / len(after)}
