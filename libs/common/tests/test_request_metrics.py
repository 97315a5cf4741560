"""Requests are logged and counted by route and status, however they end."""

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from common import problems
from common.problems import Problem
from common.request_metrics import RequestMetrics, RequestMiddleware


class House:
    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        app = FastAPI()
        problems.install_handlers(app)
        app.add_middleware(RequestMiddleware, metrics=RequestMetrics(self._registry, name="churn_house"))

        @app.get("/v1/rooms/{room}")
        async def get_room(room: str) -> str:
            if room == "cellar":
                raise Problem(404, "no_room", "there is none")
            if room == "attic":
                raise RuntimeError("the roof is gone")
            return room

        @app.get("/healthz")
        async def healthz() -> str:
            return "alive"

        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://test")

    def count(self, name: str, **labels: str) -> float | None:
        return self._registry.get_sample_value(f"churn_house_{name}", labels)


@pytest.fixture
def house() -> House:
    return House()


ROUTE = "/v1/rooms/{room}"


async def test_a_request_is_counted_under_its_route_whatever_is_in_its_place(house: House) -> None:
    for room in ("blue", "green", "cellar"):
        await house.http.get(f"/v1/rooms/{room}")
    assert house.count("requests_total", route=ROUTE, status_class="2xx") == 2
    assert house.count("requests_total", route=ROUTE, status_class="4xx") == 1
    assert house.count("request_seconds_count", route=ROUTE) == 3


async def test_a_request_that_crashes_is_counted(house: House) -> None:
    assert (await house.http.get("/v1/rooms/attic")).status_code == 500
    assert house.count("requests_total", route=ROUTE, status_class="5xx") == 1


async def test_health_endpoints_and_unknown_paths_make_no_time_series(house: House) -> None:
    with capture_logs() as logs:
        for path in ("/healthz", "/v1/nowhere", "/elsewhere"):
            await house.http.get(path)
    assert logs == []
    for route in ("/healthz", "/v1/nowhere", "/elsewhere", "other"):
        assert house.count("request_seconds_count", route=route) is None


async def test_a_request_leaves_one_line_and_a_failed_one_a_warning(house: House) -> None:
    with capture_logs() as logs:
        for room in ("blue", "cellar"):
            await house.http.get(f"/v1/rooms/{room}")
    assert [(line["event"], line["status"], line["log_level"]) for line in logs] == [
        ("request.answered", 200, "debug"),
        ("request.answered", 404, "warning"),
    ]
    assert {line["route"] for line in logs} == {ROUTE}
