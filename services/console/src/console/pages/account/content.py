"""Asks the other services for everything that the page shows, at the same time."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from msgspec import Struct

from console.clients.account import (
    AccountClient,
    AccountNow,
    EntriesAnswer,
    HistoryAnswer,
    LevelAnswer,
    PeopleAnswer,
    TicketsAnswer,
)
from console.clients.alerts import AlertsAnswer, AlertsReader, OneAlert
from console.errors import ApiRefused, ApiUnavailable, ServiceName
from console.pages.account.milestones import PLANNED, REACHED
from console.pages.account.view import AccountView

_PEOPLE: Final = 25
_ALERTS: Final = 10
_ENTRIES: Final = 25
_STEPS: Final = 100
_TICKETS: Final = 200
_ANSWERS: Final = 10
_OF_ANSWERS: Final = ("nps.answered", "csat.answered")
_OF_CONTRACT: Final = (
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
Part = TypeVar("Part")


class AccountContent(Struct, frozen=True, kw_only=True):
    """A part is None if its service is away (`away`), or if it is not asked for.

    `refused` says why scoring does not look ahead to `as_of`.
    """

    now: AccountNow | None
    level: LevelAnswer | None
    history: HistoryAnswer | None
    people: PeopleAnswer | None
    entries: EntriesAnswer | None
    milestones: EntriesAnswer | None
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
    asking = _Asking()
    ahead = view.as_of
    (
        (now, level, history),
        (people, entries, milestones, tickets, answers),
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
                accounts.entries(account_id, limit=_ENTRIES, cursor=view.entries, names=_OF_CONTRACT), unknown=True
            ),
            asking.of(accounts.entries(account_id, limit=_STEPS, names=(PLANNED, REACHED)), unknown=True),
            asking.of(accounts.tickets(account_id, limit=_TICKETS), unknown=True),
            asking.of(
                accounts.entries(account_id, limit=_ANSWERS, cursor=view.answers, names=_OF_ANSWERS), unknown=True
            ),
        ),
        asyncio.gather(
            asking.of(alerts.alerts({"account": account_id}, limit=_ALERTS, cursor=view.alerts)),
            asking.of(alerts.alert(view.alert), unknown=True) if view.alert else _nothing(),
            asking.ahead(accounts.account(account_id, as_of=ahead)) if ahead else _nothing(),
            asking.ahead(accounts.level(account_id, as_of=ahead)) if ahead else _nothing(),
        ),
    )
    if asking.refusal is not None:
        raise asking.refusal
    away = asking.away
    if set(away) == {ServiceName.SCORING, ServiceName.ALERTS}:
        raise away[ServiceName.SCORING]
    return AccountContent(
        now=now,
        level=level,
        history=history,
        people=people,
        entries=entries,
        milestones=milestones,
        tickets=tickets,
        answers=answers,
        alerts=listed,
        # Of this account, whatever an address says.
        alert=alert if alert is not None and alert.account_id == account_id else None,
        ahead=then,
        ahead_level=then_level,
        refused=asking.out_of_range,
        away=tuple(away),
    )


class _Asking:
    """What went wrong while all were asked. Nobody is left asking when the first has failed."""

    def __init__(self) -> None:
        self.away: dict[ServiceName, ApiUnavailable] = {}
        self.refusal: ApiRefused | None = None
        self.out_of_range = False

    async def of(self, asked: Awaitable[Part], *, unknown: bool = False) -> Part | None:
        """With `unknown` a 404 is None: an id that is only named as a parent has no history; an alert may be gone."""
        try:
            return await asked
        except ApiUnavailable as error:
            self.away[error.service] = error
        except ApiRefused as error:
            if not (unknown and error.status == 404):
                self.refusal = self.refusal or error
        return None

    async def ahead(self, asked: Awaitable[Part]) -> Part | None:
        """A day that scoring does not look ahead to is said beside its field."""
        try:
            return await asked
        except ApiUnavailable as error:
            self.away[error.service] = error
        except ApiRefused:
            self.out_of_range = True
        return None


async def _nothing() -> None:
    return None
