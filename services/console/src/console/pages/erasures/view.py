"""Whom a form asks to erase. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

PATH: Final = "/admin/erasures"
ONE: Final = PATH + "/{erasure_id}"
ROWS: Final = 50
_ID_CHARS: Final = 512


class ErasedKind(StrEnum):
    """Whether an account or a person is erased, as ingest names it."""

    ACCOUNT = "account"
    USER = "user"


class ErasureForm(Struct, frozen=True):
    kind: ErasedKind
    id: str


def asked_erasure(form: Mapping[str, str]) -> ErasureForm | None:
    """None if the kind or the id cannot be used. An id stays as it is: blanks at its ends are a part of it."""
    whom, subject = form.get("kind", ""), form.get("id", "")
    # Clients take the two with dots for steps in a path.
    if whom not in set(ErasedKind) or not 0 < len(subject) <= _ID_CHARS or "\0" in subject or subject in (".", ".."):
        return None
    return ErasureForm(ErasedKind(whom), subject)
