"""How routes.yml names the addresses of a channel: what each channel's `grammar.py` says."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple, Protocol

from alerts.channels.registry import Channel
from alerts.routing.destination import Target


class Address(NamedTuple):
    """As in `Target`."""

    address: str
    webhook: bool = False


class ChannelKey(NamedTuple):
    """The type of what stands under the key, for pydantic, and the key's description for editors."""

    type: Any
    about: str


class ChannelGrammar(Protocol):
    """`receiver` and `person` are the channel's key under a receiver and under a person.

    `address_is_missing` is the problem of a person whose `notify` names the channel and who has no address there.
    """

    receiver: ChannelKey
    person: ChannelKey
    address_is_missing: str

    def receiver_address(self, value: Any) -> Address:
        """Of what was read under `receiver`."""

    def person_address(self, value: Any | None, *, email: str) -> Address | None:
        """Of what was read under `person` (None: the key is not there) for the person listed as `email`."""

    def needed_settings(self, targets: Sequence[Target]) -> str | None:
        """What `routes check` says that the environment must have for these targets."""


def grammar_of(channel: Channel) -> ChannelGrammar:
    grammar: ChannelGrammar = import_module(f"alerts.channels.{channel.value}.grammar").GRAMMAR
    return grammar
