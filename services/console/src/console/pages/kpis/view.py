"""What the address of the KPIs asks for: the span, what was known when, filters, groups and the step of the cohorts."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from starlette.datastructures import QueryParams

from console.web.view import none_if_empty

PATH: Final = "/kpis"
CSV_PATH: Final = "/kpis.csv"
_PORTFOLIO: Final = "/portfolio"
GROUPINGS: Final = ("tier", "stage", "owner", "segment", "cohort")
STAGES: Final = ("onboarding", "adoption", "renewal", "expansion")
TIERS: Final = ("high", "low", "tech")
COLUMNS: Final = (
    "customers",
    "arr",
    "arr_at_risk",
    "health_score",
    "adoption_score",
    "gross_revenue_retention",
    "net_revenue_retention",
    "logo_churn_rate",
)
"""Of the table by group, if the address names none."""
NO_VALUE: Final = "(none)"
"""What scoring calls the group of accounts without a value."""
MOST_COLUMNS: Final = 12
_GROUPS: Final = 50
_MOST_GROUPS: Final = 500
_TREND_MONTHS: Final = 12
_COHORT_MONTHS: Final = {"quarter": 24, "year": 60}
_COHORT_KPIS: Final = ("customer_churn_rate", "net_revenue_retention")
# A year and a day: the rest of this month and the whole of the eleven after it.
_RENEWAL_DAYS: Final = 366
# Cohorts and trends begin years before, and scoring knows no day before 1970.
_FIRST, _LAST = date(1980, 1, 1), date(9998, 12, 31)

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=512, pattern=r"^[^\x00]*$")]
Cohort = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$")]
Asked = dict[str, str | int | float | Sequence[str]]


Day = Annotated[Annotated[date, Field(ge=_FIRST, le=_LAST)] | None, BeforeValidator(none_if_empty)]


class KpiView(BaseModel):
    """Every state of the page is in its address, so that it can be sent to a colleague."""

    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    first: Day = Field(default=None, alias="from")
    last: Day = Field(default=None, alias="to")
    known_at: Day = None
    by: Annotated[str, StringConstraints(pattern=f"^({'|'.join(GROUPINGS)}|)$")] = ""
    kpi: tuple[Text, ...] = Field(default=(), max_length=MOST_COLUMNS)
    cohorts: Annotated[str, StringConstraints(pattern="^(quarter|year)$")] = "quarter"
    tier: tuple[Text, ...] = Field(default=(), max_length=20)
    stage: tuple[Text, ...] = Field(default=(), max_length=10)
    owner: tuple[Text, ...] = Field(default=(), max_length=20)
    segment: tuple[Text, ...] = Field(default=(), max_length=20)
    cohort: tuple[Cohort, ...] = Field(default=(), max_length=60)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name in self.kpi if name)) or COLUMNS

    @property
    def filters(self) -> Asked:
        """As scoring names them."""
        return _given({name: getattr(self, name) for name in GROUPINGS})

    def span(self) -> Asked:
        """The figures of the whole span."""
        return {**self._known(), **_days(self.first, self.last)}

    def trend(self, last: date) -> Asked:
        """The twelve months up to the one of `last`."""
        return {**self._known(), **_days(_months_before(last, _TREND_MONTHS - 1), last), "step": "month"}

    def groups(self) -> Asked:
        return {**self.span(), "by": self.by, "kpi": self.columns, "groups": _GROUPS}

    def table(self) -> Asked:
        """What the file has: all KPIs of the span, of each group if there are groups."""
        return {**self.span(), **({"by": self.by, "groups": _MOST_GROUPS} if self.by else {})}

    def cohort_months(self, last: date) -> tuple[date, ...]:
        """The months whose cohorts are shown, from the first quarter or year that is."""
        months = _COHORT_MONTHS[self.cohorts]
        step = 3 if self.cohorts == "quarter" else 12
        # The newest step is the one of `last`, whole or not.
        number = last.year * 12 + last.month - 1
        first = number // step * step - (months - step)
        return tuple(_month(each) for each in range(first, number + 1))

    def retention(self, last: date) -> Asked | None:
        """None if no cohort of the filter is among those that are shown."""
        months = self.cohort_months(last)
        wanted = {each for each in self.cohort if each}
        names = [name for month in months if (name := f"{month:%Y-%m}") in wanted or not wanted]
        if not names:
            return None
        asked = {**self._known(), **_days(months[0], last), "step": self.cohorts, "by": "cohort"}
        return {**asked, "kpi": _COHORT_KPIS, "groups": len(names), "cohort": names}

    def renewals(self) -> Asked:
        return {**self.filters, "renewal_within_days": _RENEWAL_DAYS}

    def overdue(self) -> Asked:
        """Contracts that ended before today, of accounts that are still customers."""
        return {**self.filters, "renewal_overdue": "true"}

    def accounts_address(self, *, last_month: date) -> str:
        """The portfolio with the accounts of the renewals up to this month, the next one first."""
        return _portfolio({**self.renewals(), "contract_end_to": _end_of(last_month)})

    def month_address(self, month: date) -> str:
        bounds = {"contract_end_from": month.isoformat(), "contract_end_to": _end_of(month)}
        return _portfolio({**self.renewals(), **bounds})

    def overdue_address(self) -> str:
        return _portfolio(self.overdue())

    def address(self, path: str = PATH, **changes: Any) -> str:
        values = {**self.model_dump(), **changes}
        pairs = [pair for name, value in values.items() for pair in _pairs(name, value)]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def group_address(self, group: str) -> str | None:
        """All KPIs of that group alone. None for accounts without a value, by which a month cannot be asked for."""
        if group == NO_VALUE:
            return None
        changes: dict[str, Any] = {self.by: (group,), "by": ""}
        return self.address(**changes)

    def _known(self) -> Asked:
        known: Asked = {} if self.known_at is None else {"known_at": self.known_at.isoformat()}
        return {**self.filters, **known}


def view_of(query: QueryParams) -> KpiView:
    """Raises Pydantic's `ValidationError`."""
    many = {"kpi", *GROUPINGS}
    return KpiView.model_validate(
        {name: tuple(query.getlist(name)) if name in many else query[name] for name in query if name}
    )


def _given(values: dict[str, tuple[str, ...]]) -> Asked:
    return {name: found for name, several in values.items() if (found := [one for one in several if one])}


def _portfolio(asked: Asked) -> str:
    pairs = [(name, str(one)) for name, value in asked.items() for one in _several(value)]
    return f"{_PORTFOLIO}?{urlencode([*pairs, ('sort', 'renewal')])}"


def _several(value: object) -> Sequence[object]:
    return value if isinstance(value, (list, tuple)) else (value,)


def _days(first: date | None, last: date | None) -> Asked:
    named = {"from": first, "to": last}
    return {name: day.isoformat() for name, day in named.items() if day is not None}


def _months_before(day: date, months: int) -> date:
    return _month(day.year * 12 + day.month - 1 - months)


def _end_of(month: date) -> str:
    return (_months_before(month, -1) - timedelta(days=1)).isoformat()


def _month(number: int) -> date:
    """`number` is months since the beginning of our era."""
    return date(number // 12, number % 12 + 1, 1)


def _pairs(name: str, value: Any) -> Iterable[tuple[str, str]]:
    field = KpiView.model_fields[name]
    if value == field.default or value is None:
        return []
    key = field.alias or name
    return [(key, str(one)) for one in value if one] if isinstance(value, tuple) else [(key, str(value))]
