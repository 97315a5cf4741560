"""Whatever is wrong with routes.yml is said at its line, with what to write instead where that can be guessed."""

# ruff: noqa: E501 (a row of the table is a line)

from dataclasses import dataclass

import pytest

from alerts.routing.load import InvalidRoutes, check_routes, load

FILE = """\
route:
  receiver: desk
  repeat_interval: 7d
  routes:
    - matchers: ['tier="tech"']
      receiver: nobody
    - matchers: ['tier="high"', 'severity=~"critical|warning"']
      receiver: owner
      continue: true
      routes:
        - matchers: ['stage="renewal"']
          receiver: renewals
receivers:
  - name: desk
    email: {to: desk@example.com}
    language: ja
    time_zone: Asia/Tokyo
  - name: owner
    owner: true
    else: desk
  - name: renewals
    slack: {webhook: renewals}
  - name: nobody
people:
  dana@example.com:
    name: Dana
    slack: U0DANA
    notify: [email, slack]
    back_up: eli@example.com
    away: [{from: 2025-08-10, to: 2025-08-24}]
  eli@example.com: {name: Eli, slack: {webhook: eli}}
links: {account_url: "https://crm.example.com/{account_id}"}
"""


@dataclass(frozen=True)
class Slip:
    """`wrong` written instead of `right`; what has to be said of it, and where."""

    right: str
    wrong: str
    said: str


