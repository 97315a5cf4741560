"""Who a provider says that somebody is, and the role that follows."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from console.access.roles import Role
from console.errors import SignInFailed

_RANK = (Role.CSM, Role.LEAD, Role.ADMIN)


class Identity(Struct, frozen=True):
    """`subject` is issuer and subject: an address may change hands, this never does."""

    subject: str
    email: str
    name: str | None
    role: Role | None


def identity_of(claims: Mapping[str, Any], *, role_claim: str | None, roles: Mapping[str, Role]) -> Identity:
    """Of the claims of a validated ID token. The role is the highest that the claim names, None without a claim.

    Raises `SignInFailed` without a verified address, or where the claim names no role.
    """
    email = claims.get("email")
    if not isinstance(email, str) or not email:
        raise SignInFailed("the ID token has no email")
    # Else whoever enters another's address at the provider would be that person here.
    if claims.get("email_verified") is not True:
        raise SignInFailed(f"the provider has not verified {email}")
    name = claims.get("name")
    return Identity(
        subject=f"{claims['iss']} {claims['sub']}",
        email=email.lower(),
        name=name if isinstance(name, str) and name else None,
        role=None if role_claim is None else _highest_role(claims.get(role_claim), roles, email),
    )


def _highest_role(values: Any, roles: Mapping[str, Role], email: str) -> Role:
    named = values if isinstance(values, list) else [values]
    found = [roles[value] for value in named if isinstance(value, str) and value in roles]
    if not found:
        raise SignInFailed(f"no role of the console is named for {email}")
    return max(found, key=_RANK.index)
