"""Which settings tell ingest where to announce silent sources."""

from pathlib import Path

import pytest

from common.topics import TimeMode
from ingest.settings import IngestSettings
from local.stack.deployment import Deployment, Keys, Ports
from local.stack.servers import Broker

KEY = "cs_0123456789ab_key-of-scoring"


def deployment(mode: TimeMode = TimeMode.WALL) -> Deployment:
    return Deployment(
        bootstrap="127.0.0.1:1",
        database_url="postgresql+asyncpg://nobody@127.0.0.1:1/none",
        broker=Broker.EMBEDDED,
        mode=mode,
        card=Path("scorecard.yml"),
    )


def test_ingest_announces_silent_sources_to_the_stacks_own_scoring(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = Ports(ingest=1, scoring_api=4001, scoring_worker=2, alerts=3)
    for name, value in deployment().announcing(ports, Keys("write", "read", announcements=KEY)).items():
        monkeypatch.setenv(name, value)
    settings = IngestSettings()
    assert settings.ingest_scoring_url == "http://127.0.0.1:4001"
    assert settings.ingest_scoring_key is not None
    assert settings.ingest_scoring_key.get_secret_value() == KEY


def test_a_stack_without_such_a_key_or_in_stream_mode_announces_nothing() -> None:
    assert deployment().announcing(Ports(), Keys("write", "read")) == {}
    assert deployment(TimeMode.STREAM).announcing(Ports(), Keys("write", "read", announcements=KEY)) == {}
