"""After the half year: everything stays up, to be asked, until Ctrl-C."""

import asyncio
import signal
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from alerts.api.answers import AlertSummary
from common.contracts.signals import Severity
from local.demo import messages
from local.demo.dataset import Dataset
from local.demo.session import DemoSession
from local.demo.simulated_time import SimulatedResult
from local.demo.tables import AccountListing as Account
from local.replay.playback import run_beside
from local.stack.console_access import administrators_link
from local.stack.process_list import write_private
from local.stack.servers import CHECKOUT
from local.terminal import Terminal

_READ = '-H "Authorization: Bearer $READ_KEY"'
_WRITE = '-H "Authorization: Bearer $WRITE_KEY"'
_ALERTS = '-H "Authorization: Bearer $ALERTS_KEY"'
_JSON = "-H 'Content-Type: application/json'"


async def serve(
    dataset: Dataset, found: SimulatedResult, session: DemoSession, terminal: Terminal, *, environment: Path
) -> None:
    """Until Ctrl-C. `environment` is the file that a shell is to source."""
    write_private(environment, session.services.deployment.for_shell(session.services.ports, session.keys).encode())
    terminal.done()
    terminal.headline("All of it stays up. In another terminal, in this folder:")
    for text in to_try(dataset, found, environment):
        terminal.copied(text)
    terminal.line()
    terminal.line("The console has the company in it. Open this link in a browser; it signs you in once:")
    terminal.copied(f"  {await _console_link(session)}")
    terminal.line()
    terminal.line("Messages that come from now on are shown here. Ctrl-C ends and removes everything.")
    come = len(session.sinks.messages.all)

    async def show() -> None:
        async for message in session.sinks.messages.each(after=come):
            for text in ["", session.recipients.greeting(message), *messages.framed(message)]:
                terminal.line(text)

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, ended.set)
    try:
        await run_beside(ended.wait(), show())
    finally:
        loop.remove_signal_handler(signal.SIGINT)


async def _console_link(session: DemoSession) -> str:
    services = session.services
    return await administrators_link(services.deployment.database_url, services.url("console"))


def to_try(dataset: Dataset, found: SimulatedResult, environment: Path) -> list[str]:
    """Lines for a shell, each with what it shows."""
    alert = alert_to_ask(found.alerts)
    account = alert.account_id
    owner = alert.owner or "dana@example.com"
    leaver = account_to_lose(found.accounts)
    later = f"{dataset.end + timedelta(hours=9):%Y-%m-%dT%H:%M:%SZ}"
    return [
        f"  set -a; . {environment.relative_to(CHECKOUT)}; set +a",
        "",
        "  # the red accounts, the dearest first; one of them; and how it came there",
        f'  curl -sS "$SCORING_URL/v1/accounts?band=red&sort=-arr" {_READ}',
        f"  curl -sS $SCORING_URL/v1/accounts/{account} {_READ}",
        f"  curl -sS $SCORING_URL/v1/accounts/{account}/history {_READ}",
        "",
        "  # what nobody was told about it, and why not; an alert in full; taking it in hand",
        f'  curl -sS "$ALERTS_URL/v1/alerts?account={account}&told=false" {_ALERTS}',
        f"  curl -sS $ALERTS_URL/v1/alerts/{alert.id} {_ALERTS}",
        f"  curl -sS $ALERTS_URL/v1/alerts/{alert.id}/ack {_ALERTS} {_JSON} "
        f"""-d '{{"by": "{owner}", "note": "I call them today"}}'""",
        "",
        "  # who is told of its newest alert, by which route; all signals as lines",
        f"  .venv/bin/python -m alerts routes test {account}",
        "  .venv/bin/python -m alerts tail --until-idle 5",
        "",
        f"  # {leaver.name}, healthy until now, asks to cancel: the message comes here",
        f"  curl -sS $INGEST_URL/v1/events {_WRITE} {_JSON} "
        f"""-d '{{"account_id": "{leaver.account_id}", "name": "contract.cancel_requested", "time": "{later}"}}'""",
    ]


def alert_to_ask(alerts: Sequence[AlertSummary]) -> AlertSummary:
    """The newest that was told, of an account that turned red and of which not everything was told, if there is one."""
    told = [alert for alert in alerts if alert.told]
    red = [alert for alert in told if alert.severity is Severity.CRITICAL]
    kept = {alert.account_id for alert in alerts if not alert.told and not alert.history}
    return ([alert for alert in red if alert.account_id in kept] or red or told)[-1]


def account_to_lose(accounts: Sequence[Account]) -> Account:
    """The healthiest of those that have somebody to be told."""
    return next((one for one in reversed(accounts) if one.tier != "tech"), accounts[-1])
