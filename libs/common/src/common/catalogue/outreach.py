"""How people answer to marketing, at seminars and in the community."""

from common.catalogue.standard_event import StandardEvent
from common.catalogue.values import Label


class EmailSent(StandardEvent, frozen=True, kw_only=True):
    """A marketing e-mail went to a person. Post it for each who gets it; `campaign` is its name."""

    event_name = "email.sent"
    example = {"campaign": "spring-release"}

    campaign: Label | None = None


class EmailOpened(StandardEvent, frozen=True, kw_only=True):
    """A person opened a marketing e-mail. `campaign` is its name."""

    event_name = "email.opened"
    example = {"campaign": "spring-release"}

    campaign: Label | None = None


class EmailClicked(StandardEvent, frozen=True, kw_only=True):
    """A person followed a link in a marketing e-mail. `campaign` is its name."""

    event_name = "email.clicked"
    example = {"campaign": "spring-release", "link": "https://example.com/webinar"}

    campaign: Label | None = None
    link: Label | None = None


class EmailUnsubscribed(StandardEvent, frozen=True, kw_only=True):
    """A person wants no more marketing e-mails."""

    event_name = "email.unsubscribed"
    example = {"campaign": "spring-release"}

    campaign: Label | None = None


class SeminarRegistered(StandardEvent, frozen=True, kw_only=True):
    """A person signed up for a seminar or webinar. `seminar` is its name."""

    event_name = "seminar.registered"
    example = {"seminar": "reporting-basics"}

    seminar: Label | None = None


class SeminarAttended(StandardEvent, frozen=True, kw_only=True):
    """A person took part in a seminar or webinar. `seminar` is its name."""

    event_name = "seminar.attended"
    example = {"seminar": "reporting-basics"}

    seminar: Label | None = None


class CommunityPosted(StandardEvent, frozen=True, kw_only=True):
    """A person asked or wrote something in the community. `topic` says where."""

    event_name = "community.posted"
    example = {"topic": "integrations"}

    topic: Label | None = None


class CommunityAnswered(StandardEvent, frozen=True, kw_only=True):
    """A person answered somebody else in the community. `topic` says where."""

    event_name = "community.answered"
    example = {"topic": "integrations"}

    topic: Label | None = None
