"""Who is told of a signal, and how: all that routes.yml says, as one frozen value."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from urllib.parse import quote

from msgspec import Struct

from alerts.channels.registry import Channel
from alerts.routing.destination import Destination, Fallback, Target
from alerts.routing.labels import Labels
from alerts.routing.people import People
from alerts.routing.tree import Route, matching_routes

ACCOUNT_ID = "{account_id}"


class Receiver(Struct, frozen=True):
    """Each of `targets` is told. With `owner` the account's owner is, or the receiver `otherwise` if they cannot be.

    Without either it has no channel: its signals are recorded and not told. `notify` are the channels over which the
    owner is told, where they have one of them (empty: over all).
    """

    name: str
    targets: tuple[Target, ...] = ()
    owner: bool = False
    otherwise: str = ""
    notify: frozenset[Channel] = frozenset()


class Routes(Struct, frozen=True):
    """`final_outcomes` end a relationship: nothing more is told of the account until its next outcome.

    A person is told of first looks once none has come for `gather` seconds. `accounts_url` lists accounts.
    `quote_customer` and `name_contacts` say what messages show of customers.
    """

    root: Route
    receivers: Mapping[str, Receiver]
    people: People
    link: str | None = None
    accounts_url: str | None = None
    gather: float = 1800.0
    quote_customer: bool = True
    name_contacts: bool = True
    final_outcomes: frozenset[str] = frozenset()

    def destinations(self, labels: Labels, *, on: datetime) -> tuple[Destination, ...]:
        """One for each address of each receiver. Who is away is decided as of `on`."""
        unique: dict[tuple[str, str | None], Destination] = {}
        for match in matching_routes(self.root, labels):
            receiver = self.receivers[match.route.receiver]
            for receiver_name, ways, steps in self._reached(receiver, labels, on):
                path = (*match.path, *steps)
                destination = Destination(
                    receiver_name,
                    ways,
                    path,
                    match.route.repeat_interval,
                    match.route.resolve_after,
                    self._fallback(receiver) if receiver_name == receiver.name else None,
                )
                unique.setdefault((receiver_name, ways[0].address_key if ways else None), destination)
        return tuple(unique.values())

    def account_url(self, account_id: str) -> str | None:
        return self.link and self.link.replace(ACCOUNT_ID, quote(account_id, safe=""))

    @property
    def targets(self) -> tuple[Target, ...]:
        """Everything that a message may go to."""
        receivers = (target for receiver in self.receivers.values() for target in receiver.targets)
        people = (target for person in self.people.by_email.values() for target in person.targets)
        return (*receivers, *people)

    @property
    def channels(self) -> frozenset[Channel]:
        return frozenset(target.channel for target in self.targets)

    def _fallback(self, receiver: Receiver) -> Fallback | None:
        """None if the receiver is no owner, or if `else` names one without a channel."""
        instead = self.receivers.get(receiver.otherwise)
        return Fallback(instead.name, instead.targets) if instead is not None and instead.targets else None

    def _reached(
        self, receiver: Receiver, labels: Labels, on: datetime
    ) -> Iterator[tuple[str, tuple[Target, ...], tuple[str, ...]]]:
        """Receiver, ways, and the steps that led from the route to them."""
        # The account's owner, over all their ways, is one message.
        if receiver.owner:
            reached = self.people.reach(labels.get("owner", ""), on=on)
            # If no way leads to the owner, the receiver named by `else` is told in their place.
            if reached.ways:
                # Whoever has none of these channels is told over all that they have, so that nobody is left out.
                ways = tuple(way for way in reached.ways if way.channel in receiver.notify) or reached.ways
                yield receiver.name, ways, reached.steps
            else:
                instead = self.receivers[receiver.otherwise]
                for name, ways, steps in self._reached(instead, labels, on):
                    yield name, ways, (*reached.steps, f"else {instead.name}", *steps)
        # Slack and e-mail beside each other in one receiver are two messages.
        for target in receiver.targets:
            yield receiver.name, (target,), ()
        # A receiver without a channel: its decision is recorded with the reason that nobody is told.
        if not receiver.owner and not receiver.targets:
            yield receiver.name, (), ()
