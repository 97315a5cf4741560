"""A bounded sample of members. Above the bound those with low hashes stand for all (adaptive sampling by hash).

Source: P. Flajolet, "On adaptive sampling", Computing 43 (1990).
"""

from typing import Final, TypeVar

from scoring.health.hashing import SPACE

MOST_MEMBERS: Final = 256

T = TypeVar("T")


def sampled(member: int, halvings: int) -> bool:
    """Whether a member (its hash) belongs to a sample that was halved this often."""
    return halvings == 0 or member < SPACE >> halvings


def renamed(members: dict[int, T], member: int, substitute: int) -> dict[int, T]:
    """The substitute stands where the member stood, so that later readers meet all in the same order."""
    return {substitute if each == member else each: kept for each, kept in members.items()}


def thinned(members: dict[int, T], halvings: int) -> tuple[dict[int, T], int]:
    """Halves the sample until it fits. Also returns how often it has been halved in all."""
    while len(members) > MOST_MEMBERS:
        halvings += 1
        bound = SPACE >> halvings
        members = {member: kept for member, kept in members.items() if member < bound}
    return members, halvings
