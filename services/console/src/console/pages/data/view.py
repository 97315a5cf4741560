"""What the address of the data page asks for: a source, a reason of rejects and the place in their list."""

from typing import Annotated, Any, Final
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from starlette.datastructures import QueryParams

from console.clients.service_api import Query
from console.web.view import none_if_empty

PATH: Final = "/data"
ROWS: Final = 30


SourceName = Annotated[str, StringConstraints(pattern="^[a-z0-9][a-z0-9_.-]*$", max_length=64)]
Reason = Annotated[str, StringConstraints(pattern="^[a-z0-9_]+$", max_length=64)]


class DataView(BaseModel):
    """`before` is where the former page of rejects ended."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    source: Annotated[SourceName | None, BeforeValidator(none_if_empty)] = None
    reason: Annotated[Reason | None, BeforeValidator(none_if_empty)] = None
    before: Annotated[Annotated[int, Field(ge=1, le=2**63 - 1)] | None, BeforeValidator(none_if_empty)] = None

    @property
    def reject_filters(self) -> Query:
        """As ingest names them."""
        return {name: value for name, value in self.model_dump().items() if value is not None}

    def address(self, **changes: Any) -> str:
        """With these changes, from the newest reject on."""
        values = {**self.model_dump(), "before": None, **changes}
        pairs = [(name, str(value)) for name, value in values.items() if value is not None]
        return f"{PATH}?{urlencode(pairs)}" if pairs else PATH


def data_view_of(query: QueryParams) -> DataView:
    """Raises Pydantic's `ValidationError`."""
    return DataView.model_validate(dict(query))
