import httpx
import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import Counter
from starlette.applications import Starlette

from common import health_endpoints, metrics, problems
from common.health_endpoints import Readiness
from common.problems import Problem
from http_guard.refusals import ConnectionEnd


def client(app: Starlette) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def test_a_process_is_ready_when_no_check_has_a_reason_against_it() -> None:
    trouble: dict[str, str | None] = {"log": "the log was not reached yet", "keys": None}
    readiness = Readiness({name: lambda name=name: trouble[name] for name in trouble})  # type: ignore[misc]
    registry = metrics.registry(service="common", process="test")
    async with client(Starlette(routes=health_endpoints.routes(readiness, registry))) as http:
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {
            "status": "not ready",
            "checks": {"log": "the log was not reached yet", "keys": "ok"},
        }
        assert registry.get_sample_value("churn_ready") == 0.0
        trouble["log"] = None
        assert (await http.get("/readyz")).status_code == 200
        assert registry.get_sample_value("churn_ready") == 1.0
        assert (await http.head("/readyz")).status_code == 200
        trouble["log"] = "gone"
        assert (await http.get("/healthz")).status_code == 200, "alive all the same"


async def test_a_process_that_is_alive_says_what_it_is() -> None:
    registry, readiness = metrics.registry(service="common", process="test"), Readiness({}, about={"core": "compiled"})
    async with client(Starlette(routes=health_endpoints.routes(readiness, registry))) as http:
        assert (await http.get("/healthz")).json() == {"status": "alive", "core": "compiled"}


async def test_metrics_name_the_program_and_show_what_was_registered() -> None:
    registry = metrics.registry(service="common", process="test")
    Counter("churn_things_total", "Things.", registry=registry).inc(3)
    async with client(Starlette(routes=health_endpoints.routes(Readiness({}), registry))) as http:
        answer = await http.get("/metrics")
    assert answer.headers["content-type"] == metrics.CONTENT_TYPE
    assert "churn_things_total 3.0" in answer.text
    assert 'churn_build_info{process="test",service="common",version="' in answer.text
    assert "process_resident_memory_bytes" in answer.text


async def test_connections_turned_away_are_shown_by_every_reason_there_is() -> None:
    registry, readiness = metrics.registry(service="common", process="test"), Readiness({})
    readiness.ended_connections.labels(ConnectionEnd.UNREAD).inc()
    async with client(Starlette(routes=health_endpoints.routes(readiness, registry))) as http:
        shown = (await http.get("/metrics")).text.splitlines()
    counts = {reason: float(reason is ConnectionEnd.UNREAD) for reason in ConnectionEnd}
    expected = {f'churn_http_connections_ended_total{{reason="{reason}"}} {count}' for reason, count in counts.items()}
    assert {line for line in shown if line.startswith("churn_http_connections_ended")} == expected


def app() -> FastAPI:
    built = FastAPI()
    problems.install_handlers(built)

    @built.get("/ours")
    async def ours() -> None:
        more = {"items": [1]}
        raise Problem(429, "too_many_events", "wait", headers={"retry-after": "7"}, more=more)

    @built.get("/typed")
    async def typed(limit: int) -> int:
        return limit

    @built.get("/broken")
    async def broken() -> None:
        raise ValueError("a secret")

    return built


async def test_our_refusals_are_problems() -> None:
    async with client(app()) as http:
        answer = await http.get("/ours")
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "7"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "code": "too_many_events",
        "detail": "wait",
        "items": [1],
    }


@pytest.mark.parametrize("method", ["PUT", "OPTIONS"])
async def test_a_405_names_the_methods_of_every_router_that_has_the_path(method: str) -> None:
    built = FastAPI()
    problems.install_handlers(built)
    for own in ("GET", "POST"):
        router = APIRouter(prefix="/v1")
        router.add_api_route("/things/{name}", lambda name: None, methods=[own])
        built.include_router(router)
    async with client(built) as http:
        answer = await http.request(method, "/v1/things/one")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_the_frameworks_refusals_are_problems_too() -> None:
    async with client(app()) as http:
        missing = await http.get("/nowhere")
        method = await http.post("/ours")
        parameter = await http.get("/typed?limit=many")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (method.status_code, method.json()["code"]) == (405, "method_not_allowed")
    assert method.headers["allow"] == "GET"
    assert (parameter.status_code, parameter.json()["code"]) == (422, "bad_parameter")
    assert parameter.json()["errors"][0]["field"] == "query.limit"
    for answer in (missing, method, parameter):
        assert answer.headers["content-type"] == "application/problem+json"


async def test_an_unexpected_exception_is_answered_without_details() -> None:
    async with client(app()) as http:
        answer = await http.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
