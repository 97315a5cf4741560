"""Who is told, where: what routing answers and everything after it goes by."""

from enum import StrEnum

from msgspec import Struct


class Channel(StrEnum):
    SLACK = "slack"
    EMAIL = "email"


class Target(Struct, frozen=True, omit_defaults=True):
    """One address, and how the person behind it reads.

    `address` is a Slack channel or member for the bot, or an e-mail address; with `webhook` it is the name under which
    the settings keep the URL of an incoming webhook. `person` is the e-mail by which routes.yml knows them.
    """

    channel: Channel
    address: str
    webhook: bool = False
    language: str = "en"
    time_zone: str = "UTC"
    person: str | None = None

    @property
    def lane(self) -> str:
        """What keeps one order: `email:dana@example.com`, `slack:C012345`, `webhook:cs-desk`."""
        return f"{'webhook' if self.webhook else self.channel}:{self.address}"


class Destination(Struct, frozen=True):
    """One message to one receiver: the first of `ways` is tried, the next when that one has been given up.

    Without ways the routes tell nobody. `path` is the route from the root to the node that answered, each as
    people read it. `repeat_interval` is seconds: for so long the same thing is not told again.
    """

    receiver: str
    ways: tuple[Target, ...]
    path: tuple[str, ...]
    repeat_interval: float
