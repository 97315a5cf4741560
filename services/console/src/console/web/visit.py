"""Who asks for a page: the person of the session, the language, and the form token of the browser."""

from typing import Protocol

from msgspec import Struct
from starlette.requests import Request

from console.access.roles import Act, may
from console.access.tokens import form_token, is_form_token
from console.errors import Forbidden, SignInRequired, StaleForm
from console.languages.locale import Locale, preferred
from console.postgres.users import ConsoleUser
from console.web.cookies import Cookies


class UserSessions(Protocol):
    async def user_of(self, token: str) -> ConsoleUser | None:
        """Who is signed in with this token. Raises `DatabaseUnavailable`."""


class Visit(Struct, frozen=True):
    """One request of a person who is signed in. `session` is the secret that their browser holds."""

    user: ConsoleUser
    session: str
    locale: Locale

    @property
    def form_token(self) -> str:
        return form_token(self.session)

    def may(self, act: Act | None) -> bool:
        """Whether this person may do that, to an account of somebody else."""
        return act is None or may(self.user.role, act)

    def require(self, act: Act, *, owner: str | None = None) -> None:
        """Raises `Forbidden` unless this person may do that, to an account of `owner`."""
        if not may(self.user.role, act, own=self.user.owns(owner)):
            raise Forbidden(f"{self.user.role} {self.user.email} may not: {act}")


class Visits:
    """Makes the visit of a request: the dependency of every page but those of signing in."""

    def __init__(self, sessions: UserSessions, cookies: Cookies) -> None:
        self._sessions = sessions
        self._cookies = cookies

    async def signed_in(self, request: Request) -> Visit:
        """Raises `SignInRequired`, and `DatabaseUnavailable`."""
        token = self._cookies.read(request, self._cookies.session)
        user = None if token is None else await self._sessions.user_of(token)
        if token is None or user is None:
            raise SignInRequired
        visit = Visit(user, token, user.language or requested_locale(request))
        # The error pages show the same navigation.
        request.state.visit = visit
        return visit


def visit_of(request: Request) -> Visit | None:
    """What `Visits.signed_in` made of this request; None if nobody is signed in."""
    found: Visit | None = getattr(request.state, "visit", None)
    return found


def requested_locale(request: Request) -> Locale:
    return preferred(request.headers.get("accept-language", ""))


def require_form_token(token: str | None, secret: str | None) -> None:
    """Raises `StaleForm` unless the token is of a form that was shown to the browser with this secret."""
    if token is None or secret is None or not is_form_token(token, secret):
        raise StaleForm
