"""What operators ask of every process: is it alive, may it be given work, what does it count."""

from collections.abc import Callable, Mapping

import msgspec
from prometheus_client import CollectorRegistry, Gauge
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common import connections, metrics

Check = Callable[[], str | None]
"""None if all is well, else the reason in words. Looks at what is known; asks nobody."""


class Readiness:
    """Ready while every check is well and the process is not on its way out. `turned_away` counts the connections that
    got no work, for `routes` to show. `about` is what else to say of the process where it says that it is alive.
    """

    def __init__(self, checks: Mapping[str, Check], *, about: Mapping[str, str] | None = None) -> None:
        self.about = dict(about or {})
        self.turned_away = connections.counter()
        self._checks = dict(checks)
        self._draining = False

    def drain(self) -> None:
        """From here on not ready, whatever the checks say."""
        self._draining = True

    def report(self) -> dict[str, str | None]:
        """The reason of each check that has one, else None."""
        found = {name: check() for name, check in self._checks.items()}
        if self._draining:
            found["draining"] = "the process is shutting down"
        return found


def routes(readiness: Readiness, registry: CollectorRegistry) -> list[Route]:
    """`/healthz` (the process answers), `/readyz` (503 and why while it should get no work), `/metrics`.

    `churn_ready` says among the metrics what `/readyz` says; `/healthz` says what is known `about` the process.
    """
    ready = Gauge("churn_ready", "1 while the process should get work; /readyz says why not.", registry=registry)
    registry.register(readiness.turned_away)
    ready.set_function(lambda: not any(readiness.report().values()))

    async def healthz(request: Request) -> Response:
        return _answer(200, {"status": "alive", **readiness.about})

    async def readyz(request: Request) -> Response:
        report = readiness.report()
        ready = not any(report.values())
        checks = {name: reason or "ok" for name, reason in report.items()}
        return _answer(200 if ready else 503, {"status": "ready" if ready else "not ready", "checks": checks})

    async def exposition(request: Request) -> Response:
        return Response(metrics.exposition(registry), headers={"content-type": metrics.CONTENT_TYPE})

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", exposition),
    ]


def _answer(status: int, body: object) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")
