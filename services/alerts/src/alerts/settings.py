from pathlib import Path
from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, SecretStr

from common.settings import CommonSettings, Port


class AlertsSettings(CommonSettings):
    """What alerts is told beside the common settings. Secrets are here, never in routes.yml."""

    alerts_port: Port = 8083
    alerts_group: str = "alerts"
    alerts_routes: Path = Path("deploy/routes.yml")
    alerts_playbooks: Path = Path("deploy/playbooks.yml")
    # A broker that does not wake a waiting fetch wants 5 to 20.
    alerts_fetch_wait_ms: PositiveInt = 500
    alerts_max_records: PositiveInt = 500
    alerts_session_seconds: PositiveFloat = 6.0
    alerts_database_seconds: PositiveFloat = 15.0
    alerts_late_seconds: PositiveFloat = 300.0
    alerts_behind_seconds: PositiveFloat = 60.0
    # In place of `first_look: {gather: ..}` of the routes, where nobody wants to wait: a demo, a test.
    alerts_gather_seconds: PositiveFloat | None = None
    alerts_lease_seconds: PositiveFloat = 60.0
    alerts_send_seconds: PositiveFloat = 10.0
    alerts_retry_seconds: PositiveFloat = 1.0
    alerts_retry_most_seconds: PositiveFloat = 600.0
    alerts_hand_on_seconds: PositiveFloat = 900.0
    alerts_give_up_seconds: PositiveFloat = 86_400.0
    alerts_slack_api: str = "https://slack.com/api/"
    alerts_slack_token: SecretStr | None = None
    alerts_slack_webhooks: dict[str, SecretStr] = Field(default_factory=dict)
    alerts_slack_concurrency: PositiveInt = 4
    alerts_slack_per_second: NonNegativeFloat = 1.0
    alerts_smtp_host: str | None = None
    alerts_smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    alerts_smtp_user: str | None = None
    alerts_smtp_password: SecretStr | None = None
    alerts_smtp_tls: str = Field(default="starttls", pattern="^(starttls|tls|none)$")
    alerts_smtp_concurrency: PositiveInt = 4
    alerts_smtp_per_second: NonNegativeFloat = 10.0
    alerts_mail_from: str = "Churn signals <churn-signals@localhost>"
    alerts_mail_unsubscribe: str | None = None
    alerts_api_connections: PositiveInt = 4
