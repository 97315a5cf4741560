"""What the address and the forms of the keys ask for. Pure."""

import re
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

from msgspec import Struct
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.datastructures import QueryParams

from common.keys import SOURCE_NAME, Scope
from console.errors import ServiceName

PATH: Final = "/admin/keys"
ROWS: Final = 50
SERVICES: Final = (ServiceName.INGEST, ServiceName.SCORING, ServiceName.ALERTS)
_KEY_ID: Final = re.compile(r"[0-9a-f]{12}", re.ASCII)
_MOST_DAYS: Final = 3_660


class KeysView(BaseModel):
    """A page of the keys of one service, or the first page of each. `revoked` is the key that was just revoked."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    service: Annotated[str, StringConstraints(pattern=f"^({'|'.join(SERVICES)}|)$")] = ""
    state: Annotated[str, StringConstraints(pattern="^(ended|)$")] = ""
    page: int = Field(default=1, ge=1, le=1_000_000)
    revoked: Annotated[str, StringConstraints(max_length=20)] = ""

    @property
    def of_ended(self) -> bool:
        return self.state == "ended"

    def address(self) -> str:
        named = self.model_dump(exclude_defaults=True)
        return f"{PATH}?{urlencode(named)}" if named else PATH

    def address_of(self, service: ServiceName, *, page: int = 1, ended: bool = False) -> str:
        """A page of this service alone."""
        return KeysView(service=service.value, state="ended" if ended else "", page=page).address()


def view_of(query: QueryParams) -> KeysView:
    """Raises Pydantic's `ValidationError`."""
    return KeysView.model_validate(dict(query))


class AskedKey(Struct, frozen=True):
    source: str
    scopes: tuple[str, ...]
    expires_days: int | None


def asked_service(form: Mapping[str, str]) -> ServiceName | None:
    return next((service for service in SERVICES if service == form.get("service")), None)


def asked_key(form: Mapping[str, str]) -> AskedKey | None:
    """None if a field is missing or cannot be read."""
    source, days = form.get("source", "").strip(), form.get("expires_days", "").strip()
    scopes = tuple(scope.value for scope in Scope if f"scope:{scope}" in form)
    expires = _whole(days, least=1, most=_MOST_DAYS) if days else None
    if not SOURCE_NAME.fullmatch(source) or not scopes or (days and expires is None):
        return None
    return AskedKey(source, scopes, expires)


def asked_id(form: Mapping[str, str]) -> str | None:
    found = form.get("key", "")
    return found if _KEY_ID.fullmatch(found) else None


def asked_overlap(form: Mapping[str, str]) -> int | None:
    """Hours; None if it cannot be read."""
    return _whole(form.get("overlap_hours", ""), least=0, most=_MOST_DAYS * 24)


def _whole(text: str, *, least: int, most: int) -> int | None:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        return None
    return int(text) if least <= int(text) <= most else None
