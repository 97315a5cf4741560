"""KPIs of retention, in all stages: how many customers stayed, what are they worth, and who is in danger?"""

import numpy as np

from scoring.kpis.contract_terms import TermOutcome
from scoring.kpis.entry_log import Flags
from scoring.kpis.kpi import Figure, Kpi, Unit, chosen_decisions, mean, share, share_of, total
from scoring.kpis.span_figures import SpanFigures

_STAGE = "all"
_FACTS = "arr, contract_start, contract_end; contract.started, contract.changed, contract.renewed, contract.ended"


def _customers(span: SpanFigures, chosen: Flags) -> Figure:
    return Figure(float(np.count_nonzero(chosen & span.customers)))


def _arr(span: SpanFigures, chosen: Flags) -> Figure:
    return total(span.arr[chosen & span.customers])


def _up_for_decision(span: SpanFigures, chosen: Flags) -> Figure:
    return Figure(float(len(chosen_decisions(span.due, chosen).due)))


def _retention_rate(span: SpanFigures, chosen: Flags) -> Figure:
    due = chosen_decisions(span.due, chosen)
    decided = due.where(due.outcome != TermOutcome.OPEN)
    return share(int(np.count_nonzero(decided.outcome == TermOutcome.RENEWED)), len(decided.outcome))


def _churn_rate(span: SpanFigures, chosen: Flags) -> Figure:
    lost = int(np.count_nonzero(span.movements.churned & chosen & ~span.customers))
    return share(lost, lost + int(np.count_nonzero(chosen & span.customers)))


def _health_score(span: SpanFigures, chosen: Flags) -> Figure:
    return mean(span.scores[chosen & span.customers])


def _gross_revenue_retention(span: SpanFigures, chosen: Flags) -> Figure:
    kept = np.minimum(span.arr_kept, span.arr_started)
    return share(float(kept[chosen].sum()), float(span.arr_started[chosen].sum()))


def _net_revenue_retention(span: SpanFigures, chosen: Flags) -> Figure:
    return share(float(span.arr_kept[chosen].sum()), float(span.arr_started[chosen].sum()))


def _logo_churn_rate(span: SpanFigures, chosen: Flags) -> Figure:
    return share_of(~span.customers, chosen & span.started)


def _lifetime_value(span: SpanFigures, chosen: Flags) -> Figure:
    return mean(span.revenue_so_far[chosen & ~np.isnan(span.lifetime_days)])


def _expected_lifetime_value(span: SpanFigures, chosen: Flags) -> Figure:
    purchase = mean(span.arr[chosen & span.customers]).value
    duration = mean(span.lifetime_days[chosen])
    if purchase is None or duration.value is None:
        return Figure(None, None, duration.whole)
    return Figure(purchase * duration.value / 365.25, None, duration.whole)


def _arr_at_risk(span: SpanFigures, chosen: Flags) -> Figure:
    customers = chosen & span.customers
    at_risk = customers & span.at_risk
    whole = float(np.nansum(span.arr[customers]))
    return Figure(float(np.nansum(span.arr[at_risk])), float(np.count_nonzero(at_risk)), whole)


def _save_rate(span: SpanFigures, chosen: Flags) -> Figure:
    decided = chosen_decisions(span.in_danger, chosen)
    return share(int(np.count_nonzero(decided.outcome == TermOutcome.RENEWED)), len(decided.outcome))


