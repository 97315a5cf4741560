from pydantic import PositiveInt

from common.settings import CommonSettings


class AlertsSettings(CommonSettings):
    """What alerts is told beside the common settings."""

    # A broker that does not wake a waiting fetch wants 5 to 20.
    alerts_fetch_wait_ms: PositiveInt = 500
