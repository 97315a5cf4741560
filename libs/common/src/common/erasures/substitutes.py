"""What stands for an erased person, so that counts of people stay as they are and nobody can tell who it was.

A count of many people keeps a sample, those with low hashes. So a substitute's hash begins as the person's does: the
count keeps one of them just where it would have kept the other.
"""

import secrets
from typing import Final

from common.text_hash import BITS, text_hash

_SAME_BITS: Final = 14
"""A sample is halved this often where an account has some 4 million people."""
_MARK: Final = "\0"  # ingest takes no user id with it, and no table can hold one


def substitute_id(substitute: str) -> str:
    """The user id that stands for the person in the core, and nowhere else."""
    return _MARK + substitute


def is_substitute(user_id: str) -> bool:
    return user_id.startswith(_MARK)


def draw_substitute(user_id: str) -> str:
    """At random; about 16,000 trials, which take some 20 ms."""
    wanted = _beginning(user_id)
    while True:
        drawn = secrets.token_urlsafe(12)
        if _beginning(substitute_id(drawn)) == wanted:
            return drawn


def _beginning(user_id: str) -> int:
    return text_hash(user_id) >> (BITS - _SAME_BITS)
