"""What the demo's people write: the subjects of their tickets, and why they recommend the product or not.

They draw nothing at random, so that a company with the same seed does the same whatever is written here.
"""

from collections.abc import Mapping, Sequence
from typing import Final

_SUBJECTS: Final[Mapping[int, Sequence[str]]] = {
    1: (
        "How do I add a column to a report?",
        "Can a colleague see my draft?",
        "The invoice should go to another address",
        "Where did the old dashboard go?",
    ),
    2: (
        "The export has last month's figures",
        "A workflow ran twice this morning",
        "Search does not find new records",
        "Filters are lost when I go back",
    ),
    3: (
        "Nobody on our team can sign in",
        "The nightly sync has failed since Monday",
        "Reports time out, we close the quarter today",
        "Data of two projects was mixed up",
    ),
}
_COMMENTS: Final[Sequence[tuple[int, Sequence[str]]]] = (
    (9, ("Saves us a day a week", "The whole team lives in it", "Support answers within the hour")),
    (7, ("Good, but reports are slow", "Does what it should", "We use half of what we pay for")),
    (0, ("It breaks too often", "We still export to spreadsheets", "Nobody showed the new people how it works")),
)


def subject(severity: int, day: int) -> str:
    subjects = _SUBJECTS[severity]
    return subjects[day % len(subjects)]


def comment(score: int, day: int) -> str:
    """9 and 10 promote, 0 to 6 detract."""
    comments = next(found for least, found in _COMMENTS if score >= least)
    return comments[(day + score) % len(comments)]
