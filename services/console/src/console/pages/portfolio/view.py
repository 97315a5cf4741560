"""What the address of the portfolio asks for: filters, order, groups and the place in the list."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from starlette.datastructures import QueryParams

from common.contracts.signals import Band
from common.query_parameters import FIRST_DATE, LAST_DATE
from console.clients.service_api import Query
from console.web.view import none_if_empty

PATH: Final = "/portfolio"
CSV_PATH: Final = "/portfolio.csv"
ROWS: Final = 50
STAGES: Final = ("onboarding", "adoption", "renewal", "expansion")
TIERS: Final = ("high", "low", "tech")
CUSTOMERS: Final = ("active", "leaving")
STATUSES: Final = ("active", "leaving", "churned", "merged")
SORTS: Final = ("score", "arr", "renewal", "name", "band")
_TRAIL: Final = 20
_MANY: Final = ("band", "status", "tier", "stage", "segment", "cohort", "owner", "parent")

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=512, pattern=r"^[^\x00]*$")]
Cohort = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$")]
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=4_096)]
Day = Annotated[Annotated[date, Field(ge=FIRST_DATE, le=LAST_DATE)] | None, BeforeValidator(none_if_empty)]
Choice = Annotated[str, StringConstraints(pattern=rf"^-?({'|'.join(SORTS)})$")]


class PortfolioView(BaseModel):
    """Every state of the page is in its address, so that it can be sent to a colleague.

    `page` is the number of the page that `cursor` leads to; `back` are the cursors of the pages before, newest last.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    band: tuple[Band, ...] = Field(default=(), max_length=10)
    status: tuple[Text, ...] = Field(default=(), max_length=10)
    tier: tuple[Text, ...] = Field(default=(), max_length=20)
    stage: tuple[Text, ...] = Field(default=(), max_length=10)
    segment: tuple[Text, ...] = Field(default=(), max_length=20)
    cohort: tuple[Cohort, ...] = Field(default=(), max_length=60)
    owner: tuple[Text, ...] = Field(default=(), max_length=20)
    parent: tuple[Text, ...] = Field(default=(), max_length=20)
    starts_with: Annotated[Text, Field(max_length=256)] = ""
    renewal_within_days: Annotated[Annotated[int, Field(ge=0, le=3660)] | None, BeforeValidator(none_if_empty)] = None
    renewal_overdue: Annotated[str, StringConstraints(pattern="^(true|)$")] = ""
    contract_end_from: Day = None
    contract_end_to: Day = None
    sort: Choice = "score"
    group_by: Annotated[str, StringConstraints(pattern="^(owner|parent|)$")] = ""
    page: int = Field(default=1, ge=1, le=1_000_000)
    cursor: Annotated[Cursor | None, BeforeValidator(none_if_empty)] = None
    back: tuple[Cursor, ...] = Field(default=(), max_length=_TRAIL)

    @property
    def filters(self) -> Query:
        """As scoring names them."""
        found: dict[str, str | int | float | Sequence[str]] = {
            name: values for name in _MANY if (values := [value for value in getattr(self, name) if value])
        }
        if self.starts_with:
            found["starts_with"] = self.starts_with
        if self.renewal_within_days is not None:
            found["renewal_within_days"] = self.renewal_within_days
        if self.renewal_overdue:
            found["renewal_overdue"] = self.renewal_overdue
        if self.contract_end_from is not None:
            found["contract_end_from"] = self.contract_end_from.isoformat()
        if self.contract_end_to is not None:
            found["contract_end_to"] = self.contract_end_to.isoformat()
        return found

    def address(self, path: str = PATH, **changes: Any) -> str:
        """With these changes; another order, filter or group begins at the first page."""
        start = {"page": 1, "cursor": None, "back": ()}
        values = {**self.model_dump(), **start, **changes}
        pairs = [pair for name, value in values.items() for pair in _pairs(name, value)]
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def group_address(self, key: str) -> str:
        """The accounts of a group."""
        changes: dict[str, Any] = {self.group_by: (key,), "group_by": ""}
        return self.address(**changes)

    def next_address(self, cursor: str) -> str:
        # The first page has no cursor to go back to.
        back = (*self.back, self.cursor)[-_TRAIL:] if self.cursor else ()
        return self.address(page=self.page + 1, cursor=cursor, back=back)

    def previous_address(self) -> str | None:
        """None on the first page, and further from it than the address remembers."""
        if self.back:
            return self.address(page=self.page - 1, cursor=self.back[-1], back=self.back[:-1])
        return self.address() if self.page == 2 else None

    def sorted_by(self, column: str) -> str:
        """The address for a click on a column: ascending first, then descending."""
        return self.address(sort=f"-{column}" if self.sort == column else column)

    def direction(self, column: str) -> str:
        """For `aria-sort`."""
        return {column: "ascending", f"-{column}": "descending"}.get(self.sort, "none")


def view_of(query: QueryParams) -> PortfolioView:
    """Raises Pydantic's `ValidationError`."""
    many = {*_MANY, "back"}
    values: Mapping[str, Any] = {
        name: tuple(query.getlist(name)) if name in many else query[name] for name in query if name
    }
    return PortfolioView.model_validate(values)


def _pairs(name: str, value: Any) -> Iterable[tuple[str, str]]:
    default = PortfolioView.model_fields[name].default
    if value == default or value is None:
        return []
    return [(name, str(one)) for one in value if one] if isinstance(value, tuple) else [(name, str(value))]