SLIPS = (
    # words that are not known
    Slip("  repeat_interval: 7d", "  repeat_intervall: 7d", "3:3: route.repeat_intervall: unknown key 'repeat_intervall', did you mean 'repeat_interval'?"),
    Slip(
        "links:",
        "global: {}\nlinks:",
        "32:1: global: unknown key 'global', known: route, receivers, people, quote_customer, "
        "name_contacts, links, final_outcomes, first_look",
    ),
    Slip(
        "links:",
        "quote_customer: sometimes\nlinks:",
        "quote_customer: must be true or false",
    ),
    Slip("  receiver: desk\n", "", "1:1: route: 'receiver' is missing"),
    Slip("  - name: desk\n    email", "  - email", "receivers[0]: 'name' is missing"),
    Slip("    name: Dana\n", "", "25:3: people.dana@example.com: 'name' is missing"),
    # Alertmanager has it, we have not, and why
    Slip("      continue: true", "      group_by: [tier]", "9:7: route.routes[1].group_by: 'group_by' is not known here: one account, one message at a time, at once"),
    Slip("  repeat_interval: 7d", "  group_wait: 30s", "3:3: route.group_wait: 'group_wait' is not known here: one account"),
    Slip("      continue: true", "      match: {tier: high}", "route.routes[1].match: 'match' is not known here: write matchers: ['tier=\"high\"']"),
    Slip("  receiver: desk\n", "  receiver: desk\n  continue: true\n", "3:3: route.continue: the first route has none beside it"),
    Slip("  receiver: desk\n", "  receiver: desk\n  matchers: ['tier=low']\n", "3:3: route.matchers: the first route takes every signal"),
    # matchers
    Slip("['stage=\"renewal\"']", "['stge=\"renewal\"']", "11:22: route.routes[1].routes[0].matchers[0]: unknown label 'stge', did you mean 'stage'?"),
    Slip("['stage=\"renewal\"']", "['stage']", "route.routes[1].routes[0].matchers[0]: must be like tier=\"high\""),
    Slip("['stage=\"renewal\"']", "['account=~\"(\"']", "matchers[0]: not a regular expression: missing )"),
    Slip("['stage=\"renewal\"']", "{stage: renewal}", "11:11: route.routes[1].routes[0].matchers: must be a list of 1 to 64 entries, not a mapping"),
    Slip("['stage=\"renewal\"']", "[{stage: renewal}]", "matchers[0]: must be a matcher such as 'tier=\"high\"', not a mapping"),
    Slip("['stage=\"renewal\"']", "['kind=flag', 'kind=\"flag\"']", "matchers[1]: 'kind=\"flag\"' is in the list twice"),
    Slip("['stage=\"renewal\"']", "[]", "matchers: must be a list of 1 to 64 entries"),
    # references
    Slip("          receiver: renewals", "          receiver: renewal", "12:11: route.routes[1].routes[0].receiver: there is no receiver 'renewal', did you mean 'renewals'?"),
    Slip("  receiver: desk\n", "  receiver: everybody\n", "2:3: route.receiver: there is no receiver 'everybody', known: desk, owner, renewals, nobody"),
    Slip("    else: desk", "    else: dsk", "20:5: receivers[1].else: there is no receiver 'dsk', did you mean 'desk'?"),
    Slip("    else: desk", "    else: owner", "20:5: receivers[1].else: 'owner' is told by owner itself: name one with a channel of its own"),
    Slip("    else: desk\n", "", "19:5: receivers[1].owner: 'owner' needs 'else' beside it"),
    Slip("    owner: true\n", "", "receivers[1].else: 'else' needs 'owner' beside it"),
    Slip("  - name: nobody", "  - name: desk", "23:5: receivers[3].name: 'desk' is already the name of the receiver of line 14"),
    Slip("back_up: eli@example.com", "back_up: elli@example.com", "29:5: people.dana@example.com.back_up: 'elli@example.com' is not among people, did you mean 'eli@example.com'?"),
    Slip("{name: Eli, ", "{name: Eli, back_up: dana@example.com, ", "31:32: people.eli@example.com.back_up: back-ups go in a circle"),
    Slip("back_up: eli@example.com", "back_up: Dana@example.com", "people.dana@example.com.back_up: back-ups go in a circle"),
    Slip("  eli@example.com:", "  DANA@example.com:", "31:3: people.DANA@example.com: is 'dana@example.com' once more"),
    # addresses
    Slip("to: desk@example.com", "to: desk", "15:13: receivers[0].email.to: must be an e-mail address such as dana@example.com, not 'desk'"),
    Slip("to: desk@example.com", "to: 'desk@example.com, boss@example.com'", "receivers[0].email.to: must be an e-mail address"),
    Slip("to: desk@example.com", 'to: "desk@example.com\\nBcc: x@example.com"', "receivers[0].email.to: must be an e-mail address"),
    Slip("to: desk@example.com", "to: desk..one@example.com", "receivers[0].email.to: must be an e-mail address"),
    Slip("to: desk@example.com", "to: デスク@example.com", "receivers[0].email.to: must be an e-mail address"),
    Slip("  eli@example.com:", "  eli:", "31:3: people.eli: 'eli' must be an e-mail address"),
    Slip("{webhook: renewals}", "{channel: renewals}", "22:13: receivers[2].slack.channel: must be a Slack channel such as '#cs-desk' (in quotes) or C0123ABCD, not 'renewals'"),
    Slip("{webhook: renewals}", "{channel: '#a', webhook: renewals}", "receivers[2].slack: one of 'channel' or 'webhook' is needed, and only one"),
    Slip("{webhook: renewals}", "{}", "receivers[2].slack: one of 'channel' or 'webhook' is needed, and only one"),
    Slip("{webhook: renewals}", "{webhook: Renewals desk}", "receivers[2].slack.webhook: must be the name of a webhook, of a-z, 0-9, - and _, not 'Renewals desk'"),
    Slip("slack: U0DANA", "slack: '@dana'", "27:5: people.dana@example.com.slack: must be a Slack member id such as U0123ABCD, or {webhook: NAME}, not '@dana'"),
    Slip("slack: {webhook: eli}", "slack: {channel: '#eli'}", "people.eli@example.com.slack.channel: unknown key 'channel'"),
    # people
    Slip("notify: [email, slack]", "notify: [email, sms]", "28:21: people.dana@example.com.notify[1]: must be one of slack, email, not 'sms'"),
    Slip("notify: [email, slack]", "notify: [email, email]", "people.dana@example.com.notify[1]: 'email' is in the list twice"),
    Slip("    slack: U0DANA\n", "", "27:5: people.dana@example.com.notify: 'slack' needs to know where"),
    Slip("to: 2025-08-24", "to: 2025-08-09", "30:31: people.dana@example.com.away[0].to: is before 'from'"),
    Slip("to: 2025-08-24", "to: 2025-08-32", "people.dana@example.com.away[0].to: must be a day such as 2026-08-24, not '2025-08-32'"),
    Slip("to: 2025-08-24", "to: next week", "away[0].to: must be a day such as 2026-08-24, not 'next week'"),
    Slip(", to: 2025-08-24", "", "people.dana@example.com.away[0]: 'to' is missing"),
    Slip("language: ja", "language: de", "16:5: receivers[0].language: must be one of en, ja, not 'de'"),
    Slip("Asia/Tokyo", "Asia/Tokio", "17:5: receivers[0].time_zone: there is no time zone 'Asia/Tokio', did you mean 'Asia/Tokyo'?"),
    Slip("Asia/Tokyo", "../../etc/passwd", "receivers[0].time_zone: must be a time zone such as Europe/Berlin"),
    Slip("Asia/Tokyo", "Asia", "receivers[0].time_zone: there is no time zone 'Asia'"),
    # the rest
    Slip("repeat_interval: 7d", "repeat_interval: 0s", "3:3: route.repeat_interval: must be a duration above zero"),
    Slip("continue: true", "continue: 'yes'", "9:7: route.routes[1].continue: must be true or false, not 'yes'"),
    Slip("https://crm.example.com/{account_id}", "https://crm.example.com/", "32:9: links.account_url: must be an http(s) address with {account_id} and nothing else in braces"),
    Slip("https://crm.example.com/{account_id}", "https://crm.example.com/{account_id}/{name}", "links.account_url: must be an http(s) address"),
    Slip("https://crm.example.com/{account_id}", "javascript:alert({account_id})", "links.account_url: must be an http(s) address"),
    Slip("  routes:\n    - matchers: ['tier=\"tech\"']", "  routes: []\n  more:\n    - matchers: ['tier=\"tech\"']", "4:3: route.routes: must be a list of 1 to 200 entries"),
    # YAML
    Slip("  - name: nobody", "  - &x {name: nobody}", "anchors and aliases (& and *) are not part of a routes file"),
    Slip("    owner: true\n", "    owner: true\n    owner: false\n", "20:5: receivers[1].owner: 'owner' is already set on line 19"),
    Slip("route:\n", "route: [\n", "not YAML"),
)  # fmt: skip


