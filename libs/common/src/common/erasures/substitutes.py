"""Random substitutes for erased people: counts of people stay as they are, and nobody can tell who it was.

A count of many people keeps a sample of those with low hashes. A substitute's hash begins with the same bits as the
person's, so the sample has the substitute if it had the person.
"""

import secrets
from typing import Final

from common.text_hash import BITS, text_hash

_SAME_BITS: Final = 14
"""With some 4 million people in an account, the sample has been halved this many times."""
_MARK: Final = "\0"  # ingest takes no user id with it, and no table can hold one


def substitute_id(substitute: str) -> str:
    """The user id of the substitute, for use in the core only."""
    return _MARK + substitute


def is_substitute(user_id: str) -> bool:
    return user_id.startswith(_MARK)


def draw_substitute(user_id: str) -> str:
    """Draws at random until the hash fits: about 16,000 trials, some 20 ms of CPU."""
    wanted = _beginning(user_id)
    while True:
        drawn = secrets.token_urlsafe(12)
        if _beginning(substitute_id(drawn)) == wanted:
            return drawn


def _beginning(user_id: str) -> int:
    return text_hash(user_id) >> (BITS - _SAME_BITS)
