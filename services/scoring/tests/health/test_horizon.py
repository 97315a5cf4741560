"""The horizon of an account: what ends it, and what must not touch it."""

from scoring.health.card import Flag, When
from scoring.health.metrics.rate.definition import Rate
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.metrics.silence.definition import Silence
from support.scripted_account import DAWN, DAY, MOOD, ScriptedAccount, card

USE = Rate(
    name="use", dimension="adoption", events=("used",), half_life=14, curves={"default": ((0.1, 80), (100, 100))}
)
TICKETS = Ratio(
    name="tickets",
    dimension="roi",
    events=("ticket.opened",),
    denominator_events=("used",),
    half_life=1,
    curves={"default": ((0.1, 100), (10, 90))},
)
# The first starts lower and rises faster: it is the higher one from day 12.6 on.
STEEP = Flag(name="steep", cap=10, events=("flag.raised",), ttl=30)
SIGNS = Silence(
    name="silence", events=("login",), prior_gap=1, dimension="roi", curves={"default": ((90, 50), (99, 0))}
)
# Above the score, so it caps nothing.
QUIET = Flag(name="quiet", cap=80, when=When(metric="silence", op=">=", value=1))
FLAT = Flag(name="flat", cap=45, events=("flag.raised",), ttl=300)


def test_it_ends_where_another_cap_becomes_the_lowest() -> None:
    alone, in_full = (ScriptedAccount(card(MOOD, USE, flags=(STEEP, FLAT))) for _ in range(2))
    for script in (alone, in_full):
        script.does("mood.read", 0, value=100)
        script.does("flag.raised", 0.2)
        for day in (12.1, 12.5, 12.75):
            if script is in_full:
                script.account.horizon.incremental_until = float("-inf")
            script.does("used", day)
    assert alone.scorer.dump(alone.account) == in_full.scorer.dump(in_full.account)


def test_a_look_beyond_it_leaves_the_account_where_it_was() -> None:
    unseen, seen = (ScriptedAccount(card(MOOD, USE, TICKETS)) for _ in range(2))
    for script in (unseen, seen):
        script.does("mood.read", 0, value=100)
        for n in range(3):
            script.does("used", 0.1 + n / 100)
            script.does("ticket.opened", 0.1 + n / 100)
        assert script.scorer.find_due(script.account) is None
        if script is seen:
            # By then there is too little evidence for tickets, and the others weigh more.
            assert script.points("tickets", 20) is None
        script.does("used", 0.5)
    assert unseen.scorer.dump(unseen.account) == seen.scorer.dump(seen.account)


def test_a_flag_that_came_up_since_the_last_whole_second_is_due_at_the_next() -> None:
    script = ScriptedAccount(card(MOOD, USE, SIGNS, flags=(QUIET,)))
    script.does("login", 0.01)
    script.does("mood.read", 0.02, value=20)
    script.does("used", 2.05)
    due = script.scorer.find_due(script.account)
    assert due is not None
    # Between the moment at which suspicion reaches 1 and the whole second after it.
    came_up = DAWN + (0.01 + 2.302585092994046) * DAY
    assert due - 1 < came_up < due
    script.does("used", ((came_up + due) / 2 - DAWN) / DAY)
    assert script.account.state.flags["quiet"].cause == "silence@2024-01-12T07:30:08Z"
