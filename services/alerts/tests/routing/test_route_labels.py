"""What routes and playbooks can match on."""

from alerts.routing.labels import NAMES, labels
from alerts.samples import BY_HAND, EXPANSION, LATE, OVERRIDDEN, RENEWAL, VALUE, Sample
from common.contracts.signals import Band, Driver, Facts, Kind, Part


def test_a_signal_in_a_few_words() -> None:
    facts = Facts(name="Birch Foods", tier="high", owner="dana@example.com", parent="birch-group")
    found = labels(Sample(account="a-1", to="red", facts=facts, stage="renewal").build())
    assert found == {
        "account": "a-1",
        "tier": "high",
        "owner": "dana@example.com",
        "parent": "birch-group",
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
    assert (found["tier"], found["owner"], found["parent"], found["reason"]) == ("", "", "", "")


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


def test_good_news_and_what_is_late_are_their_own_reason_and_a_renewal_has_that_of_the_score() -> None:
    reasons = [labels(sample.build())["reason"] for sample in (EXPANSION, LATE, VALUE, RENEWAL)]
    assert reasons == ["expansion", "onboarding", "first_value", "logins"]


def test_a_persons_word_and_its_end_are_no_metrics_doing() -> None:
    fell = (Part("logins", Driver.SILENCE, -9.0),)
    ended = Sample(was=Band.GREEN, was_override=BY_HAND, parts=fell).build()
    flag = Sample(kind=Kind.FLAG, to="downgrade", was_override=BY_HAND, override=BY_HAND).build()
    assert [labels(one)["reason"] for one in (OVERRIDDEN.build(), ended, flag)] == ["override", "override", "downgrade"]
