"""The Slack and mail sinks of a stack: their ports, the settings by which alerts finds them, and their process."""

import json
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path

from alerts.channels.slack.grammar import webhook_names
from alerts.routing.load import load
from alerts.routing.routes import Routes
from common.documents.findings import InvalidDocument
from local.stack.process_list import ProcessList
from local.stack.processes import Process, ServerError, free_port

START_SECONDS = 30.0
SINKS = "sinks"
HOST = "127.0.0.1"


@dataclass(frozen=True)
class SinkPorts:
    """Two ports: of a Slack and of a mail server that only keep what they are given."""

    slack: int = field(default_factory=free_port)
    smtp: int = field(default_factory=free_port)

    def environment(self, routes: Routes) -> dict[str, str]:
        """Whatever these routes name ends here, as fast as it comes."""
        slack = f"http://127.0.0.1:{self.slack}"
        webhooks = sorted(webhook_names(routes.targets))
        return {
            "ALERTS_SLACK_API": f"{slack}/api/",
            "ALERTS_SLACK_TOKEN": "local",
            "ALERTS_SLACK_WEBHOOKS": json.dumps({name: f"{slack}/services/{name}" for name in webhooks}),
            "ALERTS_SLACK_PER_SECOND": "0",
            "ALERTS_SMTP_HOST": "127.0.0.1",
            "ALERTS_SMTP_PORT": str(self.smtp),
            "ALERTS_SMTP_TLS": "none",
            "ALERTS_SMTP_PER_SECOND": "0",
        }


def read_routes(file: Path) -> Routes:
    """Raises `ServerError`."""
    try:
        return load(file.read_text(encoding="utf-8"), str(file))
    except (OSError, InvalidDocument) as error:
        raise ServerError(str(error)) from error


def start_sinks(sink_ports: SinkPorts, *, messages: Path, logs: Path, process_list: ProcessList) -> Process:
    """As a process of their own, which returns at once and is in the process list."""
    ports = ["--slack", str(sink_ports.slack), "--smtp", str(sink_ports.smtp)]
    process = Process(
        [sys.executable, "-m", "local.fakes.sinks", *ports, "--messages", str(messages)],
        log=logs / f"{SINKS}.log",
    )
    process_list.put(SINKS, process.pid)
    return process


def wait_for_sinks(process: Process, sink_ports: SinkPorts) -> None:
    """Raises `ServerError`."""
    process.wait_until(lambda: why_not_listening(sink_ports) is None, timeout=START_SECONDS)


def why_not_listening(sink_ports: SinkPorts) -> str | None:
    """None if both take connections."""
    silent = [str(port) for port in (sink_ports.slack, sink_ports.smtp) if not _listens(port)]
    return f"nobody listens at {', '.join(silent)}" if silent else None


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
