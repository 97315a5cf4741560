"""Addresses of pages that other pages lead to."""

from typing import Final
from urllib.parse import quote, urlencode

DEAD_LETTERS_ADDRESS: Final = "/admin/dead-letters"


def account_address(account_id: str) -> str:
    """Where the page about this account is; ids have any characters."""
    return f"/accounts/{quote(account_id, safe='')}"


def erase_address(account_id: str) -> str:
    """Where an administrator erases this account; nothing is done there before it is confirmed."""
    return f"/admin/erasures?{urlencode({'account': account_id})}"