def test_the_file_that_the_slips_are_made_in_is_sound() -> None:
    reading = check_routes(FILE)

    assert reading.content is not None
    assert (reading.problems, reading.warnings) == ((), ())


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.wrong[:40])
def test_a_slip_is_told_at_its_line(slip: Slip) -> None:
    assert slip.right in FILE

    reading = check_routes(FILE.replace(slip.right, slip.wrong, 1))

    assert reading.content is None
    assert any(slip.said in str(problem) for problem in reading.problems), [*map(str, reading.problems)]


@pytest.mark.parametrize(
    "wrong",
    [
        "{webhook: https://hooks.slack.com/services/T0/B0/hushhush}",
        "{channel: https://hooks.slack.com/services/T0/B0/hushhush}",
        "{url: https://hooks.slack.com/services/T0/B0/hushhush}",
        "{api_url: https://hooks.slack.com/services/T0/B0/hushhush}",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(wrong: str) -> None:
    for right in ("{webhook: renewals}", "{webhook: eli}"):
        said = [*map(str, check_routes(FILE.replace(right, wrong)).problems)]

        assert any("is a secret: put it in ALERTS_SLACK_WEBHOOKS" in line for line in said) or "channel" in wrong
        assert "hushhush" not in "".join(said)
        assert "T0/B0" not in "".join(said)


def test_all_problems_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        FILE.replace("stage=", "stge=")
        .replace("language: ja", "language: de")
        .replace("notify: [email", "notify: [fax")
    )

    with pytest.raises(InvalidRoutes) as caught:
        load(text, "deploy/routes.yml")

    assert [(problem.line, problem.where) for problem in caught.value.problems] == [
        (11, "route.routes[1].routes[0].matchers[0]"),
        (16, "receivers[0].language"),
        (28, "people.dana@example.com.notify[0]"),
    ]
    assert str(caught.value).startswith("deploy/routes.yml:11:22: route.routes[1].routes[0].matchers[0]: unknown label")


def test_a_broken_receiver_or_person_is_not_called_unknown_where_others_name_it() -> None:
    text = FILE.replace("language: ja", "language: de").replace("{name: Eli, slack", "{nam: Eli, slack")

    assert [problem.where for problem in check_routes(text).problems] == [
        "receivers[0].language",
        "people.eli@example.com",
        "people.eli@example.com.nam",
    ]


def test_everybody_in_a_circle_of_back_ups_is_named() -> None:
    text = FILE.replace("{name: Eli, ", "{name: Eli, back_up: mina@example.com, ").replace(
        "links:", "  mina@example.com: {name: Mina, back_up: eli@example.com}\nlinks:"
    )

    # Dana's own back-up is in the circle, she is not.
    assert [problem.where for problem in check_routes(text).problems] == [
        "people.eli@example.com.back_up",
        "people.mina@example.com.back_up",
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        # the route before takes all of it
        ("    - matchers: ['tier=\"tech\"']\n", "    -\n", "7:7: route.routes[1]: can never be reached: the route of line 6 takes every signal before it"),
        ("['tier=\"high\"', 'severity=~\"critical|warning\"']", "['tier=tech']", "7:7: route.routes[1]: can never be reached: the route of line 5"),
        ("['tier=\"high\"', 'severity=~\"critical|warning\"']", "['severity=critical', 'tier=tech']", "7:7: route.routes[1]: can never be reached: the route of line 5"),
        # values that no signal has
        ("stage=\"renewal\"", "stage=\"renewl\"", "11:22: route.routes[1].routes[0].matchers[0]: no signal has a stage that is 'renewl', did you mean 'renewal'?"),
        ("critical|warning", "crit|warn", "route.routes[1].matchers[1]: no signal has a severity that is 'crit|warn'"),
        # nobody ever hears of it
        ("          receiver: renewals", "          receiver: desk", "21:5: receivers[2]: no route leads to 'renewals'"),
        ("    back_up: eli@example.com\n", "", "people.dana@example.com.away: without a back_up the receiver's 'else' is told meanwhile"),
    ],
)  # fmt: skip
def test_what_is_sound_but_surely_not_meant_is_a_warning(right: str, wrong: str, said: str) -> None:
    assert right in FILE

    reading = check_routes(FILE.replace(right, wrong, 1))

    assert reading.content is not None
    assert any(said in str(warning) for warning in reading.warnings), [*map(str, reading.warnings)]


