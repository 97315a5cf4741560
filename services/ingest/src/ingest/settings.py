"""Settings of ingest beside the common ones."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr

from common.settings import CommonSettings, Port


class IngestSettings(CommonSettings):
    ingest_port: Port = 8080
    ingest_mapping: Path = Path("deploy/mapping.yml")
    ingest_privacy_key: SecretStr | None = None
    ingest_rejects_kept: PositiveInt = 100_000
    ingest_identity_ttl_seconds: PositiveFloat = 30.0
    ingest_alias_ttl_seconds: PositiveFloat = 30.0
    ingest_ack_seconds: PositiveFloat = 5.0
    ingest_body_seconds: PositiveFloat = 30.0
    ingest_body_memory_bytes: PositiveInt = 256_000_000
    ingest_unacked_bytes: PositiveInt = 64_000_000
    ingest_events_per_second: Annotated[float, Field(ge=0)] = 0.0
    ingest_burst_events: PositiveInt = 20_000
