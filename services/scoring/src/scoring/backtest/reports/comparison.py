"""What changes for people when one card takes the place of another."""

from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from scoring.backtest.back_test import AGAINST, CARD, BackTest, CardRun
from scoring.backtest.reports.columns import in_columns
from scoring.backtest.reports.people import NOBODY, in_words, loads
from scoring.backtest.runs.trace import AccountTrace, Standing

_SHOWN = 20


class OwnerChange(Struct, frozen=True):
    """Alerts a week, before and after."""

    owner: str
    before: float
    after: float


class BandMove(Struct, frozen=True):
    """An account that stands in another band at the end."""

    before: Standing
    after: Standing


class CardComparison(Struct, frozen=True):
    """`before` is the card to compare with. `newly` and `no_longer` are accounts with an alert under one card only."""

    before: str
    after: str
    owners: tuple[OwnerChange, ...]
    moved: tuple[BandMove, ...]
    newly: tuple[str, ...]
    no_longer: tuple[str, ...]


def compare(back_test: BackTest) -> CardComparison | None:
    """None if there is no card to compare with."""
    runs = {run.role: run for run in back_test.runs}
    if AGAINST not in runs:
        return None
    before, after = runs[AGAINST], runs[CARD]
    pairs = [(old.standing, new.standing) for old, new in zip(before.traces, after.traces, strict=True)]
    alerted = [{trace.account_id for trace in run.traces if _has_alert(trace)} for run in (before, after)]
    return CardComparison(
        before=before.card_id,
        after=after.card_id,
        owners=tuple(_owners(before, after, back_test)),
        moved=tuple(BandMove(old, new) for old, new in pairs if old.band is not new.band),
        newly=tuple(sorted(alerted[1] - alerted[0])),
        no_longer=tuple(sorted(alerted[0] - alerted[1])),
    )


def describe(comparison: CardComparison) -> Iterator[str]:
    yield f"What changes for people with card {comparison.after} instead of {comparison.before}"
    rows = [["owner", "to handle a week: before", "after"]]
    rows += [[each.owner, f"{each.before:.1f}", f"{each.after:.1f}"] for each in comparison.owners]
    yield from in_columns(rows)
    yield f"  {len(comparison.newly)} accounts would newly be alerted, {len(comparison.no_longer)} no longer."
    moves = Counter((each.before.band, each.after.band) for each in comparison.moved)
    for (old, new), count in moves.most_common():
        yield f"  {count} accounts stand in {in_words(new)} instead of {in_words(old)}."
    for each in sorted(comparison.moved, key=lambda moved: moved.after.score)[:_SHOWN]:
        after = each.after
        scores = f"{in_words(each.before.band)} {each.before.score:.0f} -> {in_words(after.band)} {after.score:.0f}"
        yield f"  {after.account_id}, {after.owner or NOBODY}: {scores}: {after.reason or 'no reason'}"


def _owners(before: CardRun, after: CardRun, back_test: BackTest) -> Iterator[OwnerChange]:
    old, new = ({load.owner: load.alerts_per_week for load in loads(run, back_test)} for run in (before, after))
    for owner in sorted({*old, *new}, key=lambda one: (-new.get(one, 0.0), one)):
        yield OwnerChange(owner, old.get(owner, 0.0), new.get(owner, 0.0))


def _has_alert(trace: AccountTrace) -> bool:
    return any(each.is_alert for each in trace.signals)
