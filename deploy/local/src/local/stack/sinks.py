"""Where messages end on this machine: the addresses of its Slack and its mail server, as alerts is told them."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from alerts.channels.slack.grammar import webhook_names
from alerts.routing.load import load
from alerts.routing.routes import Routes
from common.documents.findings import InvalidDocument
from local.processes import ServerError, free_port


@dataclass(frozen=True)
class Outlets:
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
