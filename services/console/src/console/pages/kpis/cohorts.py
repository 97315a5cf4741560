"""How much of those who began in a month has stayed, quarter by quarter or year by year."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from msgspec import Struct

from console.clients.kpis import KpiFigure, SpanKpis

# Of the heat map's grounds, from the best to the worst: the lowest share of each but the last.
_LEVELS: Final = (1.0, 0.9, 0.8, 0.65, 0.5)

Figures = Mapping[str, KpiFigure]


class CohortCell(Struct, frozen=True):
    """`share` of the beginning; `level` is the ground: 0 is the best."""

    share: float
    level: int


class CohortRow(Struct, frozen=True):
    """`cells` are by how many steps after the one of the start; None where there is nothing to compute it from.

    `customers` are those of the first step in which an account of the cohort passes the filter.
    """

    month: date
    customers: int
    cells: tuple[CohortCell | None, ...]


def customer_retention(spans: Sequence[SpanKpis]) -> list[CohortRow]:
    """The product of 1 - churn rate, beginning with the step of the start. The oldest cohort first."""
    return [
        CohortRow(month, customers, _products(_stayed(one) for one in figures))
        for month, customers, figures in _cohorts(spans)
    ]


def revenue_retention(spans: Sequence[SpanKpis]) -> list[CohortRow]:
    """The product of net revenue retention after the first step with figures, whose last day is the beginning."""
    return [
        CohortRow(month, customers, _products(_revenue_factors(figures)))
        for month, customers, figures in _cohorts(spans)
    ]


def _cohorts(spans: Sequence[SpanKpis]) -> Iterator[tuple[date, int, list[Figures | None]]]:
    """Each with how many customers began, and its figures in every span from that of the start on.

    Scoring leaves out a group of which no account passes the filter at the end of the span: its figures are None.
    """
    found = [{group.group: group.figures for group in span.groups if group.group is not None} for span in spans]
    for name in sorted({name for groups in found for name in groups}):
        month = date.fromisoformat(f"{name}-01")
        figures = [groups.get(name) for span, groups in zip(spans, found, strict=True) if span.last >= month]
        first = next((each for each in figures if each is not None), None)
        # Those who left within the first step, and those who were there at its end.
        customers = 0 if first is None else round(first["customer_churn_rate"].whole or 0)
        if customers:
            yield month, customers, figures


def _stayed(figures: Figures | None) -> float | None:
    churned = None if figures is None else figures["customer_churn_rate"].value
    return None if churned is None else 1.0 - churned


def _revenue_factors(figures: Sequence[Figures | None]) -> Iterator[float | None]:
    has_begun = False
    for each in figures:
        if each is None:
            yield None
        elif has_begun:
            yield each["net_revenue_retention"].value
        else:
            has_begun = True
            # Of a cohort that left before its first step ended nothing is there to begin with.
            yield 1.0 if _stayed(each) else 0.0


def _products(factors: Iterator[float | None]) -> tuple[CohortCell | None, ...]:
    """Of each and those before it. Once nothing is left there is nothing to compute the next from: it stays 0."""
    product, found = 1.0, list[CohortCell | None]()
    for factor in factors:
        if factor is None and product > 0.0:
            found.append(None)
            continue
        product *= 0.0 if factor is None else factor
        found.append(_cell(product))
    return tuple(found)


def _cell(share: float) -> CohortCell:
    # As it is shown, so that 99.96 %, which reads 100.0 %, has the ground of that.
    shown = round(share, 3)
    level = next((number for number, lowest in enumerate(_LEVELS) if shown >= lowest), len(_LEVELS))
    return CohortCell(share, level)
