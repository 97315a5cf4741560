from hypothesis import given
from hypothesis import strategies as st

from scoring.partition.timers import Timers


def test_a_moved_timer_is_due_at_its_new_moment_only() -> None:
    timers = Timers({"acme": 10, "beta": 20})
    timers.set("acme", 30)
    assert timers.earliest() == 20
    assert timers.due(25) == ["beta"]
    assert timers.due(30) == ["beta", "acme"]


def test_looking_does_not_disarm() -> None:
    timers = Timers({"acme": 10})
    assert timers.due(10) == timers.due(10) == ["acme"]


def test_a_disarmed_timer_is_gone() -> None:
    timers = Timers({"acme": 10})
    timers.set("acme", None)
    assert timers.earliest() is None
    assert timers.of("acme") is None


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.one_of(st.none(), st.integers(0, 50))), max_size=200),
    st.integers(0, 50),
)
def test_it_agrees_with_a_plain_dictionary(changes: list[tuple[str, int | None]], until: int) -> None:
    timers, plain = Timers({}), dict[str, int]()
    for account_id, due in changes:
        timers.set(account_id, due)
        plain.pop(account_id, None)
        if due is not None:
            plain[account_id] = due
    assert timers.earliest() == min(plain.values(), default=None)
    assert timers.due(until) == [a for d, a in sorted((d, a) for a, d in plain.items()) if d <= until]
    assert len(timers) == len(plain)
