"""The console's cookies: who is signed in, and which forms were shown to this browser."""

from starlette.requests import Request
from starlette.responses import Response


class Cookies:
    """With TLS each cookie is bound to this host (`__Host-`), so that no other site of the domain can set it."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        prefix = "__Host-" if secure else ""
        self.session = f"{prefix}console_session"
        self.browser = f"{prefix}console_browser"
        self.oidc = f"{prefix}console_oidc"

    def read(self, request: Request, name: str) -> str | None:
        """None for one that is missing, empty or longer than any of ours."""
        found = request.cookies.get(name)
        return found if found and len(found) <= 2_000 else None

    def write(self, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
        """Without `seconds` until the browser is closed."""
        response.set_cookie(name, value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=self._secure)

    def clear(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=self._secure)
