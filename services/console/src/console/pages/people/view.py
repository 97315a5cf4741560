"""What the forms of the people ask for, and what the page says of an act that was done. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from console.access.roles import Role
from console.pages.people.texts import PeopleTexts
from console.postgres.users import EMAIL, SeenUser

PATH: Final = "/admin/users"
_NAME_CHARS: Final = 200


class Invitation(Struct, frozen=True):
    email: str
    role: Role
    name: str | None


def asked_email(form: Mapping[str, str]) -> str | None:
    found = form.get("email", "").strip().lower()
    return found if EMAIL.fullmatch(found) and "\0" not in found else None


def asked_role(form: Mapping[str, str]) -> Role | None:
    return next((role for role in Role if role == form.get("role")), None)


def invitation(form: Mapping[str, str]) -> Invitation | None:
    email, role = asked_email(form), asked_role(form)
    if email is None or role is None:
        return None
    return Invitation(email, role, form.get("name", "").replace("\0", "").strip()[:_NAME_CHARS] or None)


def done_words(people: Sequence[SeenUser], did: str, whom: str, text: PeopleTexts, roles: Mapping[Role, str]) -> str:
    """By what stands now, not by what the address claims alone."""
    user = next((one.user for one in people if one.user.email == whom), None)
    if user is None:
        return ""
    stands = {"role": True, "disabled": user.disabled_at is not None, "enabled": user.disabled_at is None}
    return text.done[did].format(user.email, roles[user.role]) if stands.get(did) else ""
