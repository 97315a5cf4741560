"""Signing in and out, and the choice of a language: the pages that need no session, and the forms in the layout."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import Annotated, Final
from urllib.parse import urlencode

import msgspec
import structlog
from fastapi import APIRouter, Depends, Request, Response
from msgspec import Struct
from starlette.responses import RedirectResponse

from console.access.identity import identity_of
from console.access.oidc import OidcAttempt, OidcProvider
from console.access.roles import Role
from console.access.tokens import form_token, new_token
from console.errors import SignInFailed
from console.languages.locale import Locale
from console.pages.sign_in.texts import SIGN_IN
from console.postgres.identities import ProviderIdentities
from console.postgres.links import SignInLinks
from console.postgres.sessions import SessionStore
from console.postgres.users import UserStore
from console.web.cookies import Cookies
from console.web.forms import local_path, posted, read_form
from console.web.rendering import PageRenderer
from console.web.visit import Visit, Visits, requested_locale

_log = structlog.get_logger()
_PROVIDER_PATH: Final = "/sign-in/oidc"
CALLBACK_PATH: Final = "/sign-in/oidc/callback"
_ATTEMPT_SECONDS: Final = 600


class OidcSignIn(Struct, frozen=True):
    """`role_claim` is the claim whose values `roles` turns into a role; None: the console's own users have it."""

    provider: OidcProvider
    role_claim: str | None
    roles: dict[str, Role]


class SignInParts(Struct, frozen=True, kw_only=True):
    renderer: PageRenderer
    visits: Visits
    cookies: Cookies
    sessions: SessionStore
    links: SignInLinks
    users: UserStore
    identities: ProviderIdentities
    oidc: OidcSignIn | None


def sign_in_routes(parts: SignInParts) -> APIRouter:
    router = APIRouter()
    signed_in = Depends(parts.visits.signed_in)

    @router.get("/sign-in")
    async def sign_in(request: Request, next: str = "/", failed: bool = False) -> Response:
        provider = None if parts.oidc is None else f"{_PROVIDER_PATH}?{urlencode({'next': local_path(next)})}"
        return parts.renderer.page(
            "pages/sign_in/sign_in.html",
            request,
            None,
            text=SIGN_IN[requested_locale(request)],
            provider=provider,
            failed=failed,
        )

    @router.get("/sign-in/link/{token}")
    async def show_link(request: Request, token: str) -> Response:
        """Uses nothing up: mail programs open links to look behind them."""
        cookies = parts.cookies
        browser = cookies.read(request, cookies.browser) or new_token()
        usable = await parts.links.is_valid(token)
        response = parts.renderer.page(
            "pages/sign_in/link.html",
            request,
            None,
            status=200 if usable else 410,
            text=SIGN_IN[requested_locale(request)],
            usable=usable,
            form_token=form_token(browser),
        )
        cookies.write(response, cookies.browser, browser)
        return response

    @router.post("/sign-in/link/{token}")
    async def use_link(request: Request, token: str) -> Response:
        cookies = parts.cookies
        await read_form(request, secret=cookies.read(request, cookies.browser))
        session = await parts.sessions.use_link(token, replacing=cookies.read(request, cookies.session))
        if session is None:
            return RedirectResponse(request.url.path, 303)
        return _signed_in(cookies, session, "/")

    @router.post("/sign-out")
    async def sign_out(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        await posted(request, visit)
        await parts.sessions.end(visit.session, visit.user)
        response = RedirectResponse("/sign-in", 303)
        parts.cookies.clear(response, parts.cookies.session)
        # What the browser has kept of customers is not for the next person at it.
        response.headers["clear-site-data"] = '"cache"'
        return response

    @router.post("/language")
    async def choose_language(request: Request, visit: Annotated[Visit, signed_in]) -> Response:
        form = await posted(request, visit)
        if form.get("language") in set(Locale):
            await parts.users.choose_language(visit.user, Locale(form["language"]))
        return RedirectResponse(local_path(form.get("next")), 303)

    if parts.oidc is not None:
        router.include_router(_oidc_routes(parts, parts.oidc))
    return router


def _oidc_routes(parts: SignInParts, oidc: OidcSignIn) -> APIRouter:
    router = APIRouter()
    cookies = parts.cookies

    @router.get(_PROVIDER_PATH)
    async def begin_oidc(next: str = "/") -> Response:
        attempt = oidc.provider.attempt(next=local_path(next))
        try:
            response = RedirectResponse(await oidc.provider.address(attempt), 303)
        except SignInFailed as error:
            return _failed(error)
        cookies.write(response, cookies.oidc, _encoded(attempt), seconds=_ATTEMPT_SECONDS)
        return response

    @router.get(CALLBACK_PATH)
    async def end_oidc(request: Request) -> Response:
        try:
            attempt = _decoded(cookies.read(request, cookies.oidc))
            claims = await oidc.provider.claims(attempt, request.query_params)
            identity = identity_of(claims, role_claim=oidc.role_claim, roles=oidc.roles)
            user = await parts.identities.user_of(identity)
        except SignInFailed as error:
            response = _failed(error)
        else:
            replaced = cookies.read(request, cookies.session)
            session = await parts.sessions.begin(user, replacing=replaced, way="oidc")
            response = _signed_in(cookies, session, local_path(attempt.next))
        cookies.clear(response, cookies.oidc)
        return response

    return router


def _signed_in(cookies: Cookies, session: str, where: str) -> RedirectResponse:
    response = RedirectResponse(where, 303)
    cookies.write(response, cookies.session, session)
    return response


def _failed(error: SignInFailed) -> RedirectResponse:
    _log.warning("sign_in.failed", reason=str(error))
    return RedirectResponse("/sign-in?failed=true", 303)


def _encoded(attempt: OidcAttempt) -> str:
    return urlsafe_b64encode(msgspec.json.encode(attempt)).decode()


def _decoded(cookie: str | None) -> OidcAttempt:
    """Raises `SignInFailed`."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(cookie or ""), type=OidcAttempt)
    except (Base64Error, ValueError, msgspec.DecodeError, msgspec.ValidationError) as error:
        raise SignInFailed("this browser has begun no attempt, or it is too old") from error
