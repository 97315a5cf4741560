"""A step in the making: what came of a record, or of time, for one account."""

from typing import Final, final

from common.contracts.signals import Health, Signal
from scoring.health.view import Day, ReceiptMismatch, Step

# A receipt that is off by more than this has a bug.
TOLERANCE: Final = 1e-9

NOTHING: Final = Step()


@final
class StepDraft:
    """`earlier` is the account's health before the step, None if it had none.

    `strict` raises ReceiptMismatch where a receipt does not add up; otherwise the step counts it.
    """

    __slots__ = ("days", "earlier", "mismatches", "signals", "strict")

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.earlier: Health | None = None
        self.signals: list[Signal] = []
        self.days: list[Day] = []
        self.mismatches = 0

    def step(self) -> Step:
        if not self.signals and not self.days and not self.mismatches:
            return NOTHING
        return Step(tuple(self.signals), tuple(self.days), self.mismatches)

    def check(self, off: float) -> None:
        """Takes by how much a receipt does not add up. Raises `ReceiptMismatch` if strict."""
        if abs(off) <= TOLERANCE:
            return
        if self.strict:
            raise ReceiptMismatch(f"a receipt is off by {off}")
        self.mismatches += 1
