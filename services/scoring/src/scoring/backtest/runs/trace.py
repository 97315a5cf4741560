"""What a card made of one account: the frozen values that come back from a run."""

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from common.contracts.signals import Band, Kind, Severity

Scores = NDArray[np.float32]


class TracedSignal(Struct, frozen=True, gc=False):
    """A signal, as a back-test needs it; moments are UTC seconds. `before` is None for a first record.

    `band` is the one that it tells, by itself, with the flag that brings it, or as a first look.
    """

    account_id: str
    owner: str | None
    at: float
    since: float
    kind: Kind
    to: str
    severity: Severity
    before: float | None
    after: float
    reason: str
    band: Band | None = None

    @property
    def is_alert(self) -> bool:
        """Whether somebody has to handle it: worse news, or a first look at which something stands."""
        return self.severity is not Severity.INFO


class Standing(Struct, frozen=True, gc=False):
    """Where an account stands when the recording ends, and why."""

    account_id: str
    name: str | None
    owner: str | None
    band: Band
    score: float
    coverage: float
    reason: str


class AccountTrace(Struct, frozen=True):
    """One account under one card.

    `scores` has a score for each first moment of a day, not-a-number before the account's first record. `parts` has
    what each metric, and at last the lowest cap, takes from the reference on these days. `values` has what the metrics
    measured, not-a-number while there is nothing. Both are empty unless they were asked for.
    """

    account_id: str
    signals: tuple[TracedSignal, ...]
    standing: Standing
    scores: Scores
    parts: NDArray[np.float16]
    values: Scores
    mismatches: int = 0


class RunPlan(Struct, frozen=True):
    """`first_day` (whole days since the epoch) and `days` say at which midnights accounts are looked at.

    `end` (UTC) is the moment to which time passes. Scores are kept if `scores`; `parts` and `values` need them.
    """

    first_day: int
    days: int
    end: float
    scores: bool = True
    parts: bool = False
    values: bool = False
