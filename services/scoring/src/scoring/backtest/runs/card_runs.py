"""Recorded accounts under one or two cards, on all processors."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from scoring.backtest.recordings.recording import AccountEvents, unpack
from scoring.backtest.runs.account_run import run_account
from scoring.backtest.runs.pool import Progress, work_on
from scoring.backtest.runs.trace import AccountTrace, RunPlan
from scoring.cards.country_days import country_days
from scoring.cards.identity import identify, use_pinned_time_zones
from scoring.health import FIRST_LOOK_SECONDS, Card, Scorer

# A share takes about a tenth of a second, so that progress is shown and no process waits long at the end.
_EVENTS_IN_A_SHARE = 4_000
_DAYS_IN_A_SHARE = 8_000


class CardsRequest(Struct, frozen=True):
    cards: tuple[Card, ...]
    plan: RunPlan


class _PreparedCards:
    """What one process keeps between two shares."""

    scorers: tuple[Scorer, ...]
    plan: RunPlan


def run_cards(
    request: CardsRequest,
    accounts: Sequence[AccountEvents],
    *,
    processes: int | None = None,
    progress: Progress = lambda done, total: None,
) -> list[list[AccountTrace]]:
    """For each account, in order, a trace under each card."""
    shares = list(_shares(accounts, request.plan))
    found = work_on(shares, _run_share, prepare=_prepare, request=request, processes=processes, progress=progress)
    return [traces for share in found for traces in share]


def scorer_of(card: Card) -> Scorer:
    """Receipts that do not add up are counted, as in a worker, and new accounts are looked at as by default."""
    return Scorer(card, identify(card), strict=False, calendars=country_days, first_look_seconds=FIRST_LOOK_SECONDS)


def _prepare(request: CardsRequest) -> None:
    use_pinned_time_zones()
    _PreparedCards.scorers, _PreparedCards.plan = tuple(map(scorer_of, request.cards)), request.plan


def _run_share(share: Sequence[AccountEvents]) -> list[list[AccountTrace]]:
    return [[_run(scorer, account) for scorer in _PreparedCards.scorers] for account in share]


def _run(scorer: Scorer, account: AccountEvents) -> AccountTrace:
    events = ((at, unpack(body)) for at, body in account.events)
    return run_account(scorer, account.account_id, events, _PreparedCards.plan)


def _shares(accounts: Sequence[AccountEvents], plan: RunPlan) -> Iterator[list[AccountEvents]]:
    """Accounts in order, so many together that each share takes about the same time."""
    share: list[AccountEvents] = []
    events = 0
    for account in accounts:
        share.append(account)
        events += len(account.events)
        if events >= _EVENTS_IN_A_SHARE or len(share) * plan.days >= _DAYS_IN_A_SHARE:
            yield share
            share, events = [], 0
    if share:
        yield share
