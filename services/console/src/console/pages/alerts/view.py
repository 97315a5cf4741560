"""What the address of the alerts page asks for: filters, the days back, groups and the place in the list."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from starlette.datastructures import QueryParams

from common.contracts.signals import Severity
from console.clients.service_api import Query
from console.web.alert_acts import AlertActOutcome
from console.web.view import none_if_empty

PATH: Final = "/alerts"
ROWS: Final = 30
STATES: Final = ("open", "taken", "all")
STATUSES: Final = ("sent", "pending", "held", "failed", "dropped")
_TRAIL: Final = 20
_MANY: Final = ("severity", "status", "owner", "account", "receiver")

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=256, pattern=r"^[^\x00]*$")]
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Status = Annotated[str, StringConstraints(pattern=rf"^({'|'.join(STATUSES)})$")]


class AlertsView(BaseModel):
    """Every state of the page is in its address.

    `days`: how far back alerts are listed. `acted` is the alert on which the person has just acted.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    state: Annotated[str, StringConstraints(pattern=rf"^({'|'.join(STATES)})$")] = "open"
    severity: tuple[Severity, ...] = Field(default=(), max_length=3)
    status: tuple[Status, ...] = Field(default=(), max_length=5)
    told: Annotated[bool | None, BeforeValidator(none_if_empty)] = None
    owner: tuple[Text, ...] = Field(default=(), max_length=20)
    account: tuple[Annotated[Text, StringConstraints(max_length=512)], ...] = Field(default=(), max_length=20)
    receiver: tuple[Text, ...] = Field(default=(), max_length=20)
    days: int = Field(default=30, ge=1, le=3660)
    group_by: Annotated[str, StringConstraints(pattern="^(owner|)$")] = ""
    page: int = Field(default=1, ge=1, le=1_000_000)
    cursor: Annotated[Cursor | None, BeforeValidator(none_if_empty)] = None
    back: tuple[Cursor, ...] = Field(default=(), max_length=_TRAIL)
    acted: Annotated[Annotated[str, StringConstraints(max_length=200)] | None, BeforeValidator(none_if_empty)] = None
    outcome: Annotated[AlertActOutcome | None, BeforeValidator(none_if_empty)] = None

    def filters(self, now: datetime) -> Query:
        """As alerts names them."""
        found: dict[str, str | int | float | Sequence[str]] = {
            name: [str(value) for value in values if value] for name in _MANY if any(values := getattr(self, name))
        }
        if self.state == "open":
            found["open"] = "true"
        elif self.state == "taken":
            found["acknowledged"] = "true"
        if self.told is not None:
            found["told"] = str(self.told).lower()
        found["since"] = (now - timedelta(days=self.days)).isoformat()
        return found

    def address(self, **changes: Any) -> str:
        """With these changes, from the first page on."""
        start = {"page": 1, "cursor": None, "back": (), "acted": None, "outcome": None}
        return _address({**self.model_dump(), **start, **changes})

    @property
    def here(self) -> str:
        """This page, without what somebody has just done: where an act leads back to."""
        return _address({**self.model_dump(), "acted": None, "outcome": None})

    def owner_address(self, owner: str) -> str:
        return self.address(owner=(owner,), group_by="")

    def next_address(self, cursor: str) -> str:
        # The first page has no cursor to go back to.
        back = (*self.back, self.cursor)[-_TRAIL:] if self.cursor else ()
        return self.address(page=self.page + 1, cursor=cursor, back=back)

    def previous_address(self) -> str | None:
        """None on the first page, and further from it than the address remembers."""
        if self.back:
            return self.address(page=self.page - 1, cursor=self.back[-1], back=self.back[:-1])
        return self.address() if self.page == 2 else None


def alerts_view_of(query: QueryParams) -> AlertsView:
    """Raises Pydantic's `ValidationError`."""
    many = {*_MANY, "back"}
    values: Mapping[str, Any] = {
        name: tuple(one for one in query.getlist(name) if one) if name in many else query[name] for name in query
    }
    return AlertsView.model_validate(values)


def after_act(back: str, *, alert_id: str, outcome: AlertActOutcome) -> str:
    """The page that an act was begun on, with what became of it."""
    path, _, query = back.partition("?")
    view = alerts_view_of(QueryParams(query)) if path == PATH else AlertsView()
    return _address({**view.model_dump(), "acted": alert_id, "outcome": outcome})


def _address(values: Mapping[str, Any]) -> str:
    pairs = [pair for name, value in values.items() for pair in _pairs(name, value)]
    return f"{PATH}?{urlencode(pairs)}" if pairs else PATH


def _pairs(name: str, value: Any) -> Iterable[tuple[str, str]]:
    if value is None or value == AlertsView.model_fields[name].default:
        return []
    many = value if isinstance(value, tuple) else (value,)
    return [(name, str(one).lower() if isinstance(one, bool) else str(one)) for one in many]
