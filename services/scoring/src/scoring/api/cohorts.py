"""Which accounts are of the cohorts that a list or sums are filtered by."""

from collections.abc import Collection
from typing import Protocol

from scoring.api.parameters import AccountFilterParameters


class CohortAccounts(Protocol):
    async def accounts_of(self, cohorts: Collection[str]) -> Collection[str]:
        """The ids of the customers who began in any of these months (2026-01). Raises a 503 until they are known."""


async def accounts_among(asked: AccountFilterParameters, cohorts: CohortAccounts) -> Collection[str] | None:
    """None without that filter. Ask before a connection is taken: the first answer may have to be waited for."""
    return await cohorts.accounts_of(asked.cohort) if asked.cohort else None
