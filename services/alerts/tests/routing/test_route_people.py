"""How the owner of an account is reached: by their ways in their order, then by whoever stands in for them."""

from datetime import UTC, datetime

import pytest

from alerts.channels.registry import Channel
from alerts.channels.slack.grammar import webhook_names
from alerts.routing.destination import Destination, Target
from alerts.routing.load import load

NOON = datetime(2025, 3, 14, 12, tzinfo=UTC)

FILE = """\
route: {receiver: owner}
receivers:
  - name: owner
    owner: true
    else: desk
  - name: desk
    slack: {webhook: desk}
    language: ja
    time_zone: Asia/Tokyo
people:
  Dana@Example.com:
    name: Dana
    slack: U0DANA
    time_zone: Asia/Tokyo
    back_up: eli@example.com
    away: [{from: 2025-08-10, to: 2025-08-24}, {from: 2025-12-24, to: 2025-12-26}]
  eli@example.com:
    name: Eli
    slack: {webhook: eli}
    email: eli.novak@example.org
    notify: [email, slack]
    back_up: mina@example.com
    away: [{from: 2025-12-26, to: 2025-12-31}]
  mina@example.com: {name: Mina, language: ja, time_zone: Asia/Tokyo}
  lone@example.com: {name: Lone, slack: U0LONE, notify: [slack], away: [{from: 2025-08-01, to: 2025-08-31}]}
links:
  account_url: https://crm.example.com/a/{account_id}?from=alerts
"""
ROUTES = load(FILE, "routes.yml")


def _told(owner: str, on: datetime = NOON) -> Destination:
    (destination,) = ROUTES.destinations({"owner": owner}, on=on)
    return destination


def _address_keys(owner: str, on: datetime = NOON) -> list[str]:
    return [way.address_key for way in _told(owner, on).ways]


def _utc(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2025, month, day, hour, tzinfo=UTC)


def test_the_owner_hears_by_slack_then_by_mail_then_their_back_up_does() -> None:
    assert _address_keys("dana@example.com") == [
        "slack:U0DANA",
        "email:Dana@Example.com",
        "email:eli.novak@example.org",
        "webhook:eli",
        "email:mina@example.com",
    ]


def test_everybody_is_written_to_in_their_own_language_and_time() -> None:
    assert _told("mina@example.com").ways == (
        Target(
            Channel.EMAIL, "mina@example.com", language="ja", time_zone="Asia/Tokyo", person="mina@example.com"
        ),
    )  # fmt: skip
    assert {(way.person, way.language) for way in _told("eli@example.com").ways} == {
        ("eli@example.com", "en"),
        ("mina@example.com", "ja"),
    }


def test_owners_are_known_by_their_address_in_any_case() -> None:
    assert _told("DANA@example.COM ").ways == _told("dana@example.com").ways


def test_only_the_named_ways_are_used() -> None:
    assert _address_keys("lone@example.com") == ["slack:U0LONE"]


@pytest.mark.parametrize(
    ("on", "away"),
    [
        # 10 August begins in Tokyo at 15:00 UTC the day before
        (_utc(8, 9, 14), False),
        (_utc(8, 9, 15), True),
        # and the 24th ends there at 15:00
        (_utc(8, 24, 14), True),
        (_utc(8, 24, 15), False),
    ],
)
def test_whoever_is_away_by_their_own_calendar_is_stood_in_for(on: datetime, away: bool) -> None:
    keys = _address_keys("dana@example.com", on)

    assert ("slack:U0DANA" not in keys) is away
    assert keys[0] == ("email:eli.novak@example.org" if away else "slack:U0DANA")


def test_when_the_back_up_is_away_too_theirs_is_told() -> None:
    assert _address_keys("dana@example.com", _utc(12, 26)) == ["email:mina@example.com"]


