"""Counts late rows: their time is before that of a former row of the same account. Pure."""

from math import inf
from typing import Final

from ingest.importing.rows import EventToPost

# Bounds the memory to about 150 MB.
MOST_ACCOUNTS: Final = 1_000_000


class TimeOrder:
    """Counts late rows of the first accounts of a file; accounts beyond the bound are ignored.

    `late` is the number of late rows, `most` the greatest lateness in seconds.
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
