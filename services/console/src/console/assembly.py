"""Builds the site from its parts. The process and the tests differ only in the parts."""

from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from common.errors import StopWorker
from console.access.oidc import OidcProvider
from console.clients.account import AccountClient
from console.clients.scoring import ScoringReader
from console.clients.service_api import ServiceApi
from console.languages.card_names import CardNames, UnreadableNames, read_card_names
from console.pages.registry import PAGES
from console.pages.sign_in.page import OidcSignIn, SignInParts
from console.postgres.audit import AuditTrail
from console.postgres.identities import ProviderIdentities
from console.postgres.links import SignInLinks
from console.postgres.sessions import SessionLimits, SessionStore
from console.postgres.tables import ConsoleTables
from console.postgres.users import UserStore
from console.settings import ConsoleSettings
from console.site import SiteParts
from console.web.cookies import Cookies
from console.web.page import PageParts
from console.web.rendering import PageRenderer
from console.web.static_files import static_files
from console.web.visit import Visits


class ServiceApis(Struct, frozen=True):
    """`workers` are asked how they are, and nothing else."""

    scoring: ServiceApi
    alerts: ServiceApi
    ingest: ServiceApi
    workers: tuple[ServiceApi, ...] = ()


def assemble(
    settings: ConsoleSettings, tables: ConsoleTables, apis: ServiceApis, provider: OidcProvider | None
) -> SiteParts:
    """Raises `StopWorker` if the console cannot run with these settings."""
    sessions = SessionStore(tables, _limits(settings))
    cookies = Cookies(secure=settings.console_url.startswith("https:"))
    navigation = [page.entry for page in PAGES if page.in_navigation]
    renderer = PageRenderer(navigation, zone=_zone(settings.console_time_zone))
    visits = Visits(sessions, cookies)
    page_parts = PageParts(
        renderer=renderer,
        visits=visits,
        names=_names(settings),
        audit=AuditTrail(tables),
        users=UserStore(tables),
        links=SignInLinks(tables),
        scoring=ScoringReader(apis.scoring),
        accounts=AccountClient(apis.scoring),
        scoring_api=apis.scoring,
        alerts=apis.alerts,
        ingest=apis.ingest,
        processes=(apis.ingest, *apis.workers, apis.scoring, apis.alerts),
        runbook_url=settings.console_runbook_url,
        origin=settings.console_url,
    )
    oidc = None
    if provider is not None:
        oidc = OidcSignIn(provider, settings.console_oidc_role_claim, settings.console_oidc_roles)
    sign_in = SignInParts(
        renderer=renderer,
        visits=visits,
        cookies=cookies,
        sessions=sessions,
        links=SignInLinks(tables),
        users=UserStore(tables),
        identities=ProviderIdentities(tables),
        oidc=oidc,
    )
    return SiteParts(
        pages=PAGES, page_parts=page_parts, sign_in=sign_in, static=static_files(), origin=settings.console_url
    )


def _limits(settings: ConsoleSettings) -> SessionLimits:
    return SessionLimits(
        idle=timedelta(hours=settings.console_idle_hours), absolute=timedelta(hours=settings.console_session_hours)
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise StopWorker(f"CONSOLE_TIME_ZONE: there is no time zone {name!r}") from error


def _names(settings: ConsoleSettings) -> CardNames:
    try:
        return read_card_names(settings.console_playbooks.read_text(encoding="utf-8"))
    except (OSError, UnreadableNames) as error:
        raise StopWorker(f"CONSOLE_PLAYBOOKS cannot be used: {error}") from error
