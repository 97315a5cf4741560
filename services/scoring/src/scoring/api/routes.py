"""The routes of the read API."""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from common import json_body
from common.auth import KeyVerifier
from common.health_endpoints import Readiness
from common.http_app import build_app, json_response, key_required
from common.keys import Scope
from common.query_parameters import QueryParameters
from common.request_metrics import RequestMiddleware
from scoring.api import answers, event_use_answers, openapi, portfolio_answers
from scoring.api.account_queries import AccountQueries
from scoring.api.announcements import AnnouncementBody, AnnouncementListParameters, AnnouncementService
from scoring.api.event_uses import EventUseQueries
from scoring.api.kpi_answers import KpiDefinitions, as_csv
from scoring.api.kpi_parameters import KpiFormat, KpiParameters
from scoring.api.kpi_parquet import PARQUET_TYPE, as_parquet
from scoring.api.kpi_queries import KpiQueries
from scoring.api.listed_fields import AccountFields
from scoring.api.listing import Listing
from scoring.api.metrics import ApiMetrics
from scoring.api.parameters import (
    AccountListParameters,
    AccountParameters,
    EntryParameters,
    EventNameParameters,
    HistoryParameters,
    PeopleParameters,
    PortfolioParameters,
    ReceiptParameters,
    TicketParameters,
    account_id,
)
from scoring.api.portfolio import PortfolioQueries
from scoring.api.ticket_answers import AccountTickets

AccountId = Annotated[str, Depends(account_id)]
_PREFIX = "/v1/accounts"
_BODY_BYTES = 10_240
_BODY_SECONDS = 10.0


def build(
    listing: Listing,
    reading: AccountQueries,
    portfolio: PortfolioQueries,
    event_uses: EventUseQueries,
    announcing: AnnouncementService,
    kpis: KpiQueries,
    *,
    keys: KeyVerifier,
    metrics: ApiMetrics,
    readiness: Readiness,
    registry: CollectorRegistry,
) -> FastAPI:
    app = build_app("Churn signals: health of accounts", readiness=readiness, registry=registry)
    app.add_middleware(RequestMiddleware, metrics=metrics)
    app.add_middleware(EncodedPath)
    app.include_router(_accounts(listing, reading, keys))
    app.include_router(_portfolio(portfolio, keys))
    app.include_router(_events(event_uses, keys))
    app.include_router(_announcements(announcing, keys))
    app.include_router(_kpis(kpis, keys))
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    return app


def _accounts(listing: Listing, reading: AccountQueries, keys: KeyVerifier) -> APIRouter:
    router = APIRouter(prefix=_PREFIX, dependencies=[Depends(key_required(keys, Scope.READ))])

    @router.get("", responses=openapi.responses(answers.Accounts, AccountFields, of_one=False))
    async def list_accounts(asked: Annotated[AccountListParameters, Query()]) -> Response:
        """Accounts that match every filter, the worst first; a page at a time, however many match."""
        return json_response(await listing.accounts(asked))

    @router.get("/{account_id}", responses=openapi.responses(answers.Account, answers.NamedParent, of_one=True))
    async def get_account(account: AccountId, asked: Annotated[AccountParameters, Query()]) -> Response:
        """Health now, why, what comes next if nobody does anything, and how the accounts below this one stand.

        Of an id that only other accounts name, as their parent, the answer has `children` and no health.
        """
        return json_response(await reading.account(account, asked))

    @router.get("/{account_id}/people", responses=openapi.responses(answers.AccountPeople, of_one=True))
    async def get_people(account: AccountId, asked: Annotated[PeopleParameters, Query()]) -> Response:
        """Who is there to call: everybody whom events named, those seen last first; a page at a time."""
        return json_response(await reading.people(account, asked))

    @router.get("/{account_id}/entries", responses=openapi.responses(answers.AccountEntries, of_one=True))
    async def get_entries(account: AccountId, asked: Annotated[EntryParameters, Query()]) -> Response:
        """What events said of facts, the contract, milestones, answers and tickets, and how the band and the stage
        changed; the newest in the log first, a page at a time. What was taken back stays, and says when."""
        return json_response(await reading.entries(account, asked))

    @router.get("/{account_id}/tickets", responses=openapi.responses(AccountTickets, of_one=True))
    async def get_tickets(account: AccountId, asked: Annotated[TicketParameters, Query()]) -> Response:
        """Support tickets as their events leave them: the open ones first, then those that were resolved last."""
        return json_response(await reading.tickets(account, asked))

    @router.get("/{account_id}/history", responses=openapi.responses(answers.History, of_one=True))
    async def get_history(account: AccountId, asked: Annotated[HistoryParameters, Query()]) -> Response:
        """How the score moved by day of the account's time zone, and every signal that was told; the newest first."""
        return json_response(await reading.history(account, asked))

    @router.get("/{account_id}/receipts", responses=openapi.responses(answers.Receipts, of_one=True))
    async def get_receipts(account: AccountId, asked: Annotated[ReceiptParameters, Query()]) -> Response:
        """Every point of the score now, and of the change that came with each signal."""
        return json_response(await reading.receipts(account, asked))

    return router


