from pydantic import PositiveFloat, PositiveInt

from scoring.settings import ScoringSettings


class ApiSettings(ScoringSettings):
    """What the read API is told beside what all of scoring is told."""

    scoring_api_fresh_seconds: PositiveFloat = 5.0
    scoring_api_request_seconds: PositiveFloat = 30.0
    scoring_api_most_scored: PositiveInt = 10_000
    scoring_api_connections: PositiveInt = 4
