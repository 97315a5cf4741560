"""Support contacts, and what people say of the product."""

from common.catalogue.standard_event import StandardEvent
from common.catalogue.values import CsatScore, Hours, Identifier, Label, NpsScore, Prose, SeverityLevel


class TicketOpened(StandardEvent, frozen=True, kw_only=True):
    """Somebody asked for help. `ticket` is the ticket's id, `severity` how much it counts, `subject` its title.

    If several programs of yours have tickets, let each id begin with its program, as in `zendesk:4711`.
    """

    event_name = "ticket.opened"
    example = {"ticket": "T-4711", "severity": 3, "subject": "Export fails since Monday"}

    ticket: Identifier | None = None
    severity: SeverityLevel | None = None
    subject: Prose | None = None


class TicketAnswered(StandardEvent, frozen=True, kw_only=True):
    """Support reacted to a ticket for the first time. `hours` have passed since it was opened."""

    event_name = "ticket.answered"
    example = {"ticket": "T-4711", "hours": 0.5}

    ticket: Identifier | None = None
    hours: Hours | None = None


class TicketResolved(StandardEvent, frozen=True, kw_only=True):
    """A ticket was resolved. `hours` have passed since it was opened."""

    event_name = "ticket.resolved"
    example = {"ticket": "T-4711", "hours": 26}

    ticket: Identifier | None = None
    hours: Hours | None = None


class TicketReopened(StandardEvent, frozen=True, kw_only=True):
    """A ticket that was resolved was opened again."""

    event_name = "ticket.reopened"
    example = {"ticket": "T-4711", "severity": 3}

    ticket: Identifier | None = None
    severity: SeverityLevel | None = None
    subject: Prose | None = None


class NpsAnswered(StandardEvent, frozen=True, kw_only=True):
    """A person answered how likely it is that they recommend the product. 9 and 10 promote, 0 to 6 detract."""

    event_name = "nps.answered"
    example = {"score": 9, "comment": "saves us a day a week"}

    score: NpsScore
    comment: Prose | None = None


class CsatAnswered(StandardEvent, frozen=True, kw_only=True):
    """A person answered how satisfied they are, 5 being the best. `about` says with what, such as a ticket."""

    event_name = "csat.answered"
    example = {"score": 4, "about": "T-4711"}

    score: CsatScore
    about: Label | None = None
    comment: Prose | None = None
