"""`GET /v1/kpis` as the console sees it, without a database: scoring's own parameters, definitions and types."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

import httpx

from scoring.api.kpi_answers import KpiGroup, Kpis, KpiSpan, definition
from scoring.api.kpi_parameters import KpiParameters
from scoring.health.moments import to_date, to_datetime
from scoring.kpis.adoption import use_kpi
from scoring.kpis.kpi import Figure, Kpi, Unit
from scoring.kpis.kpi_list import KPIS
from scoring.kpis.kpi_report import Grouping

ALL: Final[Sequence[Kpi]] = (*KPIS, use_kpi("active_seats"))
_MANY: Final = frozenset({"kpi", "tier", "stage", "owner", "segment", "cohort"})


def kpis_asked(query: httpx.QueryParams) -> KpiParameters:
    """Raises Pydantic's `ValidationError` for a question that scoring would refuse."""
    return KpiParameters.model_validate(
        {name: query.get_list(name) if name in _MANY else query[name] for name in query}
    )


def kpi_answer(query: httpx.QueryParams, *, now: datetime, names: Sequence[str]) -> Kpis:
    """Figures that grow from span to span. `names` are those of the groups by anything but the cohort."""
    asked = kpis_asked(query)
    known = {kpi.name: kpi for kpi in ALL}
    chosen = [known[name] for name in asked.kpi or known]
    groups = _groups(asked, names)
    spans = [
        KpiSpan(
            to_date(first),
            to_date(last),
            tuple(KpiGroup(group, 40, _figures(chosen, number, group, to_date(last))) for group in groups),
            more_groups=len(names) > asked.groups and asked.by is not None,
        )
        for number, (first, last) in enumerate(asked.spans(today=now.date()))
    ]
    known_until = asked.known_until()
    return Kpis(
        kpis=tuple(map(definition, chosen)),
        spans=tuple(spans),
        by=asked.by,
        known_at=None if known_until is None else to_datetime(known_until),
        read_at=now,
        as_of=now,
        held=None,
    )


def _groups(asked: KpiParameters, names: Sequence[str]) -> Sequence[str | None]:
    if asked.by is None:
        return (None,)
    return (asked.cohort or ["2026-01"]) if asked.by is Grouping.COHORT else names[: asked.groups]


def _figures(chosen: Sequence[Kpi], number: int, group: str | None, last: date) -> dict[str, Figure]:
    begun = group is None or not group[:4].isdigit() or date.fromisoformat(f"{group}-01") <= last
    return {kpi.name: _figure(kpi, number) if begun else Figure(None) for kpi in chosen}


def _figure(kpi: Kpi, number: int) -> Figure:
    if kpi.name == "save_rate":
        return Figure(None, 0.0, 0.0)
    if kpi.name == "arr_at_risk":
        return Figure(120_000.0 + number, 3.0, 1_200_000.0)
    if kpi.unit is Unit.SHARE:
        return Figure(0.05 + number / 100, 2.0, 40.0)
    if kpi.unit in (Unit.MONEY, Unit.COUNT):
        return Figure(40.0 + number)
    return Figure(12.5 + number, None, 40)
