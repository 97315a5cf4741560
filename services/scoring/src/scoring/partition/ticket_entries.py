"""The entries of support tickets. No KPI uses them: they are read of one account. Pure."""

from typing import Any, Final

from common.contracts.events import Event
from scoring.health.properties import number
from scoring.partition.words import label

OPENED, ANSWERED = "ticket.opened", "ticket.answered"
RESOLVED, REOPENED = "ticket.resolved", "ticket.reopened"
TICKETS: Final = (OPENED, ANSWERED, RESOLVED, REOPENED)
_NUMBERS: Final = {OPENED: "severity", REOPENED: "severity", ANSWERED: "hours", RESOLVED: "hours"}


def said_of_ticket(event: Event) -> dict[str, Any] | None:
    """None without the ticket's id: nobody could say whether the ticket is still open."""
    ticket = label(event.properties.get("ticket"))
    if ticket is None:
        return None
    name = _NUMBERS[event.name]
    value = number(event.properties.get(name))
    return {"ticket": ticket} if value is None else {"ticket": ticket, name: value}
