"""Facts of accounts and of their people."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import field

from common.catalogue.standard_event import DATED, Contradiction, StandardEvent
from common.catalogue.values import (
    CalendarDate,
    Closures,
    Country,
    Currency,
    EmailAddress,
    Identifier,
    Label,
    Language,
    Money,
    Prose,
    Seats,
    StageName,
    Switch,
    TierName,
    TimeZone,
)

_DAY_CHARS: Final = len("2026-12-31")


class AccountUpdated(StandardEvent, frozen=True, kw_only=True):
    """Facts of the account. Post those that changed; each keeps its value until a later event has another one.

    `arr` is a year's revenue in the deployment's only currency. `owner` is the e-mail address of the account's customer
    success manager. `parent` is the id of the account that this one belongs to. `segment` is the kind of customer, in
    your own words: KPIs are given by it. `away` are the days on which the account is closed; `account.away` adds one
    closure to them.
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
        "segment": "manufacturing",
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
    segment: Label | None = None
    away: Closures | None = None


class AccountAway(StandardEvent, frozen=True, kw_only=True):
    """The account is closed, from the first to the last of these days in its time zone: nobody is expected to come.

    If the scorecard has a `clock`, these days hardly count for decay and silence. They may lie in the past: then the
    score moves when the event comes. Post one event for each closure. An account keeps 32 of them: a further one
    replaces the one that ended first. One that ended two years before a further one came is dropped. `event.retracted`
    takes one back.
    """

    event_name = "account.away"
    reach = DATED
    example = {"from": "2026-08-03", "until": "2026-08-14", "reason": "summer closure"}

    first: CalendarDate = field(name="from")
    until: CalendarDate
    reason: Prose | None = None

    @classmethod
    def contradictions(cls, properties: Mapping[str, Any], *, at: datetime | None) -> Iterator[Contradiction]:
        # Both begin with year, month and day, so texts are in the order of days.
        first, until = properties["from"][:_DAY_CHARS], properties["until"][:_DAY_CHARS]
        if until < first:
            yield "until", f"expected {first} or later, not {until}"


class AccountMerged(StandardEvent, frozen=True, kw_only=True):
    """The account goes on as another one, whose id is `into`: there were two of one customer, or two customers merged.

    From then on ingest files every event that is posted for this account under the other one, facts and contracts too.
    What was counted for this account is not added to the other one. This account's alerts end, and nothing more is told
    of it. Merges may follow each other, but not in a circle. operations.md says how to take one back.
    """

    event_name = "account.merged"
    reach = DATED
    example = {"into": "acme-group"}

    into: Identifier


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