def test_the_path_names_who_was_passed_over() -> None:
    assert _told("dana@example.com", _utc(12, 26)).path == (
        "every signal",
        "owner Dana, away to 2025-12-26",
        "back-up Eli, away to 2025-12-31",
        "back-up Mina",
    )


@pytest.mark.parametrize(
    ("owner", "on", "step"),
    [
        ("", NOON, "no owner"),
        ("zoe@example.com", NOON, "owner zoe@example.com, not among people"),
        ("lone@example.com", _utc(8, 15), "owner Lone, away to 2025-08-31"),
    ],
)
def test_an_owner_who_cannot_be_reached_leaves_it_to_the_other_receiver(owner: str, on: datetime, step: str) -> None:
    told = _told(owner, on)

    assert told.receiver == "desk"
    assert told.ways == (Target(Channel.SLACK, "desk", webhook=True, language="ja", time_zone="Asia/Tokyo"),)
    assert told.path == ("every signal", step, "else desk")


def test_whatever_was_posted_as_the_owner_is_harmless_in_the_path() -> None:
    (_, step, _) = _told("zoe\0\u202e@" + "x" * 10_000).path

    assert step == "owner zoe\ufffd\ufffd@" + "x" * 94 + ", not among people"


def test_an_owner_is_told_beside_a_channel_that_the_receiver_has() -> None:
    text = FILE.replace("    else: desk\n", '    else: desk\n    slack: {channel: "#all"}\n')

    told = load(text, "routes.yml").destinations({"owner": "mina@example.com"}, on=NOON)

    assert [(one.receiver, [way.address_key for way in one.ways]) for one in told] == [
        ("owner", ["email:mina@example.com"]),
        ("owner", ["slack:#all"]),
    ]


def test_one_address_is_one_way_however_many_people_read_it() -> None:
    text = FILE.replace("email: eli.novak@example.org", "email: Dana@Example.com")

    (told,) = load(text, "routes.yml").destinations({"owner": "dana@example.com"}, on=NOON)

    assert [way.address_key for way in told.ways] == [
        "slack:U0DANA",
        "email:Dana@Example.com",
        "webhook:eli",
        "email:mina@example.com",
    ]


def test_the_routes_know_which_secrets_they_need() -> None:
    assert webhook_names(ROUTES.targets) == {"desk", "eli"}
    assert ROUTES.channels == {Channel.SLACK, Channel.EMAIL}


@pytest.mark.parametrize(
    ("account", "url"),
    [
        ("acme", "https://crm.example.com/a/acme?from=alerts"),
        ("a/b c&d=ü", "https://crm.example.com/a/a%2Fb%20c%26d%3D%C3%BC?from=alerts"),
        ("{account_id}", "https://crm.example.com/a/%7Baccount_id%7D?from=alerts"),
        ('"><script>', "https://crm.example.com/a/%22%3E%3Cscript%3E?from=alerts"),
    ],
)
def test_a_link_holds_any_account_id(account: str, url: str) -> None:
    assert ROUTES.account_url(account) == url


def test_no_outcome_is_final_unless_the_file_says_so() -> None:
    assert ROUTES.final_outcomes == frozenset()


def test_without_a_template_there_is_no_link() -> None:
    assert load(FILE[: FILE.index("links:")], "routes.yml").account_url("acme") is None


def test_a_receiver_may_take_some_of_the_owners_ways_and_leaves_nobody_out() -> None:
    text = FILE.replace("    else: desk\n", "    else: desk\n    notify: [email]\n", 1)
    routes = load(text, "routes.yml")

    def ways(owner: str) -> list[str]:
        (told,) = routes.destinations({"owner": owner}, on=NOON)
        return [way.address_key for way in told.ways]

    assert ways("dana@example.com") == [
        "email:Dana@Example.com",
        "email:eli.novak@example.org",
        "email:mina@example.com",
    ]
    assert ways("lone@example.com") == ["slack:U0LONE"], "over what they have"
    assert ways("somebody@example.com") == ["webhook:desk"]
