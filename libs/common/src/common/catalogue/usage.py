"""What people do in the product."""

from common.catalogue.standard_event import StandardEvent
from common.catalogue.values import Amount, Label, Percent, Seconds


class SessionStarted(StandardEvent, frozen=True, kw_only=True):
    """A person came to the product. Post it once for each visit, with `user_id`."""

    event_name = "session.started"


class SessionEnded(StandardEvent, frozen=True, kw_only=True):
    """A visit is over. `seconds` is how long it took."""

    event_name = "session.ended"
    example = {"seconds": 1260}

    seconds: Seconds | None = None


class FeatureUsed(StandardEvent, frozen=True, kw_only=True):
    """A person used a feature; `feature` is its name."""

    event_name = "feature.used"
    example = {"feature": "export"}

    feature: Label


class PageViewed(StandardEvent, frozen=True, kw_only=True):
    """A person looked at a page. `clicks` is how often the person clicked on it."""

    event_name = "page.viewed"
    example = {"clicks": 3}

    clicks: Amount | None = None


class ReportCreated(StandardEvent, frozen=True, kw_only=True):
    """A person created a report. Like `workflow.run` it stands for what your product is bought for."""

    event_name = "report.created"


class WorkflowRun(StandardEvent, frozen=True, kw_only=True):
    """A workflow ran. Like `report.created` it stands for what your product is bought for."""

    event_name = "workflow.run"


class IntegrationSynced(StandardEvent, frozen=True, kw_only=True):
    """An integration with another system moved data; `integration` is its name. Once a day for each is enough."""

    event_name = "integration.synced"
    example = {"integration": "salesforce"}

    integration: Label


class AssessmentSubmitted(StandardEvent, frozen=True, kw_only=True):
    """A learner handed in work. `score` is what it was worth, in percent."""

    event_name = "assessment.submitted"
    example = {"score": 78}

    score: Percent | None = None
