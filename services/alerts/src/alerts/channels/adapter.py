"""What a channel's folder gives to the rest of alerts."""

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol

from alerts.channels.client import ChannelClient
from alerts.channels.registry import Channel, ChannelLimits
from alerts.messages.renderer import ChannelRenderer
from alerts.routing.destination import Target
from alerts.settings import AlertsSettings


class ChannelAdapter(Protocol):
    def client(self, settings: AlertsSettings, targets: Sequence[Target]) -> ChannelClient | None:
        """None if the channel is not set up. Raises `StopWorker` or ValueError if it cannot work as it is set.

        `targets` are all addresses of routes.yml.
        """

    def renderer(self, settings: AlertsSettings) -> ChannelRenderer:
        """Raises ValueError if it cannot work as it is set."""

    def limits(self, settings: AlertsSettings) -> ChannelLimits: ...


def adapter_of(channel: Channel) -> ChannelAdapter:
    adapter: ChannelAdapter = import_module(f"alerts.channels.{channel.value}.channel").CHANNEL
    return adapter
