"""What is put on the topic."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from bench.peers.job import Account, scorer
from bench.workload import CALM, MIXED, Profile, Workload, events
from ingest.events.incoming_event import IncomingEvent, parse_event
from ingest.receiving.bounds import BOUNDS
from local.replay.ingest_client import ndjson
from scoring.cards.load import load

START = datetime(2025, 1, 6, tzinfo=UTC)
CARD = Path(__file__).parents[2] / "deploy" / "scorecard.yml"


def _made(seed: int = 1, count: int = 4_000) -> list[bytes]:
    made = events(count, accounts=50, seed=seed, start=START, span=timedelta(days=2))
    return [msgspec.json.encode(event) for event in made]


def test_the_same_seed_gives_the_same_events() -> None:
    assert _made() == _made()
    assert _made(seed=2) != _made()


def test_there_are_as_many_events_as_asked_for_each_with_an_id_of_its_own() -> None:
    made = list(events(1_234, accounts=50, seed=1, start=START, span=timedelta(days=2)))
    assert len({event.event_id for event in made}) == 1_234
    assert max(event.time for event in made) == START + timedelta(days=2)


def test_the_books_come_first_for_every_customer() -> None:
    made = list(events(4_000, accounts=50, seed=1, start=START, span=timedelta(days=2)))
    assert {event.account_id for event in made[:100] if event.name == "account.updated"} == {
        event.account_id for event in made
    }


def test_most_of_the_metrics_of_the_default_card_are_fed() -> None:
    names = Counter(event.name for event in events(50_000, accounts=50, seed=1, start=START, span=timedelta(days=2)))
    assert set(MIXED.shares) <= set(names)
    card = load(CARD.read_text(), "card")
    fed = [metric.name for metric in card.metrics if set(getattr(metric, "events", ())) & set(names)]
    assert len(fed) >= 8


@pytest.mark.parametrize("profile", [MIXED, CALM])
def test_ingest_would_take_what_is_posted(profile: Profile) -> None:
    workload = Workload(profile, accounts=20, seed=1)
    posted = [*workload.known(START), *(workload.next(START) for _ in range(1_000))]
    read_back = [parse_event(line, now=START, bounds=BOUNDS) for line in ndjson(posted).splitlines()]
    assert all(isinstance(one, IncomingEvent) for one in read_back)


@pytest.mark.parametrize("profile", [MIXED, CALM])
def test_no_metric_listens_to_three_events_in_ten(profile: Profile) -> None:
    unheard = profile.shares["page.viewed"] + profile.shares["record.edited"]
    assert unheard / sum(profile.shares.values()) == pytest.approx(0.3, abs=0.02)


def test_a_calm_customer_stays_as_it_is() -> None:
    happened = list(events(40_000, CALM, accounts=10, seed=1, start=START, span=timedelta(days=2)))
    for name, said in (("account.updated", "stage"), ("contract.changed", "arr"), ("nps.answered", "score")):
        told = {(event.account_id, event.properties[said]) for event in happened if event.name == name}
        assert len(told) == len({account for account, _ in told}), name


def test_calm_customers_make_far_fewer_signals() -> None:
    assert _signals(CALM) < _signals(MIXED) / 2


def _signals(profile: Profile) -> int:
    """Of a twentieth of the usual topic."""
    core, accounts, signals = scorer(str(CARD)), dict[str, Account](), 0
    for event in events(15_000, profile, accounts=profile.accounts // 20, seed=1, start=START, span=timedelta(days=2)):
        account = accounts.setdefault(event.account_id, core.create(event.account_id))
        signals += len(core.apply(account, event, event.time.timestamp()).signals)
    return signals
