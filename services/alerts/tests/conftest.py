from pathlib import Path

import pytest

from alerts.channels.email.render import EmailRenderer
from alerts.channels.registry import Channel
from alerts.channels.slack.render import SlackRenderer
from alerts.messages.renderer import MessageRenderer
from alerts.playbooks.load import load_playbooks
from alerts.playbooks.playbooks import Playbooks

DEPLOY = Path(__file__).parents[3] / "deploy"


@pytest.fixture(scope="session")
def playbooks() -> Playbooks:
    """Those that we ship."""
    return load_playbooks((DEPLOY / "playbooks.yml").read_text(encoding="utf-8"), "playbooks.yml")


@pytest.fixture(scope="session")
def renderer(playbooks: Playbooks) -> MessageRenderer:
    return MessageRenderer(
        playbooks,
        lambda account: f"https://app.example.com/accounts/{account}",
        {Channel.SLACK: SlackRenderer(), Channel.EMAIL: EmailRenderer("alerts.example.com")},
    )
