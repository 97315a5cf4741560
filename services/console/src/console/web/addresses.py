"""Addresses of pages that other pages lead to."""

from urllib.parse import quote


def account_address(account_id: str) -> str:
    """Where the page about this account is; ids have any characters."""
    return f"/accounts/{quote(account_id, safe='')}"
