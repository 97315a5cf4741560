"""Substitutes for erased people and accounts, by which what others did stays as it was.

A person's is drawn at random: counts of people stay as they are, and nobody can tell who it was.

A count of many people keeps a sample of those with low hashes. A substitute's hash begins with the same bits as the
person's, so the sample has the substitute if it had the person.
"""

import secrets
from typing import Final

from common.text_hash import BITS, text_hash

_SAME_BITS: Final = 14
"""With some 4 million people in an account, the sample has been halved this many times."""
ACCOUNT_SUBSTITUTE: Final = "erased-"
"""The beginning of every id that stands for an erased account."""
_MARK: Final = "\0"  # ingest takes no user id with it, and no table can hold one


def substitute_id(substitute: str) -> str:
    """The user id of the substitute, for use in the core only."""
    return _MARK + substitute


def is_substitute(user_id: str) -> bool:
    return user_id.startswith(_MARK)


def account_substitute(erasure_id: str) -> str:
    """The id by which other accounts name an erased one, and under which its KPI entries go on.

    It says which request erased the account, and nothing of the account.
    """
    return ACCOUNT_SUBSTITUTE + erasure_id


def draw_substitute(user_id: str) -> str:
    """Draws at random until the hash fits: about 16,000 trials, some 20 ms of CPU."""
    wanted = _beginning(user_id)
    while True:
        drawn = secrets.token_urlsafe(12)
        if _beginning(substitute_id(drawn)) == wanted:
            return drawn


def _beginning(user_id: str) -> int:
    return text_hash(user_id) >> (BITS - _SAME_BITS)
