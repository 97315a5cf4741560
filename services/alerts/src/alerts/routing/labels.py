"""What routes and playbooks match on: a signal as a few words."""

from alerts.signals.signal_kinds import overriding, rules_of
from common.contracts.signals import Driver, Kind, Signal

Labels = dict[str, str]

NAMES = ("account", "tier", "owner", "parent", "kind", "to", "severity", "band", "stage", "reason")

OVERRIDE = "override"
"""The label `reason` of a band that a person has set, and of the band by the score once that is over."""


def labels(signal: Signal) -> Labels:
    """One value for each of `NAMES`; what is not known is the empty string, as an absent label is in Alertmanager.

    `account`, `tier`, `owner` and `parent` are as posted, `kind`, `to` and `severity` as in the signal, `stage` as
    scored. `band` is the one that the account is in now (of a flag that brings red: red). `reason` is the metric or
    flag that took the most points ("" if none did). A flag is its own reason. A band that a person has set, and the
    one after it, have the reason `override`.
    """
    facts = signal.facts
    return {
        "account": signal.account_id,
        "tier": facts.tier or "",
        "owner": facts.owner or "",
        "parent": facts.parent or "",
        "kind": signal.kind.value,
        "to": signal.to,
        "severity": signal.severity.value,
        "band": signal.after.band.value,
        "stage": signal.after.stage,
        "reason": _reason(signal),
    }


def _reason(signal: Signal) -> str:
    if rules_of(signal.kind).is_its_reason:
        return signal.to
    # No metric is the reason of a band that a person has set, nor of the band after it.
    was_set = signal.before is not None and signal.before.override is not None
    if overriding(signal) is not None or (signal.kind is Kind.BAND and was_set):
        return OVERRIDE
    points: dict[str, float] = {}
    for part in signal.receipt.change.parts:
        # A change of weights is no metric's doing.
        if part.driver is not Driver.CONTEXT:
            points[part.metric] = points.get(part.metric, 0.0) + part.points
    worst = min(points, key=lambda name: (points[name], name), default="")
    return worst if worst and points[worst] < 0 else ""
