"""Silent accounts are made by the real core, so that what is measured is what happens."""

import pytest

from bench.peers.job import Scorer, dump, restore, scorer
from bench.silent import about_to_be_told, long_quiet

CARD = "deploy/scorecard.yml"
AT = 1_760_000_000


@pytest.fixture(scope="module")
def core(request: pytest.FixtureRequest) -> Scorer:
    return scorer(str(request.config.rootpath / CARD))


def test_a_signal_is_due_at_the_very_second(core: Scorer) -> None:
    made = [one for seed in range(12) if (one := about_to_be_told(core, at=AT, seed=seed)) is not None]
    assert made
    for one in made:
        account = restore(core, "another", one.body)
        assert not core.advance(account, AT - 1).signals
        signals = core.advance(account, AT).signals
        assert {signal.at.timestamp() for signal in signals} == {AT}
        assert {signal.account_id for signal in signals} == {"another"}


def test_nothing_is_due_of_those_who_stay_quiet(core: Scorer) -> None:
    made = [one for seed in range(20) if (one := long_quiet(core, now=AT, quiet=7200, seed=seed)) is not None]
    assert made
    for one in made:
        account = restore(core, "another", one.body)
        assert not core.advance(account, AT + 7199).signals
        assert dump(core, account) == one.body
