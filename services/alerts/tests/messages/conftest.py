from pathlib import Path

import pytest

from alerts.messages.letters import MessageRenderer
from alerts.messages.playbook_file import load_playbooks
from alerts.messages.playbooks import Playbooks

DEPLOY = Path(__file__).parents[4] / "deploy"


@pytest.fixture(scope="session")
def playbooks() -> Playbooks:
    """Those that we ship."""
    return load_playbooks((DEPLOY / "playbooks.yml").read_text(encoding="utf-8"), "playbooks.yml")


@pytest.fixture(scope="session")
def renderer(playbooks: Playbooks) -> MessageRenderer:
    return MessageRenderer(
        playbooks, lambda account: f"https://app.example.com/accounts/{account}", "alerts.example.com"
    )
