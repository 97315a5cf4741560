"""A channel is the folder of its name and a line in the registry."""

import pkgutil

import pytest

from alerts import channels
from alerts.channels.adapter import adapter_of
from alerts.channels.registry import ADDRESS_KINDS, Channel
from alerts.routing.channel_grammar import grammar_of
from alerts.routing.destination import Target
from alerts.settings import AlertsSettings


def test_every_folder_is_a_channel_and_every_channel_a_folder() -> None:
    folders = {module.name for module in pkgutil.iter_modules(channels.__path__) if module.ispkg}
    assert folders == {channel.value for channel in Channel}


@pytest.mark.parametrize("channel", list(Channel))
def test_a_channel_has_a_renderer_limits_and_a_grammar(channel: Channel) -> None:
    settings = AlertsSettings()
    assert adapter_of(channel).renderer(settings) is not None
    assert adapter_of(channel).limits(settings).concurrency > 0
    assert grammar_of(channel).receiver.about
    assert grammar_of(channel).needed_settings(()) is None


@pytest.mark.parametrize("webhook", [False, True])
@pytest.mark.parametrize("channel", list(Channel))
def test_an_address_key_tells_its_channel(channel: Channel, webhook: bool) -> None:
    if webhook and channel is not Channel.SLACK:
        return  # webhooks are Slack's alone
    key = Target(channel, "somewhere", webhook=webhook).address_key
    assert ADDRESS_KINDS[key.partition(":")[0]] is channel
