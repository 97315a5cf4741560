"""Who may do what. Everybody who is signed in may read every page."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """A customer success manager (CSM), one who leads some, one who runs the system."""

    CSM = "csm"
    LEAD = "lead"
    ADMIN = "admin"


class Act(StrEnum):
    """What somebody does beside reading; the audit table has these words."""

    SIGN_IN = "signed in"
    SIGN_OUT = "signed out"
    CHOOSE_LANGUAGE = "chose a language"
    # On an account: by its owner, or by who leads.
    ACKNOWLEDGE = "acknowledged an alert"
    RESEND = "sent an alert again"
    OVERRIDE = "overrode a band"
    # On the system and on who may use it.
    READ_AUDIT = "read the audit"
    MANAGE_KEYS = "managed keys"
    MANAGE_USERS = "managed users"
    RESEND_LETTERS = "sent dead letters again"
    ERASE = "erased"


_ON_AN_ACCOUNT: Final = frozenset({Act.ACKNOWLEDGE, Act.RESEND, Act.OVERRIDE})
_OF_ADMINS: Final = frozenset({Act.READ_AUDIT, Act.MANAGE_KEYS, Act.MANAGE_USERS, Act.RESEND_LETTERS, Act.ERASE})


def may(role: Role, act: Act, *, own: bool = False) -> bool:
    """`own`: the account's owner is the person who acts."""
    if act in _OF_ADMINS:
        return role is Role.ADMIN
    if act in _ON_AN_ACCOUNT:
        # A CSM must not silence an alert that another CSM waits for.
        return own or role in (Role.LEAD, Role.ADMIN)
    return True
