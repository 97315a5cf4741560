"""Answers and counts unknown paths, and logs once for each client whose path it looks like."""

from collections.abc import Collection

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.key_tokens import without_secrets
from common.problems import Problem
from ingest.sdk.metrics import SdkMetrics
from ingest.sdk.path_hints import hint_for
from ingest.sdk.seen_once import SeenOnce

_log = structlog.get_logger()
_MOST_PATH_CHARS = 200


class UnknownPaths:
    """Passes requests on to `app`. Without this a client with a wrong address would lose its messages unnoticed.

    Posts to the `known` paths are not watched: `app` has a handler for each.
    """

    def __init__(self, app: ASGIApp, metrics: SdkMetrics, *, known: Collection[str] = ()) -> None:
        self._app = app
        self._known = frozenset(known)
        self._metrics = metrics
        self._told = SeenOnce()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope["path"] in self._known and scope["method"] == "POST"):
            await self._app(scope, receive, send)
            return
        unknown = False

        async def pass_on(message: Message) -> None:
            nonlocal unknown
            # A known route may answer 404, too, for an object that does not exist.
            if message["type"] == "http.response.start":
                unknown = message["status"] == 404 and "endpoint" not in scope
            if not unknown:
                await send(message)

        await self._app(scope, receive, pass_on)
        if unknown:
            await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> ASGIApp:
        # PostHog's and Segment's clients ask for settings at paths that have the key.
        path = without_secrets(scope["path"])[:_MOST_PATH_CHARS]
        hint = hint_for(path)
        self._metrics.unknown_path(hint.looks_like)
        client = scope["client"][0] if scope.get("client") else ""
        if self._told.is_first((client, hint.looks_like)):
            _log.warning(
                "path.unknown",
                method=scope["method"],
                path=path,
                client=client,
                looks_like=hint.looks_like.value,
                hint=hint.text,
            )
        detail = f"{scope['method']} {path}: {hint.text}"
        # RudderStack's Python client shows `message`, and fails without it.
        return Problem(404, "not_found", detail, more={"message": detail}).response()
