"""The channels that there are.

A channel is a folder beside this file and a line in `Channel` with the folder's name. Its `channel.py` has `CHANNEL`, a
`ChannelAdapter`; its `grammar.py` has `GRAMMAR`, a `ChannelGrammar`.
"""

from enum import StrEnum

from msgspec import Struct


class Channel(StrEnum):
    """In the order in which a person is told, where routes.yml gives no other."""

    SLACK = "slack"
    EMAIL = "email"


ADDRESS_KINDS = {channel.value: channel for channel in Channel} | {"webhook": Channel.SLACK}
"""How address keys begin. Slack limits an incoming webhook by itself, so it is a kind of its own."""


class ChannelLimits(Struct, frozen=True, kw_only=True):
    """At most `concurrency` messages at a time, `per_second` in all, `address_per_second` to one address (0: any)."""

    concurrency: int
    per_second: float = 0.0
    address_per_second: float = 0.0
