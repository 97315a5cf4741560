"""How far the rows of a file are out of order: late ones are earlier than an earlier row of the same account. Pure."""

from math import inf
from typing import Final

from ingest.importing.rows import EventToPost

# About 150 MB of memory.
MOST_ACCOUNTS: Final = 1_000_000


class TimeOrder:
    """Counts late rows. Accounts beyond the bound are not looked at.

    `late` is how many rows are late, `most` by how many seconds at most.
    """

    def __init__(self, *, most_accounts: int = MOST_ACCOUNTS) -> None:
        self.late = 0
        self.most = 0.0
        self.rows = 0
        self._newest: dict[str, float] = {}
        self._most_accounts = most_accounts

    @property
    def accounts(self) -> int:
        return len(self._newest)

    def add(self, event: EventToPost) -> None:
        self.rows += 1
        newest = self._newest.get(event.account_id)
        if newest is None:
            if len(self._newest) < self._most_accounts:
                self._newest[event.account_id] = event.at
        elif event.at >= newest:
            self._newest[event.account_id] = event.at
        elif newest != -inf:
            self.late += 1
            self.most = max(self.most, newest - event.at)
