"""At most so many members: above that, those whose hash is low stand for all."""

from typing import TypeVar

from scoring.core.hashing import SPACE

MOST = 256

T = TypeVar("T")


def sampled(member: int, halvings: int) -> bool:
    """Whether a member (its hash) is still looked at after the sample was halved that often."""
    return member < SPACE >> halvings


def thinned(members: dict[int, T], halvings: int) -> tuple[dict[int, T], int]:
    """Halves the sample until it fits."""
    while len(members) > MOST:
        halvings += 1
        members = {member: kept for member, kept in members.items() if sampled(member, halvings)}
    return members, halvings
