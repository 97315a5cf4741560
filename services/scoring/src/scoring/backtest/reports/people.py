"""What a card would have signalled, about whose accounts, and where accounts stand at the end."""

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from common.contracts.signals import Band, Kind
from scoring.backtest.back_test import BackTest, CardRun
from scoring.backtest.reports.columns import in_columns
from scoring.backtest.runs.trace import Standing, TracedSignal

NOBODY = "nobody"
_WORST_FIRST = (Band.RED, Band.YELLOW, Band.INSUFFICIENT, Band.GREEN)
_SHOWN = 20


class OwnerLoad(Struct, frozen=True):
    """What one owner has with a card: their accounts at the end, and alerts a week by the owner of their moment."""

    owner: str
    accounts: int
    alerts_per_week: float
    red: int
    yellow: int


class SignalCount(Struct, frozen=True):
    """`signal` is a kind, for bands with the colour. `alerts` are those that somebody has to handle."""

    signal: str
    signals: int
    alerts: int


def signals_of(run: CardRun) -> list[TracedSignal]:
    """All signals in the order of time."""
    return sorted((each for trace in run.traces for each in trace.signals), key=lambda each: (each.at, each.account_id))


def standings_of(run: CardRun, back_test: BackTest) -> list[Standing]:
    """Of the accounts that did not decide to leave: the worst band first, in it the lowest score."""
    left = back_test.recording.decisions
    standings = [trace.standing for trace in run.traces if trace.account_id not in left]
    return sorted(standings, key=lambda each: (_WORST_FIRST.index(each.band), each.score, each.account_id))


def count_signals(run: CardRun) -> list[SignalCount]:
    signals, alerts = Counter[str](), Counter[str]()
    for each in signals_of(run):
        kind = f"to {each.to}" if each.kind is Kind.BAND else f"{each.kind.replace('_', ' ')} {each.to}"
        signals[kind] += 1
        alerts[kind] += each.is_alert
    return [SignalCount(kind, count, alerts[kind]) for kind, count in signals.most_common()]


def loads(run: CardRun, back_test: BackTest) -> list[OwnerLoad]:
    """By owner, who has most alerts first."""
    alerts = Counter(each.owner or NOBODY for each in signals_of(run) if each.is_alert)
    accounts, red, yellow = Counter[str](), Counter[str](), Counter[str]()
    for each in standings_of(run, back_test):
        owner = each.owner or NOBODY
        accounts[owner] += 1
        red[owner] += each.band is Band.RED
        yellow[owner] += each.band is Band.YELLOW
    owners = sorted({*accounts, *alerts}, key=lambda owner: (-alerts[owner], owner))
    return [OwnerLoad(one, accounts[one], alerts[one] / back_test.weeks, red[one], yellow[one]) for one in owners]


def describe(run: CardRun, back_test: BackTest) -> Iterator[str]:
    yield "What would have been signalled. Signals, not messages: routes, repeats and quiet hours belong to alerts."
    rows = [["", "signals", "to handle", "a week"]]
    counted = count_signals(run)
    for each in [*counted, _total(counted)]:
        rows.append([each.signal, f"{each.signals:,}", f"{each.alerts:,}", f"{each.alerts / back_test.weeks:.1f}"])
    yield from in_columns(rows)
    yield ""
    yield "About whose accounts"
    rows = [["owner", "accounts", "to handle a week", "red now", "yellow now"]]
    for load in loads(run, back_test):
        rows.append([load.owner, f"{load.accounts:,}", f"{load.alerts_per_week:.1f}", str(load.red), str(load.yellow)])
    yield from in_columns(rows)
    yield ""
    yield from _describe_standings(run, back_test)


def _total(counted: Sequence[SignalCount]) -> SignalCount:
    return SignalCount("all", sum(each.signals for each in counted), sum(each.alerts for each in counted))


def _describe_standings(run: CardRun, back_test: BackTest) -> Iterator[str]:
    standings = standings_of(run, back_test)
    bands = Counter(each.band for each in standings)
    told = ", ".join(f"{bands[band]} {in_words(band)}" for band in _WORST_FIRST if bands[band])
    worst = [each for each in standings if each.band in (Band.RED, Band.YELLOW)]
    yield f"Where accounts stand at the end that did not decide to leave: {told}" + (
        f". The worst {_SHOWN}:" if len(worst) > _SHOWN else ""
    )
    for each in worst[:_SHOWN]:
        name = each.account_id if each.name is None else f"{each.account_id} ({each.name})"
        yield f"  {each.band:<7}{each.score:5.0f}  {name}, {each.owner or NOBODY}: {each.reason or 'no reason'}"


def in_words(band: Band) -> str:
    return band.replace("_", " ")
