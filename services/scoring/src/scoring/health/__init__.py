"""The scoring core: the arithmetic of one account. It knows no clock, no table and no log.

These names are what the rest of scoring uses, with `moments` for time and `view` for the parts of a `View`.
"""

from scoring.health.account import Account
from scoring.health.card import Card
from scoring.health.context import STAGES, Stage
from scoring.health.feeds import NO_PAUSES, RECHECK_SECONDS, FeedPause, Pauses
from scoring.health.first_look import FIRST_LOOK_SECONDS
from scoring.health.request import REQUEST_SECONDS
from scoring.health.scorer import Scorer
from scoring.health.state_format import UnknownFormat
from scoring.health.step_draft import EMPTY_STEP
from scoring.health.view import Day, HealthChange, MonthEnd, RetractionResult, Step, Summary, View

__all__ = [
    "EMPTY_STEP", "FIRST_LOOK_SECONDS", "NO_PAUSES", "RECHECK_SECONDS", "REQUEST_SECONDS", "STAGES", "Account", "Card",
    "Day", "FeedPause", "HealthChange", "MonthEnd", "Pauses", "RetractionResult", "Scorer", "Stage", "Step", "Summary",
    "UnknownFormat", "View",
]  # fmt: skip
