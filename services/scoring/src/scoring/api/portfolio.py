"""Sums over the accounts that match the filters of the list, and what has moved among them."""

from datetime import timedelta
from typing import Final

from common.contracts.signals import Band
from scoring.api import portfolio_answers, rendering, rounding
from scoring.api.cohorts import CohortAccounts, accounts_among
from scoring.api.parameters import GroupBy, PortfolioParameters
from scoring.api.snapshot_reader import SnapshotReader
from scoring.health import Card
from scoring.health.moments import to_datetime
from scoring.postgres.portfolio import BY_OWNER, BY_PARENT, BY_RENEWAL_MONTH
from scoring.postgres.queries import AccountFilter
from scoring.postgres.snapshot import GroupSums, MovedAccount, SumsByBand, TableSnapshot

_AT_RISK: Final = (Band.RED, Band.YELLOW)
_KEYS: Final = {
    GroupBy.OWNER: BY_OWNER,
    GroupBy.PARENT: BY_PARENT,
    GroupBy.RENEWAL_MONTH: BY_RENEWAL_MONTH,
}


class PortfolioQueries:
    def __init__(self, snapshots: SnapshotReader, cohorts: CohortAccounts) -> None:
        self._snapshots = snapshots
        self._cohorts = cohorts

    async def portfolio(self, asked: PortfolioParameters) -> portfolio_answers.Portfolio:
        """Bands are those that were told last, as the filters have them: no account is computed."""
        among = await accounts_among(asked, self._cohorts)
        async with self._snapshots.open() as (reader, snapshot):
            accounts = asked.account_filter(today=reader.today, among=among)
            since = reader.latest - timedelta(days=asked.moved_days).total_seconds()
            sums = await snapshot.bands(accounts)
            groups = await _groups(snapshot, asked, accounts=accounts)
            moved, movers = await snapshot.moves(accounts, since=since, limit=asked.movers)
        return portfolio_answers.Portfolio(
            accounts=sum(one.accounts for one in sums),
            arr=sum(one.arr for one in sums),
            arr_unknown=sum(one.unknown for one in sums),
            arr_at_risk=sum(one.arr for one in sums if one.band in _AT_RISK),
            bands=_by_band(sums),
            groups=tuple(_group(one) for one in groups[: asked.groups]),
            more_groups=len(groups) > asked.groups,
            moved=portfolio_answers.PortfolioMoves(
                since=to_datetime(since),
                bands=_by_band(moved),
                accounts=tuple(_mover(one, reader.scorer.card) for one in movers),
            ),
            as_of=to_datetime(reader.earliest),
            held=reader.find_delay(),
        )


async def _groups(snapshot: TableSnapshot, asked: PortfolioParameters, *, accounts: AccountFilter) -> list[GroupSums]:
    if asked.group_by is None:
        return []
    return await snapshot.groups(accounts, _KEYS[asked.group_by], limit=asked.groups + 1)


def _by_band(sums: list[SumsByBand]) -> dict[Band, portfolio_answers.BandSums]:
    """Of every band; accounts that are not scored yet have insufficient data."""
    found = {band: portfolio_answers.BandSums(0, 0.0) for band in Band}
    for one in sums:
        band = one.band or Band.INSUFFICIENT
        found[band] = portfolio_answers.BandSums(found[band].accounts + one.accounts, found[band].arr + one.arr)
    return found


def _group(sums: GroupSums) -> portfolio_answers.PortfolioGroup:
    return portfolio_answers.PortfolioGroup(
        key=sums.key,
        name=sums.name,
        accounts=sums.accounts,
        arr=sums.arr,
        arr_at_risk=sums.arr_at_risk,
        bands=sums.bands,
    )


def _mover(moved: MovedAccount, card: Card) -> portfolio_answers.BandMover:
    signal = moved.signal
    return rounding.mover(
        portfolio_answers.BandMover(
            account_id=moved.account_id,
            name=moved.name,
            owner=moved.owner,
            arr=moved.arr,
            band=moved.band,
            at=signal.at,
            before=None if signal.before is None else signal.before.score,
            after=signal.after.score,
            words=rendering.signal(signal, card).words,
        )
    )
