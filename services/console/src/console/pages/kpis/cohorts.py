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
    """`cells` are by how many steps after the one of the start; None where there is nothing to compute it from."""

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
    """The product of net revenue retention after the step of the start, whose last day is the beginning."""
    return [
        CohortRow(month, customers, _products(_revenue_factors(figures)))
        for month, customers, figures in _cohorts(spans)
    ]


def _cohorts(spans: Sequence[SpanKpis]) -> Iterator[tuple[date, int, list[Figures]]]:
    """Each with how many customers began, and its figures from the step of the start on."""
    found: dict[str, list[tuple[SpanKpis, Figures]]] = {}
    for span in spans:
        for group in span.groups:
            if group.group is not None:
                found.setdefault(group.group, []).append((span, group.figures))
    for name in sorted(found):
        month = date.fromisoformat(f"{name}-01")
        figures = [each for span, each in found[name] if span.last >= month]
        # Those who left within the first step, and those who were there at its end.
        customers = round(figures[0]["customer_churn_rate"].whole or 0) if figures else 0
        if customers:
            yield month, customers, figures


def _stayed(figures: Figures) -> float | None:
    churned = figures["customer_churn_rate"].value
    return None if churned is None else 1.0 - churned


def _revenue_factors(figures: Sequence[Figures]) -> Iterator[float | None]:
    # Of a cohort that left before its first step ended nothing is there to begin with.
    yield 1.0 if _stayed(figures[0]) else 0.0
    for each in figures[1:]:
        yield each["net_revenue_retention"].value


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
