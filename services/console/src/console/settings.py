"""The settings of the console, from the environment."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PositiveFloat, PositiveInt, SecretStr, StringConstraints, model_validator

from common.settings import CommonSettings, Port
from console.access.roles import Role


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError("is a scheme and a host: https://console.example.com")
    return f"{parts.scheme}://{parts.netloc.lower()}"


Origin = Annotated[str, AfterValidator(_origin)]


class ConsoleSettings(CommonSettings):
    """Those beside the common settings. With an issuer, people sign in by OpenID Connect too."""

    console_port: Port = 8084
    # What browsers have in their address bar. With https cookies are sent over TLS alone.
    console_url: Origin = "http://127.0.0.1:8084"
    console_scoring_url: Origin = "http://127.0.0.1:8081"
    console_scoring_key: SecretStr | None = None
    console_alerts_url: Origin = "http://127.0.0.1:8083"
    console_alerts_key: SecretStr | None = None
    console_ingest_url: Origin = "http://127.0.0.1:8080"
    console_ingest_key: SecretStr | None = None
    # Workers have no API, but say how they are; behind a name with several of them one answers.
    console_scoring_worker_urls: tuple[Origin, ...] = ("http://127.0.0.1:8082",)
    # Where docs/operations.md can be read, so that the system page leads to its sections.
    console_runbook_url: Annotated[str, StringConstraints(pattern="^https?://")] | None = None
    # Whose `names` pages call metrics, flags, stages and tiers by, as messages do.
    console_playbooks: Path = Path("deploy/playbooks.yml")
    console_api_seconds: PositiveFloat = 10.0
    console_api_connections: PositiveInt = 20
    console_database_seconds: PositiveFloat = 5.0
    console_database_connections: PositiveInt = 5
    console_idle_hours: PositiveFloat = 8.0
    console_session_hours: PositiveFloat = 168.0
    console_time_zone: str = "UTC"
    console_oidc_issuer: str | None = None
    console_oidc_client_id: str | None = None
    console_oidc_client_secret: SecretStr | None = None
    # Without a claim only people whom `users create` has made may sign in, with the role that it gave them.
    console_oidc_role_claim: str | None = None
    console_oidc_roles: dict[str, Role] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> "ConsoleSettings":
        client = (self.console_oidc_client_id, self.console_oidc_client_secret)
        if self.console_oidc_issuer is not None and None in client:
            raise ValueError("CONSOLE_OIDC_ISSUER needs CONSOLE_OIDC_CLIENT_ID and CONSOLE_OIDC_CLIENT_SECRET")
        return self
