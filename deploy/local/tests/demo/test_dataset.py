"""The half year that the demo plays: the same for a seed, blind to scoring, and true to its stories."""

from collections import Counter, defaultdict
from datetime import UTC, timedelta
from itertools import pairwise

import pytest

from common.catalogue.events import STANDARD_EVENTS
from local.demo.customers import Customer
from local.demo.dataset import Dataset, build_dataset, moment
from local.demo.scenarios import ScenarioKind, level
from local.replay.ingest_client import ClientEvent

SEEDS = (1, 2, 3)


class HalfYear:
    """A world, and what each of its customers did, by name."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self._did: defaultdict[tuple[str, str], list[ClientEvent]] = defaultdict(list)
        for one in dataset.live:
            self._did[one.account_id, one.name].append(one)

    def of(self, customer: Customer, name: str) -> list[ClientEvent]:
        return self._did[customer.account_id, name]

    def living(self, kind: ScenarioKind) -> list[Customer]:
        return [customer for customer in self.dataset.customers if customer.scenario.kind is kind]

    def sessions(self, customer: Customer, *, since: float, until: float) -> int:
        """A week, on average; days count from the start."""
        first, last = moment(self.dataset, since), moment(self.dataset, until)
        came = sum(first <= one.time < last for one in self.of(customer, "session.started"))
        return round(came / (until - since) * 7)


@pytest.fixture(scope="module", params=SEEDS)
def half(request: pytest.FixtureRequest) -> HalfYear:
    seed: int = request.param
    return HalfYear(build_dataset(seed))


@pytest.fixture
def dataset(half: HalfYear) -> Dataset:
    return half.dataset


def test_a_seed_always_gives_the_same_half_year() -> None:
    assert build_dataset(5, accounts=8) == build_dataset(5, accounts=8)
    assert build_dataset(5, accounts=8) != build_dataset(6, accounts=8)


def test_every_event_is_in_the_catalogue_and_right_as_it_is(dataset: Dataset) -> None:
    for one in (*dataset.backfill, *dataset.live):
        assert STANDARD_EVENTS[one.name].check(one.properties) is None, one


def test_every_story_is_played_by_somebody(dataset: Dataset) -> None:
    played = Counter(customer.scenario.kind for customer in dataset.customers)

    assert set(played) == set(ScenarioKind)
    assert len(dataset.customers) == 60
    assert played[ScenarioKind.HEALTHY] + played[ScenarioKind.MOVED_TO_API] == 28


def test_events_are_in_time_order_within_the_half_year_and_named_once(dataset: Dataset) -> None:
    times = [one.time for one in dataset.live]

    assert all(earlier <= later for earlier, later in pairwise(times))
    assert dataset.start <= times[0]
    assert times[-1] < dataset.end
    assert {one.time.tzinfo for one in dataset.live} == {UTC}
    ids = [one.event_id for one in (*dataset.backfill, *dataset.live)]
    assert len(set(ids)) == len(ids)


def test_of_the_customers_of_before_the_last_weeks_are_known(dataset: Dataset) -> None:
    known = {one.account_id for one in dataset.backfill if one.name == "account.updated"}
    times = [one.time for one in dataset.backfill if one.name != "milestone.reached"]

    assert known == {one.account_id for one in dataset.customers if one.scenario.joins is None}
    assert times[0] == dataset.start - timedelta(days=28)
    assert times[-1] < dataset.start
    assert {one.account_id for one in dataset.backfill if one.name == "session.started"} == known


def test_every_customer_that_was_onboarded_had_first_value_within_weeks_of_its_start(dataset: Dataset) -> None:
    """Those of before long ago, new ones within the half year."""
    by_id = {one.account_id: one for one in dataset.customers}
    found = set[str]()
    for one in (*dataset.backfill, *dataset.live):
        if one.name == "milestone.reached" and one.properties["step"] == "first_value":
            customer = by_id[one.account_id]
            assert 14 <= (one.time.date() - customer.contract_start).days <= 28
            assert (one.time < dataset.start - timedelta(days=28)) == (customer.scenario.joins is None)
            found.add(one.account_id)
    never = {one.account_id for one in dataset.customers if one.scenario.kind is ScenarioKind.NEVER_ONBOARDED}
    assert found == by_id.keys() - never


def test_new_customers_bring_their_facts_before_anything_else(dataset: Dataset) -> None:
    joined = [customer for customer in dataset.customers if customer.scenario.joins is not None]

    assert joined
    for customer in joined:
        first = next(one for one in dataset.live if one.account_id == customer.account_id)
        assert first.name == "account.updated"
        assert first.properties["stage"] == "onboarding"


def test_nobody_works_after_notice_and_everybody_who_leaves_gives_it(half: HalfYear) -> None:
    leavers = [customer for customer in half.dataset.customers if customer.scenario.leaves is not None]

    assert leavers
    for customer in leavers:
        (notice,) = half.of(customer, "contract.cancel_requested")
        assert notice.time == moment(half.dataset, customer.scenario.leaves or 0.0)
        assert all(one.time < notice.time for one in half.of(customer, "session.started"))


def test_trouble_begins_before_notice_and_both_within_the_half_year(dataset: Dataset) -> None:
    for customer in dataset.customers:
        scenario = customer.scenario
        assert (scenario.trouble is None) == (scenario.kind in (ScenarioKind.HEALTHY, ScenarioKind.MOVED_TO_API))
        if scenario.leaves is not None:
            assert scenario.trouble is not None
            assert 0 < scenario.trouble < scenario.leaves < 182


def test_weekends_are_quiet(dataset: Dataset) -> None:
    days = Counter(one.time.weekday() for one in dataset.live if one.name == "session.started")

    # Sunday in UTC is Monday for Sydney.
    assert days[5] + days[6] < 0.3 * days[1]


def test_a_sudden_silence_is_silent_from_one_day_to_the_next(half: HalfYear) -> None:
    for customer in half.living(ScenarioKind.SUDDEN_SILENCE):
        trouble = customer.scenario.trouble or 0.0
        assert half.sessions(customer, since=trouble - 28, until=trouble) > 0
        assert half.sessions(customer, since=trouble + 2, until=trouble + 25) == 0


def test_a_slow_decline_is_slow_and_a_recovery_comes_back(half: HalfYear) -> None:
    for customer in half.living(ScenarioKind.SLOW_DECLINE):
        trouble, leaves = customer.scenario.trouble or 0.0, customer.scenario.leaves or 0.0
        before = half.sessions(customer, since=trouble - 28, until=trouble)
        assert half.sessions(customer, since=trouble, until=trouble + 14) > before / 4
        assert half.sessions(customer, since=leaves - 14, until=leaves) < before / 2
    for customer in half.living(ScenarioKind.RECOVERY):
        trouble = customer.scenario.trouble or 0.0
        before = half.sessions(customer, since=trouble - 28, until=trouble)
        assert half.sessions(customer, since=trouble + 90, until=trouble + 125) > before / 3


def test_a_customer_that_is_never_onboarded_reaches_no_value(half: HalfYear) -> None:
    for customer in half.living(ScenarioKind.NEVER_ONBOARDED):
        steps = {one.properties["step"] for one in half.of(customer, "milestone.reached")}
        assert steps == {"kickoff"}


def test_a_support_storm_is_many_tickets_for_some_weeks(half: HalfYear) -> None:
    """Of all such customers together: a small one may open hardly any ticket."""
    in_it = just_before = 0
    for customer in half.living(ScenarioKind.SUPPORT_STORM):
        storm = moment(half.dataset, customer.scenario.trouble or 0.0)
        tickets = [one.time for one in half.of(customer, "ticket.opened")]
        in_it += sum(storm <= time < storm + timedelta(days=14) for time in tickets)
        just_before += sum(storm - timedelta(days=14) <= time < storm for time in tickets)
    assert in_it > 3 * just_before


def test_one_team_leaves_while_the_sessions_of_all_hold(half: HalfYear) -> None:
    for customer in half.living(ScenarioKind.QUIET_TEAM):
        trouble = customer.scenario.trouble or 0.0
        came = half.of(customer, "session.started")
        before, since = moment(half.dataset, trouble), moment(half.dataset, trouble + 30)
        people = [{one.user_id for one in came if one.time < before}, {one.user_id for one in came if one.time > since}]
        # A third of the usual people is gone for good, and about as many new ones have come.
        assert len(people[0] - people[1]) >= len(people[0]) / 4
        assert people[1] - people[0]
        weekly = [half.sessions(customer, since=trouble - 28, until=trouble),
                  half.sessions(customer, since=trouble + 30, until=trouble + 58)]  # fmt: skip
        assert weekly[1] > 0.6 * weekly[0]


def test_who_moves_to_the_api_logs_in_less_and_does_more(half: HalfYear) -> None:
    for customer in half.living(ScenarioKind.MOVED_TO_API):
        moved = customer.scenario.people[-1][0]
        early, late = (0.0, 28.0), (moved, moved + 28)
        weekly = [half.sessions(customer, since=since, until=until) for since, until in (early, late)]
        assert weekly[1] < 0.5 * weekly[0]
        done = [one.time for name in ("report.created", "workflow.run") for one in half.of(customer, name)]
        counted = [
            sum(moment(half.dataset, since) <= at < moment(half.dataset, until) for at in done)
            for since, until in (early, late)
        ]
        assert counted[1] > counted[0]


def test_a_line_is_straight_between_its_points_and_flat_outside() -> None:
    line = ((10.0, 1.0), (20.0, 0.0), (30.0, 0.5))

    assert [level(line, day) for day in (0, 10, 15, 20, 25, 99)] == [1.0, 1.0, 0.5, 0.0, 0.25, 0.5]
