from itertools import combinations

import pytest

from chaos.faults import ABOUT, Fault
from chaos.plan import ROUNDS_A_CAMP, Round, campaign
from chaos.strikes import HOW
from local.stack.servers import CHECKOUT


def rounds(seed: int, count: int) -> list[Round]:
    return [one for camp in campaign(seed, rounds=count) for one in camp.rounds]


def test_the_same_seed_draws_the_same_campaign() -> None:
    assert campaign(7, rounds=50) == campaign(7, rounds=50) != campaign(8, rounds=50)


@pytest.mark.parametrize("count", [1, 2, 6, 10, 50])
def test_there_are_as_many_rounds_as_were_asked_for(count: int) -> None:
    assert [one.number for one in rounds(3, count)] == list(range(1, count + 1))


def test_every_fault_comes_in_a_campaign_of_fifty_rounds() -> None:
    for seed in range(20):
        assert {strike.fault for one in rounds(seed, 50) for strike in one.strikes} == set(Fault)


def test_no_target_is_hit_twice_in_a_round() -> None:
    for one in rounds(5, 200):
        for first, second in combinations(one.strikes, 2):
            assert not set(ABOUT[first.fault].targets) & set(ABOUT[second.fault].targets)


def test_a_fault_comes_where_it_can() -> None:
    for camp in campaign(5, rounds=200):
        assert 1 <= len(camp.rounds) <= ROUNDS_A_CAMP
        for one in camp.rounds:
            assert {ABOUT[strike.fault].cluster for strike in one.strikes} <= {None, camp.cluster}


def test_only_the_faults_that_were_asked_for_come() -> None:
    only = {Fault.LEADERLESS, Fault.LEADER_DIES}
    camps = campaign(1, rounds=10, only=only)
    assert all(camp.cluster for camp in camps)
    assert {strike.fault for camp in camps for one in camp.rounds for strike in one.strikes} == only


def test_everything_known_of_faults_is_known_of_each() -> None:
    assert ABOUT.keys() == HOW.keys() == set(Fault)


def test_the_page_tells_of_every_fault() -> None:
    page = (CHECKOUT / "docs" / "proof.md").read_text()
    assert [one for one in Fault if f"| `{one.name}` | {one}" not in page] == []
