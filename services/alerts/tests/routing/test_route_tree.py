"""Where a signal comes out of the tree, and how often it is told at most."""

from datetime import UTC, datetime

from alerts.routing.labels import Labels
from alerts.routing.load import load
from alerts.routing.routes import Routes

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)

TREE = """\
route:
  receiver: desk
  repeat_interval: 5d
  routes:
    - matchers: ['severity="critical"']
      receiver: lead
      continue: true
    - matchers: ['tier="high"']
      receiver: high
      repeat_interval: 12h
      routes:
        - matchers: ['stage="renewal"', 'kind="band"']
          receiver: renewals
        - matchers: ['stage="onboarding"']
    - matchers: ['tier="high"', 'owner!=""']
      receiver: shadowed
    - matchers: ['tier="tech"']
      receiver: nobody
receivers:
  - {name: desk, email: {to: desk@example.com}}
  - {name: lead, email: {to: lead@example.com}}
  - {name: high, email: {to: high@example.com}}
  - {name: renewals, slack: {channel: "#renewals"}, email: {to: renewals@example.com}}
  - {name: shadowed, email: {to: shadowed@example.com}}
  - {name: nobody}
"""


def _receivers(labels: Labels, routes: Routes | None = None) -> list[str]:
    routes = routes or load(TREE, "routes.yml")
    return [destination.receiver for destination in routes.destinations(labels, on=NOON)]


def test_what_no_route_speaks_of_stays_with_the_root() -> None:
    assert _receivers({}) == ["desk"]
    assert _receivers({"tier": "low", "severity": "warning"}) == ["desk"]


def test_the_first_route_that_matches_takes_the_signal() -> None:
    assert _receivers({"tier": "high", "owner": "dana@example.com"}) == ["high"]


def test_a_route_that_goes_on_lets_the_others_see_the_signal_too() -> None:
    assert _receivers({"tier": "high", "severity": "critical"}) == ["lead", "high"]
    assert _receivers({"tier": "low", "severity": "critical"}) == ["lead"]


def test_all_matchers_of_a_route_have_to_fit() -> None:
    assert _receivers({"tier": "high", "stage": "renewal", "kind": "flag"}) == ["high"]
    assert _receivers({"tier": "high", "stage": "renewal", "kind": "band"}) == ["renewals", "renewals"]


def test_a_route_inherits_what_it_does_not_say() -> None:
    routes = load(TREE, "routes.yml")
    onboarding = routes.destinations({"tier": "high", "stage": "onboarding"}, on=NOON)[0]
    lead = routes.destinations({"severity": "critical"}, on=NOON)[0]

    assert (onboarding.receiver, onboarding.repeat_interval) == ("high", 12 * 3600)
    assert lead.repeat_interval == 5 * 86_400


def test_without_a_word_about_it_the_same_thing_is_not_told_again_for_a_week() -> None:
    routes = load(TREE.replace("  repeat_interval: 5d\n", ""), "routes.yml")

    assert routes.destinations({}, on=NOON)[0].repeat_interval == 7 * 86_400


def test_the_path_says_how_the_signal_came_there() -> None:
    routes = load(TREE, "routes.yml")

    paths = [one.path for one in routes.destinations({"tier": "high", "stage": "renewal", "kind": "band"}, on=NOON)]

    assert paths == [("every signal", 'tier="high"', 'stage="renewal", kind="band"')] * 2


def test_slack_and_e_mail_of_one_receiver_are_two_messages() -> None:
    routes = load(TREE, "routes.yml")

    told = routes.destinations({"tier": "high", "stage": "renewal", "kind": "band"}, on=NOON)

    assert [[way.address_key for way in one.ways] for one in told] == [
        ["slack:#renewals"],
        ["email:renewals@example.com"],
    ]


def test_a_receiver_without_a_channel_is_there_and_has_no_way() -> None:
    (nobody,) = load(TREE, "routes.yml").destinations({"tier": "tech"}, on=NOON)

    assert (nobody.receiver, nobody.ways) == ("nobody", ())


def test_two_routes_to_one_receiver_tell_it_once_by_the_first_path() -> None:
    text = TREE.replace("receiver: high\n", "receiver: lead\n")

    (told,) = load(text, "routes.yml").destinations({"tier": "high", "severity": "critical"}, on=NOON)

    assert told.path == ("every signal", 'severity="critical"')
    assert told.repeat_interval == 5 * 86_400
