"""What lies around the routes: ids that hold slashes."""

from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = "/v1/accounts/"


class EncodedPath:
    """Routes see an account's path as it was sent, so that an encoded slash is not one between two parts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path")
        if raw is not None and scope["path"].startswith(_PREFIX):
            scope = {**scope, "path": raw.decode("latin-1")}
        await self._app(scope, receive, send)
