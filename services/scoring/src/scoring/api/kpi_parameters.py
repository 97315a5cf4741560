"""The query parameters of KPIs, and the spans that they ask for."""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from common.query_parameters import DateOrMoment, QueryParameters, Text, bad_parameter
from scoring.api.parameters import Cohort, Day
from scoring.health.moments import day_number, midnight
from scoring.kpis.kpi_report import Filters, Grouping

_DEFAULT_DAYS = 365
_MOST_DAYS = 3660
MOST_SPANS = 120
KpiName = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class KpiStep(StrEnum):
    """How a span is cut into spans of the calendar."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        return {KpiStep.MONTH: 1, KpiStep.QUARTER: 3, KpiStep.YEAR: 12}[self]


class KpiFormat(StrEnum):
    """`parquet` needs the extra `analysis`."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


class KpiParameters(QueryParameters):
    """Filters hold together; a parameter given several times asks for any of its values.

    Tier, stage, owner and segment are those at the end of the span.
    """

    since: Day | None = Field(default=None, alias="from", description="first day (UTC); a year before `to` by default")
    until: Day | None = Field(default=None, alias="to", description="last day (UTC), included; today by default")
    known_at: DateOrMoment | None = Field(
        default=None,
        description="what was known then (record time), a date at its end (UTC); what is known now by default",
    )
    step: KpiStep | None = Field(default=None, description="cuts the span into months, quarters or years")
    by: Grouping | None = Field(default=None, description="tells accounts apart by this")
    groups: int = Field(default=50, ge=1, le=500, description="at most so many groups, the largest ones")
    kpi: list[KpiName] = Field(default=[], max_length=100, description="only these; all by default")
    tier: list[Text] = Field(default=[], max_length=20, description="any of these tiers")
    stage: list[Text] = Field(default=[], max_length=20, description="any of these stages")
    owner: list[Text] = Field(default=[], max_length=100, description="any of these owners, in any case")
    segment: list[Text] = Field(default=[], max_length=50, description="any of these segments")
    cohort: list[Cohort] = Field(default=[], max_length=120, description="customers who began in any of these months")
    format: KpiFormat = Field(default=KpiFormat.JSON, description="json, csv, or parquet")

    def filters(self) -> Filters:
        return {
            Grouping.TIER: self.tier,
            Grouping.STAGE: self.stage,
            Grouping.OWNER: [each.strip().lower() for each in self.owner],
            Grouping.SEGMENT: self.segment,
            Grouping.COHORT: self.cohort,
        }

    def known_until(self) -> float | None:
        if isinstance(self.known_at, date):
            return midnight(self.known_at + timedelta(days=1)) - 1e-6
        return self.known_at

    def spans(self, *, today: date) -> list[tuple[int, int]]:
        """First and last day of each span, whole days since the epoch. Raises a 422."""
        last = self.until or today
        first = self.since or last - timedelta(days=_DEFAULT_DAYS - 1)
        if first > last:
            raise bad_parameter("query.from", "out_of_range", f"must not be after `to`, {last}")
        if (last - first).days >= _MOST_DAYS:
            raise bad_parameter("query.from", "out_of_range", f"the span has more than {_MOST_DAYS} days")
        spans = [(first, last)] if self.step is None else list(_cut(first, last, self.step.months))
        if len(spans) > MOST_SPANS:
            raise bad_parameter("query.step", "out_of_range", f"makes {len(spans)} spans, more than {MOST_SPANS}")
        return [(day_number(one), day_number(other)) for one, other in spans]


def _cut(first: date, last: date, months: int) -> Iterator[tuple[date, date]]:
    """The first and the last part may be shorter: from `first`, and until `last`."""
    while first <= last:
        begun = first.year * 12 + (first.month - 1) // months * months
        following = begun + months
        end = date(following // 12, following % 12 + 1, 1) - timedelta(days=1)
        yield first, min(end, last)
        first = end + timedelta(days=1)
