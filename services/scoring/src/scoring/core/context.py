"""What of an account's facts bends its metrics. Another context, other paths."""

from datetime import UTC, date, tzinfo
from typing import NamedTuple

from common.contracts.signals import Facts
from scoring.core.card import STAGES, Stage
from scoring.core.moments import midnight, zone_named


class Context(NamedTuple):
    """`born` is the earliest moment known of the account, `start` when its contract began (else `born`)."""

    born: float
    start: float
    stage: Stage
    seats: float | None = None
    zone: tzinfo = UTC


def context_of(facts: Facts, *, born: float, default_stage: Stage) -> Context:
    return Context(
        born=born,
        start=_start(facts.contract_start, born),
        stage=next((stage for stage in STAGES if stage == facts.stage), default_stage),
        seats=facts.seats,
        zone=zone_named(facts.time_zone),
    )


def _start(contract_start: date | None, born: float) -> float:
    return born if contract_start is None else midnight(contract_start)
