"""The endpoints that operators and orchestrators ask of every process: `/healthz`, `/readyz` and `/metrics`."""

from collections.abc import Callable, Mapping

import msgspec
from prometheus_client import CollectorRegistry, Gauge
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from common import metrics
from common.connection_guard import ended_connections

Check = Callable[[], str | None]
"""None if all is well, else the reason in words. Reads what is known in memory and asks no other system."""


class Readiness:
    """Ready while every check passes and the process does not drain.

    `about` is what `/healthz` says of the process beside its status. `ended_connections` is the server's counter,
    which `routes` registers.
    """

    def __init__(self, checks: Mapping[str, Check], *, about: Mapping[str, str] | None = None) -> None:
        self.about = dict(about or {})
        self.ended_connections = ended_connections()
        self._checks = dict(checks)
        self._draining = False

    def drain(self) -> None:
        """From here on not ready, whatever the checks say."""
        self._draining = True

    def report(self) -> dict[str, str | None]:
        """For each check why it does not pass, or None."""
        reasons = {name: check() for name, check in self._checks.items()}
        if self._draining:
            reasons["draining"] = "the process is shutting down"
        return reasons


def routes(readiness: Readiness, registry: CollectorRegistry) -> list[Route]:
    """`/healthz` (the process answers), `/readyz` (503 with reasons while it should get no work), `/metrics`.

    Also registers `churn_ready`, which says in `/metrics` what `/readyz` says.
    """
    ready = Gauge("churn_ready", "1 while the process should get work; /readyz says why not.", registry=registry)
    registry.register(readiness.ended_connections)
    ready.set_function(lambda: not any(readiness.report().values()))

    async def healthz(request: Request) -> Response:
        return _json_response(200, {"status": "alive", **readiness.about})

    async def readyz(request: Request) -> Response:
        report = readiness.report()
        ready = not any(report.values())
        checks = {name: reason or "ok" for name, reason in report.items()}
        return _json_response(200 if ready else 503, {"status": "ready" if ready else "not ready", "checks": checks})

    async def exposition(request: Request) -> Response:
        return Response(metrics.exposition(registry), headers={"content-type": metrics.CONTENT_TYPE})

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", exposition),
    ]


def _json_response(status: int, body: object) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(body), status, headers, media_type="application/json")
