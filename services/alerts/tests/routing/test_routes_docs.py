"""What docs/alerts.md shows works as it is written there."""

import argparse
import re
from pathlib import Path

import pytest

from alerts.commands import routes
from alerts.decisions.reasons import DecisionReason
from alerts.routing.labels import NAMES
from alerts.routing.load import check_routes
from alerts.settings import AlertsSettings

ROOT = Path(__file__).parents[4]
TEXT = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
SHIPPED = ROOT / "deploy" / "routes.yml"
SNIPPETS = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)

# What a snippet of the cookbook is put into: receivers of all the names that it may use.
AROUND = """\
route:
  receiver: cs-desk
  routes:
{routes}
receivers:
  - {{name: cs-desk}}
  - {{name: account-owner, owner: true, else: cs-desk}}
  - {{name: nobody}}
  - {{name: team-channel}}
  - {{name: billing}}
  - {{name: onboarding}}
  - {{name: cs-lead}}
people:
  dana@example.com: {{name: Dana}}
"""


def _whole(snippet: str) -> str:
    if snippet.startswith("    - matchers"):
        return AROUND.format(routes=snippet)
    if snippet.startswith("people:"):
        return AROUND.format(routes="    - {}").replace("people:\n", snippet)
    return snippet + "people: {dana@example.com: {name: Dana}}\n"


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.strip().splitlines()[0][:50])
def test_every_example_can_be_copied(snippet: str) -> None:
    reading = check_routes(_whole(snippet))

    assert reading.problems == ()
    assert not any("no signal has" in str(warning) or "never" in str(warning) for warning in reading.warnings)


def test_the_examples_are_all_there() -> None:
    assert len(SNIPPETS) == 13


def test_every_reason_and_every_label_is_explained() -> None:
    assert [reason for reason in DecisionReason if f"| `{reason}` |" not in TEXT] == []
    assert [name for name in NAMES if f"`{name}`" not in TEXT] == []


async def test_the_shown_test_of_the_shipped_routes_comes_out_as_shown(capsys: pytest.CaptureFixture[str]) -> None:
    (command, shown) = re.findall(r"^    \$ python -m alerts routes (test .*)\n((?:    .*\n|\n)+)", TEXT, re.MULTILINE)[
        0
    ]
    parser = argparse.ArgumentParser()
    routes.add_arguments(parser)

    await routes.run(parser.parse_args(command.split()), AlertsSettings(alerts_routes=SHIPPED))

    assert capsys.readouterr().out.split() == shown.split()


async def test_the_shown_mistake_is_found_where_it_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = re.findall(r"^    deploy/routes.yml:\d+:\d+(: .*)$", TEXT, re.MULTILINE)
    file = tmp_path / "routes.yml"
    _write(file, SHIPPED.read_text(encoding="utf-8").replace(" account-owner\n", " acount-owner\n", 1))
    parser = argparse.ArgumentParser()
    routes.add_arguments(parser)

    assert await routes.run(parser.parse_args(["check", str(file)]), AlertsSettings()) == 1

    assert shown in capsys.readouterr().out


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
