"""Asking alerts what it has done."""

import httpx
import msgspec
import pytest

from alerts.api.answers import Alerts, AlertSummary
from local.demo.alerts_client import AlertsClient
from local.stack.processes import ServerError
from support.notices import listed, notification

METRICS = """\
churn_alerts_signals_total{{outcome="duplicate",process="serve",service="alerts"}} 9.0
churn_alerts_signals_total{{outcome="recorded",process="serve",service="alerts"}} {recorded}
"""


class Server:
    """Answers like alerts: each look at the metrics finds one more signal recorded, each list one message more sent."""

    def __init__(self, *, recorded: int = 0, pending: int = 0, pages: dict[str, Alerts] | None = None) -> None:
        self.recorded = recorded
        self.pending = pending
        self.pages = pages or {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/metrics":
            self.recorded += 1
            return httpx.Response(200, text=METRICS.format(recorded=float(self.recorded)))
        if "status" in request.url.params:
            self.pending -= 1
            found = (listed(notification("n1")),) if self.pending >= 0 else ()
            return page(Alerts(alerts=found, next_cursor=None))
        return page(self.pages[request.url.params.get("cursor", "")])


def page(alerts: Alerts) -> httpx.Response:
    return httpx.Response(200, content=msgspec.json.encode(alerts))


def alerting(server: Server) -> AlertsClient:
    return AlertsClient(httpx.AsyncClient(transport=httpx.MockTransport(server), base_url="http://alerts"))


def alert(account: str) -> AlertSummary:
    return listed(account=account)


async def test_all_pages_are_read_and_told_oldest_first() -> None:
    pages = {
        "": Alerts(alerts=(alert("c"), alert("b")), next_cursor="more"),
        "more": Alerts(alerts=(alert("a"),), next_cursor=None),
    }

    assert [one.account_id for one in await alerting(Server(pages=pages)).every()] == ["a", "b", "c"]


async def test_it_is_settled_when_all_signals_are_recorded_and_nothing_waits_to_be_sent() -> None:
    server = Server(recorded=5, pending=2)

    await alerting(server).settled(signals=8, patience=30.0)

    assert server.recorded >= 8
    assert server.pending < 0


async def test_patience_ends() -> None:
    with pytest.raises(ServerError, match="not through"):
        await alerting(Server()).settled(signals=10**6, patience=0.0)


async def test_an_answer_that_is_none_says_what_it_was() -> None:
    http = httpx.AsyncClient(
        transport=httpx.MockTransport(lambda request: httpx.Response(503, text="draining")), base_url="http://alerts"
    )
    with pytest.raises(ServerError, match="503: draining"):
        await AlertsClient(http).of("a")
