"""A step while it is made: what came of a record, or of time, for one account."""

from typing import Final, final

from common.contracts.signals import Band, Health, Signal
from scoring.health.account import Account
from scoring.health.context import Stage
from scoring.health.view import Day, HealthChange, MonthEnd, ReceiptMismatch, RetractionResult, Step

# What the rounding of one receipt may come to, in points. More is a bug.
TOLERANCE: Final = 1e-9

EMPTY_STEP: Final = Step()


@final
class StepDraft:
    """`health_before` is the account's health before the step, None for a first record.

    `retraction` is what became of a retraction. `strict` raises ReceiptMismatch where a receipt does not add up;
    otherwise the step counts it.
    """

    __slots__ = ("changes", "days", "health_before", "mismatches", "months", "retraction", "signals", "strict")

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.health_before: Health | None = None
        self.signals: list[Signal] = []
        self.days: list[Day] = []
        self.months: list[MonthEnd] = []
        self.changes: list[HealthChange] = []
        self.mismatches = 0
        self.retraction: RetractionResult | None = None

    def result(self) -> Step:
        if not (self.signals or self.days or self.changes or self.mismatches) and self.retraction is None:
            return EMPTY_STEP
        return Step(
            tuple(self.signals),
            tuple(self.days),
            self.mismatches,
            self.retraction,
            tuple(self.months),
            tuple(self.changes),
        )

    def note_change(self, account: Account, band: Band | None, stage: Stage, score: float) -> None:
        """Notes band and stage of the account if they are others than these, which it had before.

        `score` is at its clock. A later moment of the same step may bring the former band back.
        """
        if account.band is not band or account.stage != stage:
            self.changes.append(HealthChange(account.clock, account.band, account.stage, score))

    def check_sum(self, off: float) -> None:
        """`off` is by how much a receipt does not add up. Raises `ReceiptMismatch` if strict."""
        if abs(off) <= TOLERANCE:
            return
        if self.strict:
            raise ReceiptMismatch(f"a receipt is off by {off}")
        self.mismatches += 1
