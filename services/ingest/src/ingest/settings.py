"""Settings of ingest beside the common ones."""

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    model_validator,
)

from common.settings import CommonSettings, Port

# As browsers write it: no path, no default port.
_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?")


def _split(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


def _origins(text: str) -> str:
    wrong = next((one for one in _split(text) if not _ORIGIN.fullmatch(one)), None)
    if wrong is not None:
        raise ValueError(f"is a list of origins with commas, such as https://app.example.com, not {wrong!r}")
    return text


class IngestSettings(CommonSettings):
    ingest_port: Port = 8080
    ingest_mapping: Path = Path("deploy/mapping.yml")
    ingest_privacy_key: SecretStr | None = None
    ingest_webhook_secrets: dict[str, list[SecretStr]] = Field(default_factory=dict)
    ingest_rejects_kept: PositiveInt = 100_000
    ingest_identity_ttl_seconds: PositiveFloat = 30.0
    ingest_cors_origins: Annotated[str, AfterValidator(_origins)] = ""
    ingest_alias_ttl_seconds: PositiveFloat = 30.0
    ingest_ack_seconds: PositiveFloat = 5.0
    ingest_body_seconds: PositiveFloat = 30.0
    ingest_body_memory_bytes: PositiveInt = 256_000_000
    ingest_unacked_bytes: PositiveInt = 64_000_000
    ingest_events_per_second: Annotated[float, Field(ge=0)] = 0.0
    ingest_burst_events: PositiveInt = 20_000
    ingest_erasures_seconds: PositiveFloat = 5.0
    ingest_sources_seconds: PositiveFloat = 10.0
    ingest_sources_settle_seconds: NonNegativeFloat = 600.0
    ingest_scoring_url: Annotated[str, Field(pattern="^https?://")] | None = None
    ingest_scoring_key: SecretStr | None = None

    @model_validator(mode="after")
    def _url_and_key(self) -> "IngestSettings":
        if (self.ingest_scoring_url is None) != (self.ingest_scoring_key is None):
            raise ValueError("INGEST_SCORING_URL and INGEST_SCORING_KEY are set together, or neither")
        return self

    @property
    def cors_origins(self) -> frozenset[str]:
        return frozenset(_split(self.ingest_cors_origins))
