"""What a signal quotes of the event that caused it, by the event's name: what tells somebody why they should call.

Texts that customers wrote leave the system in messages, so nothing is quoted that is not named here. Who caused the
event is quoted as `user_id`. Seats and ARR are quoted as they were and as they are, where an event changes them.
"""

from collections.abc import Mapping
from typing import Final

QUOTABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "contract.cancel_requested": ("reason", "requested_by"),
    "contract.downgrade_requested": ("reason", "requested_by"),
    "contract.ended": ("reason",),
    "invoice.payment_failed": ("invoice", "amount", "currency"),
    "invoice.paid": ("invoice", "amount", "currency"),
    "nps.answered": ("score", "comment"),
    "csat.answered": ("score", "about", "comment"),
    "ticket.opened": ("subject", "ticket", "severity"),
    "ticket.reopened": ("subject", "ticket", "severity"),
    "goal.reached": ("goal",),
    "champion.left": (),
}
"""Properties of standard events, in the order in which they are shown."""

USER: Final = "user_id"
NAMING_PEOPLE: Final = frozenset({USER, "requested_by"})
"""Quotes that may be the id of a person of the account."""
OF_FACTS: Final = frozenset({"seats_before", "seats", "arr_before", "arr"})
"""Quotes that say how facts changed."""

LONGEST_QUOTE: Final = 300
"""In characters; a longer text is cut."""
MOST_QUOTES: Final = 8
