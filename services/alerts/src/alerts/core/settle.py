"""Whether a signal is decided as it comes, waits for word that scoring has caught up, or is history."""

from alerts.core.reasons import DecisionReason
from common.contracts.signals import Signal


def postpone_reason(signal: Signal, *, recorded: float, late_after: float) -> DecisionReason | None:
    """`HISTORY`, `LATE`, or None: decide it now. `recorded` is its record time; both are seconds."""
    if signal.history:
        return DecisionReason.HISTORY
    # By the log's clock alone: our own being behind must not make old what was told in time.
    if recorded - signal.at.timestamp() > late_after:
        return DecisionReason.LATE
    return None
