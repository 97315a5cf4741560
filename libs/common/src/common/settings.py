"""Settings of every process, from environment variables; each service adds its own in a subclass."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field, PositiveInt, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from common.erasures.erasure_key import SHORTEST, ErasureKey
from common.topics import TimeMode, TopicSettings

Port = Annotated[int, Field(ge=0, le=65535)]  # 0 takes a free one; the log tells which


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


_DRIVER: Final = "postgresql+asyncpg"


def _database_url(text: str) -> str:
    # Checked here, because other error messages about an invalid URL may show a part of its password.
    try:
        driver = make_url(text).drivername
    except (ArgumentError, ValueError):
        driver = ""
    if driver != _DRIVER:
        raise ValueError(f"is {_DRIVER}://user:password@host:port/name, with @ : / % in the password percent-encoded")
    return text


class CommonSettings(BaseSettings):
    """A field has the name of its environment variable, in any case. The file `.env` of the working directory fills
    variables that are not set.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    kafka_bootstrap: str = "127.0.0.1:9092"
    database_url: Annotated[str, AfterValidator(_database_url)] = "postgresql+asyncpg://churn@127.0.0.1:5432/churn"
    topic_prefix: str = ""
    partitions: PositiveInt = 12
    replication: PositiveInt = 1
    retention_days: PositiveInt = 35
    time_mode: TimeMode = TimeMode.WALL
    erasure_key: Annotated[SecretStr, Field(min_length=SHORTEST)] | None = None
    key_ttl_seconds: Annotated[float, Field(gt=0)] = 30.0
    host: str = "127.0.0.1"
    http_connections: PositiveInt = 4_000
    drain_notice_seconds: Annotated[float, Field(ge=0)] = 0.0
    drain_seconds: Annotated[float, Field(gt=0)] = 20.0
    log_format: LogFormat = LogFormat.CONSOLE
    log_level: LogLevel = LogLevel.INFO

    def topic_settings(self) -> TopicSettings:
        return TopicSettings(
            mode=self.time_mode,
            partitions=self.partitions,
            replication=self.replication,
            retention_days=self.retention_days,
        )

    def erasures_by(self) -> ErasureKey | None:
        """None: accounts cannot be erased."""
        return None if self.erasure_key is None else ErasureKey(self.erasure_key.get_secret_value())
