"""Facts of accounts and of their people."""

from common.catalogue.standard_event import DATED, StandardEvent
from common.catalogue.values import (
    Absences,
    CalendarDate,
    Country,
    Currency,
    EmailAddress,
    Identifier,
    Label,
    Language,
    Money,
    Seats,
    StageName,
    Switch,
    TierName,
    TimeZone,
)


class AccountUpdated(StandardEvent, frozen=True, kw_only=True):
    """Facts of the account. Post those that changed; each keeps its value until a later event has another one.

    `arr` is a year's revenue in the deployment's only currency. `owner` is the e-mail address of the account's customer
    success manager. `parent` is the id of the account that this one belongs to. `away` are the days on which the
    account is closed.
    """

    event_name = "account.updated"
    reach = DATED
    example = {
        "name": "Acme",
        "tier": "high",
        "owner": "csm@example.com",
        "arr": 50000,
        "seats": 10,
        "stage": "adoption",
        "contract_start": "2026-01-01",
        "contract_end": "2026-12-31",
        "time_zone": "Europe/Berlin",
        "language": "de",
        "country": "DE",
        "currency": "EUR",
        "parent": "acme-group",
        "away": [{"from": "2026-12-24", "until": "2027-01-01"}],
    }

    name: Label | None = None
    tier: TierName | None = None
    owner: EmailAddress | None = None
    arr: Money | None = None
    seats: Seats | None = None
    stage: StageName | None = None
    contract_start: CalendarDate | None = None
    contract_end: CalendarDate | None = None
    time_zone: TimeZone | None = None
    language: Language | None = None
    country: Country | None = None
    currency: Currency | None = None
    parent: Identifier | None = None
    away: Absences | None = None


class UserUpdated(StandardEvent, frozen=True, kw_only=True):
    """Facts of one person of the account, whom `user_id` names. `champion`: the person stands up for the product.

    Signals name the champions first when they say whom to call.
    """

    event_name = "user.updated"
    example = {"name": "Ann Lee", "email": "ann@acme.example", "role": "admin", "champion": True}

    name: Label | None = None
    email: EmailAddress | None = None
    role: Label | None = None
    champion: Switch | None = None


class ChampionLeft(StandardEvent, frozen=True, kw_only=True):
    """The person who stood up for the product has left the account, or has another job there.

    No signal names the person of `user_id` any more, until they are seen on a later day.
    """

    event_name = "champion.left"


class EventRetracted(StandardEvent, frozen=True, kw_only=True):
    """An earlier event of the same account and source was wrong; `event_id` is its id.

    What that event set is taken back: facts, flags, answers and milestone steps. The value before it comes back, or
    none. Whoever was told because of it is told that it was a mistake. What was only counted (sessions, tickets, use)
    stays counted. Post it after the event: before it, there is nothing to take back.
    """

    event_name = "event.retracted"
    example = {"event_id": "e-17"}

    event_id: Identifier
