"""KPIs of the stage renewal: how many customers, and how much money, renewed?"""

from functools import partial

import numpy as np

from scoring.kpis.contract_terms import TermOutcome
from scoring.kpis.entry_log import Flags
from scoring.kpis.kpi import Compute, Figure, Kpi, Unit, chosen_decisions, share
from scoring.kpis.span_figures import Decisions, SpanFigures

_STAGE = "renewal"
_FACTS = "arr, contract_end; contract.changed, contract.renewed, contract.ended"


def _in_time(due: Decisions) -> Flags:
    in_time: Flags = (due.outcome != TermOutcome.OPEN) & (due.decided <= due.due)
    return in_time


def _renewed(due: Decisions) -> Flags:
    renewed: Flags = due.outcome == TermOutcome.RENEWED
    return renewed


def _renewed_in_time(due: Decisions) -> Flags:
    return _renewed(due) & _in_time(due)


_TESTS = {"resolution_rate": _in_time, "close_rate": _renewed_in_time, "final_renewal_rate": _renewed}


def _by_count(name: str, span: SpanFigures, chosen: Flags) -> Figure:
    due = chosen_decisions(span.due, chosen)
    return share(int(np.count_nonzero(_TESTS[name](due))), len(due.due))


def _by_arr(name: str, span: SpanFigures, chosen: Flags) -> Figure:
    due = chosen_decisions(span.due, chosen)
    return share(float(due.arr[_TESTS[name](due)].sum()), float(due.arr.sum()))


def _kpis(name: str, title: str, number: int, formula: str) -> tuple[Kpi, Kpi]:
    """By the number of terms, and by their ARR before the decision."""

    def kpi(name: str, title: str, number: int | None, formula: str, compute: Compute) -> Kpi:
        return Kpi(
            name=name, title=title, number=number, stage=_STAGE, unit=Unit.SHARE, formula=formula, source=_FACTS,
            compute=compute,
        )  # fmt: skip

    return (
        kpi(name, title, number, f"{formula} / terms up for decision.", partial(_by_count, name)),
        kpi(
            f"{name}_by_arr",
            f"{title}, by ARR",
            None,
            f"Each term counts by the ARR before its decision: ARR of {formula[0].lower()}{formula[1:]} / ARR of the "
            "terms up for decision.",
            partial(_by_arr, name),
        ),
    )


RENEWAL_KPIS = (
    *_kpis("resolution_rate", "Resolution rate", 13, "Terms decided by the day on which they end, either way"),
    *_kpis("close_rate", "Close rate", 14, "Terms renewed by the day on which they end"),
    *_kpis("final_renewal_rate", "Final renewal rate", 15, "Terms renewed, however late"),
)
