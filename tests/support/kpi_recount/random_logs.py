"""Random logs of two accounts, and of one that they may go on as: what they post, when, and how late it is recorded."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from common.contracts.events import Event, Tick
from support.kpi_recount.account import MERGED, Read
from support.kpi_recount.card import STEPS

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 120
Said = tuple[str, dict[str, Any]]
Row = tuple[int, int, str, str, Said]
"""Hours from the beginning to the event, how many hours later it is recorded, whose it is, who did it, what it says."""

amounts = st.sampled_from([None, 0, 10, 20, 50])
days = st.integers(-20, DAYS + 20).map(lambda n: (BEGIN.date() + timedelta(days=n)).isoformat())
# Few, so that the same end comes again, as it does every night.
ends = st.none() | st.sampled_from([20, 40, 70, 110]).map(lambda n: (BEGIN.date() + timedelta(days=n)).isoformat())
contract = st.fixed_dictionaries(
    {}, optional={"arr": amounts, "seats": amounts, "contract_start": days, "contract_end": ends}
)
facts = st.fixed_dictionaries(
    {},
    optional={
        "arr": amounts,
        "seats": amounts,
        "contract_start": days,
        "contract_end": ends,
        "tier": st.sampled_from(["high", "low"]),
    },
)
steps = st.sampled_from(sorted(STEPS))
nothing: st.SearchStrategy[dict[str, Any]] = st.just({})
of_contract = st.one_of(
    st.tuples(st.just("account.updated"), facts),
    st.tuples(st.sampled_from(["contract.started", "contract.changed", "contract.renewed"]), contract),
    st.tuples(st.sampled_from(["contract.ended", "contract.cancel_requested"]), nothing),
)
of_people = st.one_of(
    st.tuples(st.just("milestone.reached"), st.fixed_dictionaries({"step": steps})),
    st.tuples(st.just("milestone.planned"), st.fixed_dictionaries({"step": steps, "due": days})),
    st.tuples(st.just("nps.answered"), st.fixed_dictionaries({"score": st.integers(0, 10)})),
    st.tuples(st.just("csat.answered"), st.fixed_dictionaries({"score": st.integers(1, 5)})),
)
of_use = st.one_of(
    st.tuples(st.just("mood.read"), st.fixed_dictionaries({"level": st.sampled_from([0, 30, 55, 80, 100])})),
    st.tuples(st.just("depth.measured"), st.fixed_dictionaries({"share": st.sampled_from([0.0, 0.5, 1.0])})),
    st.tuples(st.just("session.started"), nothing),
)
merged = st.tuples(st.just(MERGED), st.fixed_dictionaries({"into": st.sampled_from(["beta", "cove"])}))
retracted = st.tuples(st.just("event.retracted"), st.fixed_dictionaries({"event_id": st.integers(0, 12).map(str)}))
# Hours from the beginning to the event, how many hours later it is recorded, whose it is, who did it, and what it says.
posted = st.tuples(
    st.integers(0, DAYS * 24),
    st.sampled_from([0, 0, 1, 30, 500]),
    st.sampled_from(["acme", "beta"]),
    st.sampled_from(["ann", "bo"]),
    st.one_of(of_contract, of_contract, of_people, of_use, of_use, retracted, merged),
)


def _customer(account: str) -> st.SearchStrategy[Any]:
    """Whoever begins as a customer has more that can be counted."""
    known = {"arr": st.sampled_from([10, 20, 50]), "seats": st.just(10)}
    optional = {"contract_start": days, "contract_end": ends, "tier": st.sampled_from(["high", "low"])}
    first = st.tuples(st.just("account.updated"), st.fixed_dictionaries(known, optional=optional))
    return st.tuples(st.integers(0, 20 * 24), st.just(0), st.just(account), st.just("ann"), first)


def busy_log(seed: int) -> list[Row]:
    """Most figures need several events that belong together: hypothesis by itself seldom finds them."""
    chance = Random(seed)
    found: list[Row] = []
    for account in ("acme", "beta"):
        first = {"arr": chance.choice([10, 20, 50]), "seats": 10, "contract_end": _day(chance, [40, 70, 110])}
        begin = chance.randrange(20 * 24)
        found.append((begin, 0, account, "ann", ("account.updated", first | _tier(chance))))
        found.append((begin + chance.randrange(20 * 24), 0, account, "ann", _mood(chance)))
        for step in chance.sample(list(STEPS), chance.randrange(3)):
            done = begin + chance.randrange(15 * 24)
            found.append((done, 0, account, "ann", ("milestone.reached", {"step": step})))
        for _ in range(chance.randrange(5, 15)):
            (make,) = chance.choices(list(_KINDS), list(_KINDS.values()))
            late = chance.choice([0, 0, 0, 1, 30, 500])
            found.append((chance.randrange(DAYS * 24), late, account, chance.choice(["ann", "bo"]), make(chance)))
    return found


def _day(chance: Random, among: Sequence[int]) -> str:
    return (BEGIN.date() + timedelta(days=chance.choice(among))).isoformat()


def _tier(chance: Random) -> dict[str, Any]:
    return chance.choice([{}, {"tier": "high"}, {"tier": "low"}])


def _mood(chance: Random) -> Said:
    return "mood.read", {"level": chance.choice([0, 60, 80, 100, 100])}


def _changed(chance: Random) -> Said:
    seats = chance.choice([{}, {"seats": chance.choice([5, 12, 15, 20])}])
    return "contract.changed", {"arr": chance.choice([10, 20, 30, 50])} | seats


def _renewed(chance: Random) -> Said:
    return "contract.renewed", chance.choice([{}, {"contract_end": _day(chance, [70, 110, 140])}, {"arr": 40}])


def _of_step(chance: Random) -> Said:
    step = {"step": chance.choice(list(STEPS))}
    plan = ("milestone.planned", step | {"due": _day(chance, range(5, 60))})
    return chance.choice([plan, ("milestone.reached", step), ("milestone.reached", step)])


def _merged(chance: Random) -> Said:
    return MERGED, {"into": chance.choice(["beta", "cove", "cove"])}


_KINDS: dict[Callable[[Random], Said], float] = {
    _mood: 4.0,
    lambda chance: ("depth.measured", {"share": chance.choice([0.0, 0.5, 1.0])}): 1.5,
    lambda _: ("session.started", {}): 1.0,
    _changed: 2.5,
    _renewed: 1.5,
    lambda _: ("contract.cancel_requested", {}): 0.4,
    lambda _: ("contract.ended", {}): 1.0,
    lambda _: ("contract.started", {"arr": 30}): 0.4,
    lambda chance: ("account.updated", {"contract_start": _day(chance, range(-20, 40))} | _tier(chance)): 0.6,
    _of_step: 2.0,
    _merged: 0.5,
    lambda chance: ("nps.answered", {"score": chance.randrange(11)}): 1.0,
    lambda chance: ("csat.answered", {"score": chance.randrange(1, 6)}): 1.0,
    lambda chance: ("event.retracted", {"event_id": str(chance.randrange(30))}): 0.8,
}
logs = (
    st.tuples(
        st.lists(_customer("acme"), max_size=1), st.lists(_customer("beta"), max_size=1), st.lists(posted, max_size=20)
    ).map(lambda parts: [row for part in parts for row in part])
    | st.integers(0, 2**32 - 1).map(busy_log)
    | st.integers(0, 2**32 - 1).map(busy_log)
)
# The first day, and how many days later the last one is.
spans = st.tuples(st.integers(-10, DAYS + 10), st.integers(0, 100)) | st.tuples(
    st.integers(0, 30), st.integers(60, 100)
)
# A customer since before the span, of whom the first fact comes in the midst of it.
POSTED_LATE: Row = (24 * 30, 0, "acme", "ann", ("account.updated", {"arr": 10, "contract_start": "2025-12-12"}))


def log_of(rows: Sequence[Row], ticks: Sequence[int] = ()) -> list[Read]:
    """In the order of record time; the number of a row is the id of its event. `ticks` are days from the beginning.

    The last tick comes a month after all else.
    """
    found = [Read(Tick(), BEGIN + timedelta(days=day)) for day in (*ticks, DAYS + 30)]
    merges = {str(number) for number, (*_, (name, _)) in enumerate(rows) if name == MERGED}
    for number, (hours, late, account, user, (name, properties)) in enumerate(rows):
        if properties.get("event_id") in merges:
            continue  # a merge is for ever
        time = BEGIN + timedelta(hours=hours)
        who = user if name.endswith(".answered") or name == "session.started" else None
        one = Event(str(number), account, name, time, "test", time, user_id=who, properties=properties)
        found.append(Read(one, time + timedelta(hours=0 if name == MERGED else late)))
    return list(_followed(sorted(found, key=lambda read: read.recorded)))


def _followed(log: Sequence[Read]) -> Iterator[Read]:
    """As the door does it: after a merge what comes is the other account's."""
    aliases: dict[str, str] = {}
    for one in log:
        if isinstance(one.event, Tick):
            yield one
            continue
        account = aliases.get(one.event.account_id, one.event.account_id)
        if one.event.name != MERGED:
            yield Read(replace(one.event, account_id=account), one.recorded)
        elif one.event.account_id not in aliases:
            into = one.event.properties["into"]
            into = aliases.get(into, into)
            if into != account:
                aliases = {name: into if target == account else target for name, target in aliases.items()}
                aliases[account] = into
                yield Read(replace(one.event, properties={"into": into}), one.recorded)