def test_owners_without_people_are_a_warning() -> None:
    reading = check_routes(FILE[: FILE.index("people:")])

    assert [str(warning) for warning in reading.warnings] == [
        "19:5: receivers[1].owner: there are no 'people': every owner is unknown"
    ]


def test_a_route_after_one_that_goes_on_can_be_reached() -> None:
    text = FILE.replace("['tier=\"tech\"']\n", "['tier=\"high\"']\n      continue: true\n", 1)

    assert check_routes(text).warnings == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("- a\n", "must be a mapping (name: value), not a list of 1 entry"),
        ("route: {receiver: a}\n", "1:1: 'receivers' is missing"),
        ("receivers: [{name: a}]\n", "1:1: 'route' is missing"),
        ("route: a\nreceivers: b\n", "route: must be a mapping (name: value), not 'a'"),
        ("route: {receiver: a}\nreceivers: {a: {}}\n", "receivers: must be a list of 1 to 1000 entries"),
        ("route: {receiver: a}\nreceivers: [a]\n", "receivers[0]: must be a mapping"),
        ("route: {receiver: a, routes: [" + "{routes: [" * 10 + "]}" * 10 + "]}\n", "is nested deeper than 12"),
        ("a: &a [x,x]\nb: &b [*a,*a]\n", "anchors and aliases"),
    ],
)
def test_hopeless_files_are_refused_in_words(text: str, said: str) -> None:
    reading = check_routes(text)

    assert reading.content is None
    assert any(said in str(problem) for problem in reading.problems), [*map(str, reading.problems)]
