"""Who is told, and where: what the routes answer, and what deciding and sending go by."""

from msgspec import Struct

from alerts.channels.registry import Channel


class Target(Struct, frozen=True, omit_defaults=True):
    """One address, and how the person behind it reads.

    `address` is what the channel calls it: a Slack channel or member, an e-mail address. With `webhook` it is the name
    under which the settings keep the URL of Slack's incoming webhook. `person` is the e-mail by which routes.yml lists
    them.
    """

    channel: Channel
    address: str
    webhook: bool = False
    language: str = "en"
    time_zone: str = "UTC"
    person: str | None = None

    @property
    def address_key(self) -> str:
        """Messages with one key arrive in order: `email:dana@example.com`, `slack:C012345`, `webhook:cs-desk`."""
        return f"{'webhook' if self.webhook else self.channel}:{self.address}"


class Fallback(Struct, frozen=True):
    """The receiver named by `else`: each of its targets is told if no way of an owner's message worked."""

    receiver: str
    targets: tuple[Target, ...]


class Destination(Struct, frozen=True):
    """One message to one receiver: the first of `ways` is tried, the next when that one has been given up.

    Without ways the routes tell nobody. `path` is the route from the root to the node that answered, each as
    people read it. `repeat_interval` is seconds: for so long the same thing is not told again. `resolve_after` is
    seconds: so long a recovery has to last before it is told. `fallback` is told if the last way has been given up.
    """

    receiver: str
    ways: tuple[Target, ...]
    path: tuple[str, ...]
    repeat_interval: float
    resolve_after: float = 0.0
    fallback: Fallback | None = None
