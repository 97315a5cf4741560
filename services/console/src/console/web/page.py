"""A page of the console, as its folder declares it in `pages/registry.py`."""

from collections.abc import Callable, Mapping, Sequence

from fastapi import APIRouter
from msgspec import Struct

from console.access.roles import Act
from console.clients.account import AccountClient
from console.clients.scoring import ScoringReader
from console.clients.service_api import ServiceApi
from console.languages.card_names import CardNames
from console.languages.locale import Locale
from console.postgres.audit import AuditTrail
from console.postgres.links import SignInLinks
from console.postgres.users import UserStore
from console.web.rendering import NavigationEntry, PageRenderer
from console.web.visit import Visits


class PageParts(Struct, frozen=True, kw_only=True):
    """What pages are built from. `names` are what the team calls metrics, flags, stages and tiers, `processes` all
    that say how they are. `origin` is the console's own, as browsers see it."""

    renderer: PageRenderer
    visits: Visits
    names: CardNames
    audit: AuditTrail
    users: UserStore
    links: SignInLinks
    scoring: ScoringReader
    accounts: AccountClient
    scoring_api: ServiceApi
    alerts: ServiceApi
    ingest: ServiceApi
    processes: Sequence[ServiceApi]
    runbook_url: str | None
    origin: str


class ConsolePage(Struct, frozen=True, kw_only=True):
    """`routes` makes the page's routes; `path` and `titles` are its entry in the navigation.

    With an `act` only people who may do that see the entry. The routes themselves have to require it. A page about one
    thing has no entry (`in_navigation`): others lead to it.
    """

    path: str
    titles: Mapping[Locale, str]
    routes: Callable[[PageParts], APIRouter]
    act: Act | None = None
    in_navigation: bool = True

    @property
    def entry(self) -> NavigationEntry:
        return NavigationEntry(self.path, self.titles, self.act)
