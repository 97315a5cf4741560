"""What an editor is told of the format of routes.yml is what the loader holds to."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from alerts.channels.slack.grammar import webhook_names
from alerts.routing.grammar import RoutesFile
from alerts.routing.labels import Labels
from alerts.routing.load import check_routes, load
from common.documents.json_schema import json_schema, schema_text

DEPLOY = Path(__file__).parents[4] / "deploy"
SHIPPED = (DEPLOY / "routes.yml").read_text(encoding="utf-8")


def _passes(text: str) -> bool:
    plain: Any = YAML(typ="safe", pure=True).load(text)
    # JSON has no days; YAML's are text to us.
    for person in (plain.get("people") or {}).values():
        for absence in person.get("away", ()):
            absence.update({key: str(day) for key, day in absence.items()})
    return bool(Draft202012Validator(json_schema(RoutesFile)).is_valid(plain))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(json_schema(RoutesFile))


def test_the_schema_that_editors_get_is_the_one_that_the_command_prints() -> None:
    assert (DEPLOY / "routes.schema.json").read_text(encoding="utf-8") == schema_text(RoutesFile, "Routes")


def test_the_routes_that_we_ship_are_sound_to_the_loader_and_to_editors() -> None:
    reading = check_routes(SHIPPED)

    assert (reading.problems, reading.warnings) == ((), ())
    assert _passes(SHIPPED)
    schema = SHIPPED.splitlines()[0].removeprefix("# yaml-language-server: $schema=")
    assert (DEPLOY / schema).exists()


def test_the_routes_that_we_ship_need_no_secret_to_reach_somebody() -> None:
    routes = load(SHIPPED, "deploy/routes.yml")

    assert webhook_names(routes.targets) == frozenset()
    for person in routes.people.by_email.values():
        assert any(target.channel == "email" for target in person.targets)


def test_by_the_routes_that_we_ship_who_has_left_is_left_in_peace() -> None:
    assert load(SHIPPED, "deploy/routes.yml").final_outcomes == {"churned"}


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        # usage before facts: nobody has said a tier
        ({"tier": "", "severity": "critical"}, "cs-desk"),
        ({"tier": "high", "severity": "warning", "kind": "band"}, "account-owner"),
        ({"tier": "high", "severity": "critical", "kind": "flag"}, "account-owner"),
        ({"tier": "low", "severity": "critical", "kind": "band"}, "account-owner"),
        # shared work
        ({"tier": "low", "severity": "warning", "kind": "band"}, "cs-desk"),
        # only the exception reaches a person
        ({"tier": "tech", "severity": "critical", "kind": "band"}, "nobody"),
        ({"tier": "tech", "severity": "warning", "kind": "flag"}, "nobody"),
        ({"tier": "tech", "severity": "info", "kind": "outcome"}, "nobody"),
        ({"tier": "tech", "severity": "critical", "kind": "flag", "to": "cancel_intent"}, "cs-desk"),
        # red brought by silence asks for no human there
        ({"tier": "tech", "severity": "critical", "kind": "flag", "to": "gone_quiet"}, "nobody"),
        # a better band asks nothing of anybody, a decision or a goal does
        ({"tier": "high", "severity": "info", "kind": "band"}, "nobody"),
        ({"tier": "high", "severity": "info", "kind": "outcome"}, "account-owner"),
        ({"tier": "low", "severity": "info", "kind": "outcome"}, "account-owner"),
        # so does a contract that is worth less
        ({"tier": "low", "severity": "warning", "kind": "contraction"}, "account-owner"),
        ({"tier": "tech", "severity": "warning", "kind": "contraction"}, "nobody"),
        # the renewal comes up: a person plans it, well or not; of the many only those in danger
        ({"tier": "high", "severity": "info", "kind": "renewal_window", "band": "green"}, "account-owner"),
        ({"tier": "low", "severity": "info", "kind": "renewal_window", "band": "green"}, "account-owner"),
        ({"tier": "", "severity": "info", "kind": "renewal_window", "band": "green"}, "account-owner"),
        ({"tier": "tech", "severity": "info", "kind": "renewal_window", "band": "yellow"}, "cs-desk"),
        ({"tier": "tech", "severity": "warning", "kind": "renewal_window", "band": "red"}, "cs-desk"),
        ({"tier": "tech", "severity": "warning", "kind": "renewal_window", "band": "green"}, "nobody"),
        ({"tier": "tech", "severity": "info", "kind": "renewal_window", "band": "insufficient_data"}, "nobody"),
        # good news that can wait
        ({"tier": "high", "severity": "info", "kind": "expansion_ready"}, "account-owner-by-mail"),
        ({"tier": "low", "severity": "info", "kind": "value_reached"}, "account-owner-by-mail"),
        ({"tier": "tech", "severity": "info", "kind": "value_reached"}, "nobody"),
        ({"tier": "high", "severity": "warning", "kind": "onboarding_late"}, "account-owner"),
        ({"tier": "low", "severity": "warning", "kind": "onboarding_late"}, "cs-desk"),
        ({"tier": "tech", "severity": "warning", "kind": "onboarding_late"}, "nobody"),
    ],
)
def test_the_routes_that_we_ship_serve_the_three_tiers(labels: Labels, receiver: str) -> None:
    routes = load(SHIPPED, "deploy/routes.yml")

    told = routes.destinations(labels | {"owner": "theo@example.com"}, on=datetime(2025, 3, 14, tzinfo=UTC))

    assert [one.receiver for one in told] == [receiver]


@pytest.mark.parametrize("tier", ["high", "low", ""])
@pytest.mark.parametrize(
    ("labels", "weeks"),
    [
        ({"kind": "band"}, 4),
        # Use goes up and down, and with it a flag that is raised by a condition.
        ({"kind": "flag", "to": "support_storm"}, 4),
        ({"kind": "flag", "to": "usage_falling"}, 4),
        # An event is news each time.
        ({"kind": "flag", "to": "payment_failed"}, 1),
        ({"kind": "flag", "to": "champion_left"}, 1),
    ],
)
def test_by_the_routes_that_we_ship_yellow_that_hovers_is_one_alert_a_month(
    labels: Labels, weeks: int, tier: str
) -> None:
    asked = labels | {"tier": tier, "severity": "warning", "band": "yellow", "owner": "theo@example.com"}
    (told,) = load(SHIPPED, "deploy/routes.yml").destinations(asked, on=datetime(2025, 3, 14, tzinfo=UTC))
    assert told.repeat_interval == weeks * 7 * 86_400


def test_by_the_routes_that_we_ship_good_news_goes_by_mail_alone() -> None:
    asked = {"tier": "high", "severity": "info", "kind": "expansion_ready", "owner": "dana@example.com"}
    (told,) = load(SHIPPED, "deploy/routes.yml").destinations(asked, on=datetime(2025, 3, 14, tzinfo=UTC))
    assert [way.address_key for way in told.ways] == ["email:dana@example.com", "email:eli@example.com"]


SMALL = "route: {receiver: a}\nreceivers: [{name: a}]\n"


@pytest.mark.parametrize(
    "text",
    [
        SMALL,
        SMALL.replace("receiver: a", "receiver: a, repeat_interval: 90m, routes: [{continue: true}]"),
        SMALL.replace("receiver: a", "receiver: a, routes: [{matchers: ['tier=x', 'owner!=\"\"']}]"),
        SMALL.replace("receiver: a", "receiver: a, routes: [{routes: [{receiver: a, matchers: ['to=~\"x|y\"']}]}]"),
        SMALL.replace("{name: a}", "{name: a, slack: {webhook: x}, email: {to: a@b.c}, language: ja, time_zone: UTC}"),
        SMALL.replace("{name: a}", "{name: a, slack: {channel: '#x'}}, {name: b, owner: true, else: a}"),
        SMALL.replace("{name: a}", "{name: a, email: {to: a@b.c}}, {name: b, owner: true, notify: [email], else: a}"),
        SMALL.replace("receiver: a", "receiver: a, routes: [{matchers: ['parent=\"acme-group\"']}]"),
        SMALL + "people: {a@b.c: {name: A, slack: U0A, notify: [email, slack], email: d@e.f}}\n",
        SMALL + "people: {a@b.c: {name: A, back_up: g@h.i}, g@h.i: {name: G}}\n",
        SMALL + "people: {a@b.c: {name: A, slack: {webhook: a}, away: [{from: 2025-01-01, to: 2025-01-02}]}}\n",
        SMALL + "links: {account_url: 'https://x.y/{account_id}'}\n",
        SMALL + "final_outcomes: [churned, moved_away]\n",
    ],
)  # fmt: skip
def test_what_the_loader_takes_the_schema_takes(text: str) -> None:
    assert check_routes(text).problems == ()
    assert _passes(text)


@pytest.mark.parametrize(
    "text",
    [
        "route: {receiver: a}\n",
        SMALL.replace("{name: a}", ""),
        SMALL.replace("{name: a}", "{name: ''}"),
        SMALL.replace("{name: a}", "{name: a, slack: {}}"),
        SMALL.replace("{name: a}", "{name: a, slack: {channel: x}}"),
        SMALL.replace("{name: a}", "{name: a, slack: {webhook: 'https://x.y'}}"),
        SMALL.replace("{name: a}", "{name: a, email: a@b.c}"),
        SMALL.replace("{name: a}", "{name: a, email: {to: nobody}}"),
        SMALL.replace("{name: a}", "{name: a, owner: true}"),
        SMALL.replace("{name: a}", "{name: a, language: de}"),
        SMALL.replace("{name: a}", "{name: a, notify: [email]}"),
        SMALL.replace("{name: a}", "{name: a}, {name: b, owner: true, notify: [fax], else: a}"),
        SMALL.replace("receiver: a", "receiver: a, matchers: ['tier=x']"),
        SMALL.replace("receiver: a", "receiver: a, group_by: [tier]"),
        SMALL.replace("receiver: a", "receiver: a, repeat_interval: never"),
        SMALL.replace("receiver: a", "receiver: a, routes: [{matchers: ['tier']}]"),
        SMALL.replace("receiver: a", "receiver: a, routes: [{continue: 1}]"),
        SMALL + "people: {a: {name: A}}\n",
        SMALL + "people: {a@b.c: {}}\n",
        SMALL + "people: {a@b.c: {name: A, slack: '@a'}}\n",
        SMALL + "people: {a@b.c: {name: A, notify: [fax]}}\n",
        SMALL + "people: {a@b.c: {name: A, away: [{from: 2025-01-01}]}}\n",
        SMALL + "links: {account_url: 'https://x.y/'}\n",
        SMALL + "final_outcomes: [Churned]\n",
    ],
)
def test_what_the_schema_refuses_the_loader_refuses(text: str) -> None:
    assert check_routes(text).problems != ()
    assert not _passes(text)
