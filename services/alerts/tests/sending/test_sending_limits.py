import pytest

from alerts.channels.registry import Channel, ChannelLimits
from alerts.routing.destination import Target
from alerts.sending.limits import SendCapacity, SendLimits

DESK, OTHER = Target(Channel.SLACK, "C0DESK"), Target(Channel.SLACK, "C0OTHER")
HOOK = Target(Channel.SLACK, "cs-desk", webhook=True)
DANA, EMIL = Target(Channel.EMAIL, "dana@example.com"), Target(Channel.EMAIL, "emil@example.com")


def limits(*, slack: ChannelLimits | None = None, email: ChannelLimits | None = None) -> SendLimits:
    some = ChannelLimits(concurrency=2)
    return SendLimits({Channel.SLACK: slack or some, Channel.EMAIL: email or some})


def slots(capacity: SendCapacity) -> dict[str, int]:
    return {one.kind: one.slots for one in capacity.kinds}


def test_every_channel_has_its_limits() -> None:
    """One that is not set up has to give its messages up, not to let them wait."""
    with pytest.raises(KeyError):
        SendLimits({Channel.SLACK: ChannelLimits(concurrency=1)})


def test_an_address_has_one_message_on_its_way_and_a_channel_so_many() -> None:
    several = limits()
    assert several.capacity(0.0) == several.capacity(0.0)
    assert slots(several.capacity(0.0)) == {"slack": 2, "webhook": 2, "email": 2}
    several.started(DESK, 0.0)
    assert slots(several.capacity(0.0)) == {"slack": 1, "webhook": 1, "email": 2}
    assert several.capacity(0.0).closed == {DESK.address_key}
    several.started(HOOK, 0.0)
    assert slots(several.capacity(0.0)) == {"email": 2}
    assert several.seconds_to_capacity(0.0) is None, "time alone changes nothing here"
    several.ended(DESK, 0.0)
    assert slots(several.capacity(0.0)) == {"slack": 1, "webhook": 1, "email": 2}
    assert several.capacity(0.0).closed == {HOOK.address_key}


def test_an_address_is_given_its_rest_from_the_end_of_a_message() -> None:
    slow = limits(slack=ChannelLimits(concurrency=4, address_per_second=0.5))
    slow.started(DESK, 10.0)
    slow.ended(DESK, 13.0)
    assert slow.capacity(14.9).closed == {DESK.address_key}
    assert slow.seconds_to_capacity(14.0) == 1.0
    assert slow.capacity(15.0).closed == frozenset()
    assert slow.seconds_to_capacity(15.0) is None


def test_a_server_takes_so_many_a_second_whoever_they_are_for() -> None:
    server = limits(email=ChannelLimits(concurrency=10, per_second=2.0))
    for target in (DANA, EMIL):
        server.started(target, 5.0)
    assert "email" not in slots(server.capacity(5.0))
    assert server.seconds_to_capacity(5.0) == 0.5
    assert slots(server.capacity(5.5))["email"] == 1
    assert slots(server.capacity(60.0))["email"] == 2, "what was not used is not saved up"


def test_less_than_one_a_second_is_a_rate_too() -> None:
    server = limits(email=ChannelLimits(concurrency=10, per_second=0.1))
    server.started(DANA, 0.0)
    assert server.seconds_to_capacity(4.0) == pytest.approx(6.0)
    assert "email" in slots(server.capacity(10.0))


def test_a_pause_closes_one_address() -> None:
    paused = limits()
    paused.pause(DESK, 30.0)
    paused.pause(DESK, 20.0)
    assert paused.capacity(25.0).closed == {DESK.address_key}, "the longer one holds"
    assert paused.seconds_to_capacity(25.0) == 5.0
    assert paused.capacity(30.0).closed == frozenset()


@pytest.mark.parametrize(
    ("target", "open_kinds", "closed"),
    [
        (DESK, {"webhook", "email"}, set()),  # Slack's API limits an app in a workspace, whatever the channel
        (HOOK, {"slack", "webhook", "email"}, {HOOK.address_key}),  # a webhook is limited by itself
        (DANA, {"slack", "webhook"}, set()),  # it is the server that asks for a pause
    ],
)
def test_a_rate_limit_closes_all_that_share_it(target: Target, open_kinds: set[str], closed: set[str]) -> None:
    limited = limits()
    limited.pause_all(target, 30.0)
    assert set(slots(limited.capacity(10.0))) == open_kinds
    assert limited.capacity(10.0).closed == closed
    assert limited.seconds_to_capacity(10.0) == 20.0
    assert len(slots(limited.capacity(30.0))) == 3


def test_failures_in_a_row_are_counted_by_address() -> None:
    counted = limits()
    assert [counted.failed(DESK), counted.failed(DESK), counted.failed(OTHER)] == [1, 2, 1]
    counted.succeeded(DESK)
    assert counted.failed(DESK) == 1
