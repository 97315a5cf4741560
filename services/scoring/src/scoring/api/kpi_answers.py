"""What `GET /v1/kpis` answers, as JSON and as a table."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from msgspec import Struct

from common.csv_cells import guarded
from scoring.api.delay import Delay
from scoring.kpis.kpi import Figure, Kpi, Unit
from scoring.kpis.kpi_report import Grouping


class KpiDefinition(Struct, frozen=True):
    """One KPI. `number` is that of the list in docs/kpis.md; `unit` is what its values are in."""

    name: str
    title: str
    number: int | None
    stage: str
    unit: Unit
    formula: str
    source: str


class KpiDefinitions(Struct, frozen=True):
    """All KPIs, in the order of docs/kpis.md."""

    kpis: tuple[KpiDefinition, ...]


class KpiGroup(Struct, frozen=True):
    """KPIs of the accounts of one group, by their names; `group` is None for all accounts.

    `accounts` counts those that ever had a contract. Of a figure `part` / `whole` is the value, or `whole` is over how
    many it was taken.
    """

    group: str | None
    accounts: int
    figures: dict[str, Figure]


class KpiSpan(Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """From the beginning of one day to the end of another (UTC), the largest groups first.

    `more_groups` if there are smaller ones that are left out.
    """

    first: date
    last: date
    groups: tuple[KpiGroup, ...]
    more_groups: bool


class Kpis(Struct, frozen=True):
    """KPIs over one or more spans. `kpis` says what each is.

    `known_at` is the moment whose knowledge counts, None for now. `read_at` is when the entries were read, `as_of` up
    to when all partitions are scored.
    """

    kpis: tuple[KpiDefinition, ...]
    spans: tuple[KpiSpan, ...]
    by: Grouping | None
    known_at: datetime | None
    read_at: datetime
    as_of: datetime
    held: Delay | None


def definition(kpi: Kpi) -> KpiDefinition:
    return KpiDefinition(kpi.name, kpi.title, kpi.number, kpi.stage, kpi.unit, kpi.formula, kpi.source)


COLUMNS: Final = ("from", "to", "group", "accounts", "kpi", "unit", "value", "part", "whole")
Cell = str | float | int | None


def rows(answer: Kpis) -> Iterator[tuple[Cell, ...]]:
    """A row for each KPI of each group and span, in the order of `COLUMNS`."""
    for span in answer.spans:
        for group in span.groups:
            of_group = (span.first.isoformat(), span.last.isoformat(), group.group, group.accounts)
            for kpi in answer.kpis:
                figure = group.figures[kpi.name]
                yield (*of_group, kpi.name, kpi.unit.value, figure.value, figure.part, figure.whole)


def as_csv(answer: Kpis) -> str:
    """With a byte order mark: without it spreadsheets take other letters than these."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_safe(row) for row in rows(answer)])
    return "\ufeff" + text.getvalue()


def _safe(row: Sequence[Cell]) -> list[Cell]:
    """A spreadsheet must not take the name of a group for a formula."""
    return [guarded(cell) if isinstance(cell, str) else cell for cell in row]
