"""What routes and playbooks can match on."""

from alerts.routing.labels import NAMES, labels
from alerts.samples import Sample
from common.contracts.signals import Driver, Facts, Kind, Part


def test_a_signal_in_a_few_words() -> None:
    facts = Facts(name="Birch Foods", tier="high", owner="dana@example.com")
    found = labels(Sample(account="a-1", to="red", facts=facts, stage="renewal").build())
    assert found == {
        "account": "a-1",
        "tier": "high",
        "owner": "dana@example.com",
        "kind": "band",
        "to": "red",
        "severity": "critical",
        "band": "red",
        "stage": "renewal",
        "reason": "logins",
    }
    assert tuple(found) == NAMES


def test_what_nobody_has_said_is_the_empty_string() -> None:
    found = labels(Sample(facts=Facts(), parts=()).build())
    assert (found["tier"], found["owner"], found["reason"]) == ("", "", "")


def test_the_reason_is_what_took_most_all_its_parts_together() -> None:
    parts = (
        Part("logins", Driver.SILENCE, -9.0),
        Part("logins", Driver.EVENT, 7.0),
        Part("tickets", Driver.EVENT, -4.0),
        Part("nps", Driver.CONTEXT, -20.0),  # weighs differently now: nobody did that
    )
    assert labels(Sample(parts=parts).build())["reason"] == "tickets"


def test_a_flag_is_its_own_reason() -> None:
    assert labels(Sample(kind=Kind.FLAG, to="downgrade").build())["reason"] == "downgrade"
