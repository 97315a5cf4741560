"""Looks at stored accounts through the pure core, each as of the moment that may be spoken of."""

from collections.abc import Mapping
from datetime import date

import msgspec
from msgspec import Struct

from scoring.api.tables import Stored
from scoring.core.account import Account, UnknownFormat
from scoring.core.moments import to_datetime
from scoring.core.scorer import Scorer
from scoring.core.view import View


class Unreadable(Exception):
    """This version cannot read the state of an account."""

    def __init__(self, account_id: str, reason: str) -> None:
        super().__init__(reason)
        self.account_id = account_id


class Look(Struct, frozen=True):
    """`clock` is the moment of the account's own last change, in seconds since the epoch."""

    view: View
    clock: float


class Eye:
    def __init__(self, scorer: Scorer, moments: Mapping[int, float]) -> None:
        """`moments` says of each partition as of when it may be spoken of, in seconds since the epoch."""
        self.scorer = scorer
        self._moments = moments

    @property
    def earliest(self) -> float:
        return min(self._moments.values(), default=0.0)

    @property
    def today(self) -> date:
        return to_datetime(max(self._moments.values(), default=0.0)).date()

    def moment(self, stored: Stored) -> float:
        """As of when its partition may be spoken of."""
        return self._moments.get(stored.partition, 0.0)

    def open(self, stored: Stored) -> Account:
        """Raises `Unreadable`."""
        if stored.body is None:
            raise Unreadable(stored.account_id, "there is no state: none of its records could be scored")
        try:
            return self.scorer.load(stored.account_id, stored.body, stored.due)
        except (UnknownFormat, msgspec.DecodeError) as error:
            raise Unreadable(stored.account_id, str(error)) from error

    def as_of(self, account: Account, stored: Stored) -> float:
        # What the account did was recorded by then, however far its partition's ticks have come.
        return max(account.clock, self.moment(stored))

    def score(self, stored: Stored) -> float:
        """Raises `Unreadable`."""
        account = self.open(stored)
        return self.scorer.health(account, self.as_of(account, stored)).score

    def look(self, account: Account, at: float) -> Look:
        """`at` is not before the account's clock."""
        return Look(view=self.scorer.look(account, at), clock=account.clock)
