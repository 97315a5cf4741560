"""Asks the other services for everything that the page shows, at the same time."""

import asyncio
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from console.clients.account import AccountClient, AccountNow, HistoryAnswer, LevelAnswer
from console.clients.account_lists import EntriesAnswer, EntryRow, PeopleAnswer, TicketsAnswer
from console.clients.alerts import AlertsAnswer, AlertsReader, OneAlert
from console.clients.asking import Asking, nothing
from console.errors import ServiceName
from console.pages.account.milestones import PLANNED, REACHED
from console.pages.account.view import AccountView

_PEOPLE: Final = 25
_ALERTS: Final = 10
_ENTRIES: Final = 25
# Of 200 entries each. Many systems post every plan every night.
_STEP_PAGES: Final = 10
_TICKETS: Final = 200
_ANSWERS: Final = 10
_SURVEYS: Final = ("nps.answered", "csat.answered")
_CONTRACT_HISTORY: Final = (
    "account.updated",
    "account.merged",
    "contract.started",
    "contract.changed",
    "contract.renewed",
    "contract.cancel_requested",
    "contract.ended",
    PLANNED,
    REACHED,
    "health.changed",
)


class AccountContent(Struct, frozen=True, kw_only=True):
    """A part is None if its service is away (`away`), or if it is not asked for.

    `refused` says why scoring does not look ahead to `as_of`.
    """

    now: AccountNow | None
    level: LevelAnswer | None
    history: HistoryAnswer | None
    people: PeopleAnswer | None
    entries: EntriesAnswer | None
    planned: Sequence[EntryRow] | None
    reached: Sequence[EntryRow] | None
    tickets: TicketsAnswer | None
    answers: EntriesAnswer | None
    alerts: AlertsAnswer | None
    alert: OneAlert | None
    ahead: AccountNow | None
    ahead_level: LevelAnswer | None
    refused: bool
    away: tuple[ServiceName, ...]


async def read_content(
    accounts: AccountClient, alerts: AlertsReader, account_id: str, view: AccountView
) -> AccountContent:
    """Raises `ApiRefused` for an unknown account, and `ApiUnavailable` if every service is away."""
    # A day that scoring does not look ahead to is said beside its field.
    asking, looking_ahead, ahead = Asking(), Asking(), view.as_of
    (
        (now, level, history),
        (people, entries, planned, reached, tickets, answers),
        (listed, alert, then, then_level),
    ) = await asyncio.gather(
        asyncio.gather(
            asking.of(accounts.account(account_id)),
            asking.of(accounts.level(account_id), unknown=True),
            asking.of(accounts.history(account_id, first=view.since, last=view.until), unknown=True),
        ),
        asyncio.gather(
            asking.of(accounts.people(account_id, limit=_PEOPLE, cursor=view.people), unknown=True),
            asking.of(
                accounts.entries(account_id, limit=_ENTRIES, cursor=view.entries, names=_CONTRACT_HISTORY), unknown=True
            ),
            # Each by itself: the plans of many nights push out no step that was reached before them.
            asking.of(accounts.every_entry(account_id, names=(PLANNED,), most_pages=_STEP_PAGES), unknown=True),
            asking.of(accounts.every_entry(account_id, names=(REACHED,), most_pages=_STEP_PAGES), unknown=True),
            asking.of(accounts.tickets(account_id, limit=_TICKETS), unknown=True),
            asking.of(accounts.entries(account_id, limit=_ANSWERS, cursor=view.answers, names=_SURVEYS), unknown=True),
        ),
        asyncio.gather(
            asking.of(alerts.alerts({"account": account_id}, limit=_ALERTS, cursor=view.alerts)),
            asking.of(alerts.alert(view.alert), unknown=True) if view.alert else nothing(),
            looking_ahead.of(accounts.account(account_id, as_of=ahead)) if ahead else nothing(),
            looking_ahead.of(accounts.level(account_id, as_of=ahead)) if ahead else nothing(),
        ),
    )
    asking.check(now, listed)
    return AccountContent(
        now=now,
        level=level,
        history=history,
        people=people,
        entries=entries,
        planned=planned,
        reached=reached,
        tickets=tickets,
        answers=answers,
        alerts=listed,
        # Of this account, whatever an address says.
        alert=alert if alert is not None and alert.account_id == account_id else None,
        ahead=then,
        ahead_level=then_level,
        refused=looking_ahead.refused,
        away=tuple(dict.fromkeys((*asking.away, *looking_ahead.away))),
    )
