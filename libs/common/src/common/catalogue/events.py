"""The event catalogue: all standard events by name."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from common.catalogue import accounts, commercial, health, outreach, success, support, usage
from common.catalogue.checking import EventCheck
from common.catalogue.standard_event import DATED, LIVE, StandardEvent

GROUPS: Final[Mapping[str, tuple[type[StandardEvent], ...]]] = {
    "Accounts and people": (
        accounts.AccountUpdated,
        accounts.AccountAway,
        accounts.AccountMerged,
        accounts.UserUpdated,
        accounts.ChampionLeft,
        accounts.EventRetracted,
    ),
    "Use": (
        usage.SessionStarted,
        usage.SessionEnded,
        usage.FeatureUsed,
        usage.PageViewed,
        usage.ReportCreated,
        usage.WorkflowRun,
        usage.IntegrationSynced,
        usage.AssessmentSubmitted,
    ),
    "Support and opinions": (
        support.TicketOpened,
        support.TicketAnswered,
        support.TicketResolved,
        support.TicketReopened,
        support.NpsAnswered,
        support.CsatAnswered,
    ),
    "Contracts and invoices": (
        commercial.ContractStarted,
        commercial.ContractChanged,
        commercial.ContractRenewed,
        commercial.ContractEnded,
        commercial.ContractCancelRequested,
        commercial.ContractDowngradeRequested,
        commercial.InvoicePaid,
        commercial.InvoicePaymentFailed,
    ),
    "Milestones and goals": (
        success.MilestonePlanned,
        success.MilestoneReached,
        success.GoalReached,
        success.ReviewHeld,
    ),
    "Health set by a person": (health.HealthOverridden,),
    "Marketing, seminars and community": (
        outreach.EmailSent,
        outreach.EmailOpened,
        outreach.EmailClicked,
        outreach.EmailUnsubscribed,
        outreach.SeminarRegistered,
        outreach.SeminarAttended,
        outreach.CommunityPosted,
        outreach.CommunityAnswered,
    ),
}
"""In the order of docs/events.md."""

STANDARD_EVENTS: Final[Mapping[str, EventCheck]] = {
    event.event_name: EventCheck(event) for events in GROUPS.values() for event in events
}

SHORTEST_REACH: Final = min(LIVE, *(each.event.reach for each in STANDARD_EVENTS.values()))
"""An event of any name may be this old."""

# A product may have steps of its own under other names.
_MILESTONE: Final = "milestone."


def reach_of(name: str, *, history: bool = False) -> timedelta:
    """The greatest age that an event of this name may have; all history reaches as far back as what has dates."""
    standard = STANDARD_EVENTS.get(name)
    if history or (standard is None and name.startswith(_MILESTONE)):
        return DATED
    return LIVE if standard is None else standard.event.reach
