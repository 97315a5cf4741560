"""The settings of scoring, from the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from common.settings import CommonSettings, Port

Days = Annotated[int, Field(ge=0, le=36_500)]


class ScoringSettings(CommonSettings):
    """Those beside the common settings."""

    scoring_worker_port: Port = 8082
    scoring_api_port: Port = 8081
    scoring_group: str = "scoring"
    scoring_card: Path = Path("deploy/scorecard.yml")
    scoring_max_records: PositiveInt = 2_000
    scoring_fetch_wait_ms: PositiveInt = 500
    scoring_session_seconds: PositiveFloat = 6.0
    scoring_send_seconds: PositiveFloat = 10.0
    scoring_database_seconds: PositiveFloat = 15.0
    scoring_remembered_ids: PositiveInt = 2_000_000
    scoring_accounts_mb: PositiveInt = 512
    scoring_chunk: PositiveInt = 2_000
    scoring_late_seconds: PositiveFloat = 60.0
    scoring_first_look_seconds: Annotated[int, Field(ge=0, le=86_400)] = 900
    scoring_poisoned: Annotated[int, Field(ge=0)] = 100
    scoring_poisoned_seconds: PositiveFloat = 600.0
    scoring_housekeeping_seconds: PositiveFloat = 60.0
    scoring_journal_days: Days = 35
    scoring_history_days: Days = 800
    scoring_api_fresh_seconds: PositiveFloat = 5.0
    scoring_api_request_seconds: PositiveFloat = 30.0
    scoring_api_connections: PositiveInt = 4
    scoring_ranking_seconds: PositiveFloat = 10.0
    scoring_ranking_share: Annotated[float, Field(ge=0.05, le=1)] = 0.2
    scoring_ranking_keep_seconds: PositiveFloat = 300.0
    scoring_kpi_seconds: PositiveFloat = 10.0