RETENTION_KPIS = (
    Kpi(
        name="customers",
        title="Customers",
        number=None,
        stage=_STAGE,
        unit=Unit.COUNT,
        formula="Accounts with a contract at the end of the span: with an ARR, a start or an end of a "
        "contract or an event about one, not ended, not merged, not erased. Nobody is a customer "
        "before the contract starts.",
        source=_FACTS,
        compute=_customers,
    ),
    Kpi(
        name="arr",
        title="ARR",
        number=None,
        stage=_STAGE,
        unit=Unit.MONEY,
        formula="The sum of the ARR of the customers at the end of the span.",
        source=_FACTS,
        compute=_arr,
    ),
    Kpi(
        name="up_for_decision",
        title="Customers up for decision",
        number=10,
        stage=_STAGE,
        unit=Unit.COUNT,
        formula="Terms of contracts that end in the span; a customer who leaves before the end decides on that day.",
        source=_FACTS,
        compute=_up_for_decision,
    ),
    Kpi(
        name="retention_rate",
        title="Retention rate",
        number=11,
        stage=_STAGE,
        unit=Unit.SHARE,
        formula="Of the terms up for decision that are decided: renewed / (renewed + lost).",
        source=_FACTS,
        compute=_retention_rate,
    ),
    Kpi(
        name="customer_churn_rate",
        title="Churn rate",
        number=12,
        stage=_STAGE,
        unit=Unit.SHARE,
        formula="Customers who left in the span and are gone at its end / (these + the customers at its end).",
        source=_FACTS,
        compute=_churn_rate,
    ),
    Kpi(
        name="health_score",
        title="Customer health score",
        number=13,
        stage=_STAGE,
        unit=Unit.POINTS,
        formula="The mean score of the customers at the end of the span. If that is today: now. Else of each "
        "the last one that was noted: at a change of band or stage, or at the end of a month.",
        source="the scorecard",
        compute=_health_score,
    ),
    Kpi(
        name="gross_revenue_retention",
        title="Gross revenue retention (GRR)",
        number=None,
        stage=_STAGE,
        unit=Unit.SHARE,
        formula="Over the customers at the beginning of the span: sum of min(ARR at its end, ARR at its "
        "beginning) / sum of ARR at its beginning. Merged accounts are one customer.",
        source=_FACTS,
        compute=_gross_revenue_retention,
    ),
    Kpi(
        name="net_revenue_retention",
        title="Net revenue retention (NRR)",
        number=None,
        stage=_STAGE,
        unit=Unit.SHARE,
        formula="Over the customers at the beginning of the span: ARR at its end / ARR at its beginning.",
        source=_FACTS,
        compute=_net_revenue_retention,
    ),
    Kpi(
        name="logo_churn_rate",
        title="Logo churn",
        number=None,
        stage=_STAGE,
        unit=Unit.SHARE,
        formula="Customers of the beginning of the span who are none at its end / customers at its beginning.",
        source=_FACTS,
        compute=_logo_churn_rate,
    ),
    Kpi(
        name="lifetime_value",
        title="Lifetime value, over the contracts (LTV)",
        number=None,
        stage=_STAGE,
        unit=Unit.MONEY,
        formula="The mean over all who are or were customers of their ARR, summed over the days from the "
        "start of the contract to its end / 365.25. Without a known end up to the end of the span.",
        source=_FACTS,
        compute=_lifetime_value,
    ),
    Kpi(
        name="expected_lifetime_value",
        title="Lifetime value, by average purchase (LTV)",
        number=None,
        stage=_STAGE,
        unit=Unit.MONEY,
        formula="Average purchase (mean ARR of the customers at the end of the span) x frequency (once a "
        "year) x duration (mean years as a customer by then, of all who are or were one).",
        source=_FACTS,
        compute=_expected_lifetime_value,
    ),
    Kpi(
        name="arr_at_risk",
        title="ARR at risk",
        number=None,
        stage=_STAGE,
        unit=Unit.MONEY,
        formula="The ARR of the customers whose band is red or yellow at the end of the span; `part` counts "
        "them, `whole` is the ARR of all.",
        source="arr; the scorecard",
        compute=_arr_at_risk,
    ),
    Kpi(
        name="save_rate",
        title="Save rate",
        number=None,
        stage=_STAGE,
        unit=Unit.SHARE,
        formula="Of the decisions in the span of customers who were red or leaving at some time in the 90 "
        "days before: renewed / (renewed + lost).",
        source="contract_end; contract.cancel_requested, contract.renewed, contract.ended; the scorecard",
        compute=_save_rate,
    ),
)