def _portfolio(portfolio: PortfolioQueries, keys: KeyVerifier) -> APIRouter:
    router = APIRouter(prefix="/v1/portfolio", dependencies=[Depends(key_required(keys, Scope.READ))])

    @router.get("", responses=openapi.responses(portfolio_answers.Portfolio, of_one=False))
    async def get_portfolio(asked: Annotated[PortfolioParameters, Query()]) -> Response:
        """Sums over the accounts that match every filter, by band, and by owner, parent or month of renewal; what has
        moved lately."""
        return json_response(await portfolio.portfolio(asked))

    return router


def _events(event_uses: EventUseQueries, keys: KeyVerifier) -> APIRouter:
    router = APIRouter(prefix="/v1/events", dependencies=[Depends(key_required(keys, Scope.READ))])

    @router.get("/names", responses=openapi.responses(event_use_answers.EventUses, of_one=False))
    async def list_event_names(asked: Annotated[EventNameParameters, Query()]) -> Response:
        """Which names events had, what of the card uses them, and which values no metric could use."""
        return json_response(await event_uses.event_uses(asked))

    return router


def _announcements(announcing: AnnouncementService, keys: KeyVerifier) -> APIRouter:
    router = APIRouter(prefix="/v1/announcements", dependencies=[Depends(key_required(keys, Scope.ADMIN))])

    @router.post("", responses=openapi.OF_ANNOUNCING, openapi_extra=openapi.ANNOUNCEMENT)
    async def announce(request: Request) -> Response:
        """Says something of everybody: that a source's feed is paused, or goes on. It takes effect in each partition
        when its owner has read it back; the same id again changes nothing."""
        body = await json_body.read(request, AnnouncementBody, most=_BODY_BYTES, seconds=_BODY_SECONDS)
        return json_response(await announcing.announce(body), status=202)

    @router.get("", responses=openapi.OF_ANNOUNCEMENTS)
    async def list_announcements(asked: Annotated[AnnouncementListParameters, Query()]) -> Response:
        """What was announced, and in how many partitions it took effect; the newest first."""
        return json_response(await announcing.announcements(asked))

    return router


def _kpis(kpis: KpiQueries, keys: KeyVerifier) -> APIRouter:
    router = APIRouter(prefix="/v1/kpis", dependencies=[Depends(key_required(keys, Scope.READ))])

    @router.get("", responses=openapi.kpi_responses())
    async def get_kpis(asked: Annotated[KpiParameters, Query()]) -> Response:
        """KPIs of the customer lifecycle: over any span, by group, and as they were known at any moment."""
        answer = await kpis.kpis(asked)
        if asked.format is KpiFormat.CSV:
            return Response(as_csv(answer), media_type="text/csv; charset=utf-8", headers=_attachment("csv"))
        if asked.format is KpiFormat.PARQUET:
            return Response(as_parquet(answer), media_type=PARQUET_TYPE, headers=_attachment("parquet"))
        return json_response(answer)

    @router.get("/definitions", responses=openapi.responses(KpiDefinitions, of_one=False))
    async def list_kpi_definitions(_asked: Annotated[QueryParameters, Query()]) -> Response:
        """What each KPI is: formula, unit and source."""
        return json_response(kpis.definitions())

    return router


def _attachment(ending: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="kpis.{ending}"'}


class EncodedPath:
    """Routes see an account's path still encoded: an encoded slash in an account id separates no path segments."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path")
        if raw is not None and scope["path"].startswith(f"{_PREFIX}/"):
            scope = {**scope, "path": raw.decode("latin-1")}
        await self._app(scope, receive, send)
