"""What both parts of the demo use: a running deployment, its sinks and a client of alerts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from local.demo.alerts_client import AlertsClient, alerts_client
from local.demo.messages import Recipients
from local.fakes.sinks import MessageSinks
from local.stack.deployment import Keys
from local.stack.services import Services
from local.stack.sinks import read_routes


@dataclass(frozen=True)
class DemoSession:
    services: Services
    keys: Keys
    sinks: MessageSinks
    alerting: AlertsClient
    recipients: Recipients


@asynccontextmanager
async def demo_session(services: Services, keys: Keys) -> AsyncIterator[DemoSession]:
    """Someone still has to `run` the sinks."""
    sink_ports = services.deployment.sink_ports
    assert sink_ports is not None, "without sinks there are no messages"
    recipients = Recipients(read_routes(services.deployment.routes))
    async with (
        MessageSinks(slack_port=sink_ports.slack, smtp_port=sink_ports.smtp) as sinks,
        alerts_client(services, keys) as alerting,
    ):
        yield DemoSession(services, keys, sinks, alerting, recipients)
