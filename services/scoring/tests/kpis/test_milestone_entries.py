"""Systems post every night which milestones were reached: entries are bounded, and KPIs are those of all events."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from common.contracts.events import Event
from scoring.cards.load import load
from scoring.health import Scorer
from scoring.kpis.entry_log import REACHED_OF, EntryLog, StoredEntry
from scoring.kpis.entry_view import EntryView
from scoring.partition.kpi_entries import KpiEntry, entry_of
from support.cards import SMALL
from support.examples import examples
from support.scoring_harness import DAY, START, event

CARD = SMALL.replace("planned: true, grace: 7d}", "planned: true, grace: 7d, steps: {first_value: 30d}}", 1)


def reached(at: float, event_id: str, step: str = "first_value") -> Event:
    return event("acme", "milestone.reached", at, event_id=event_id, properties={"step": step})


def retracted(at: float, event_id: str) -> Event:
    return event("acme", "event.retracted", at, event_id=f"r {event_id}", properties={"event_id": event_id})


def entries_of(*posted: tuple[Event, float]) -> list[KpiEntry]:
    """Of events with their record times."""
    scorer = Scorer(load(CARD, "card"), "card", strict=True)
    account, found = scorer.create("acme"), list[KpiEntry]()
    for one, recorded in posted:
        if (entry := entry_of(one, account, recorded=recorded)) is not None:
            found.append(entry)
        scorer.apply(account, one, recorded)
    return found


def first(entries: list[KpiEntry], step: str = "first_value") -> float | None:
    """When KPIs say that the step was reached first."""
    log = EntryLog()
    log.extend(
        StoredEntry(
            one.account_id, one.name, one.at, one.known_at, one.key, None, msgspec.json.encode(one.said).decode()
        )
        for one in entries
    )
    moments = EntryView(log.table()).first_moments(f"{REACHED_OF}{step}")
    return moments[0] if len(moments) and moments[0] != float("inf") else None


def test_a_step_that_is_posted_every_night_has_two_entries() -> None:
    nights = [(reached(at := START + night * DAY, f"e-{night}"), at) for night in range(30)]
    found = entries_of(*nights)
    assert [one.at for one in found] == [START, START + DAY]
    assert first(found) == START
    # The same moment each time, as a CRM says it.
    found = entries_of(*[(reached(START, f"e-{night}"), START + night * DAY) for night in range(30)])
    assert [(one.at, one.known_at) for one in found] == [(START, START), (START, START + DAY)]


def test_if_the_first_is_retracted_the_step_was_reached_by_the_second_and_the_next_is_kept_again() -> None:
    nights = [(reached(at := START + night * DAY, f"e-{night}"), at) for night in range(9)]
    at = START + 8 * DAY
    found = entries_of(*nights[:8], (retracted(at, "e-0"), at), *nights[8:])
    assert [one.at for one in found if "step" in one.said] == [START, START + DAY, START + 8 * DAY]
    assert first(found) == START + DAY


def test_an_earlier_time_that_arrives_later_is_the_first() -> None:
    late = (reached(START - DAY, "late"), START + 9 * DAY)
    found = entries_of(*[(reached(at := START + night * DAY, f"e-{night}"), at) for night in range(9)], late)
    assert len(found) == 3
    assert first(found) == START - DAY


def test_each_event_of_a_step_that_no_metric_takes_makes_an_entry() -> None:
    """Nothing of it is in the state. This metric takes only steps that the card names, or that were planned."""
    card = CARD.replace("planned: true, ", "", 1)
    scorer = Scorer(load(card, "card"), "card", strict=True)
    account, found = scorer.create("acme"), 0
    for night in range(3):
        one = reached(START + night * DAY, f"e-{night}", "unheard of")
        found += entry_of(one, account, recorded=START + night * DAY) is not None
        scorer.apply(account, one, START + night * DAY)
    assert found == 3


@settings(max_examples=examples(200), deadline=None)
@given(
    posts=st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=25),
    taken_back=st.tuples(st.integers(0, 25), st.integers(0, 25)) | st.none(),
)
def test_with_one_retraction_kpis_are_those_of_all_events(
    posts: list[tuple[int, int]], taken_back: tuple[int, int] | None
) -> None:
    """Posts are (hours late, hours since the one before); a retraction is (which one, after how many)."""
    now, logged, standing = START, list[tuple[Event, float]](), dict[str, float]()
    for number, (late, hours) in enumerate(posts):
        now += hours * 3600
        if taken_back is not None and number == taken_back[1]:
            logged.append((retracted(now, f"e-{taken_back[0]}"), now))
            standing.pop(f"e-{taken_back[0]}", None)
        at = now - late * 3600
        logged.append((reached(at, f"e-{number}"), now))
        standing[f"e-{number}"] = at
    found = entries_of(*logged)
    assert first(found) == min(standing.values(), default=None)
