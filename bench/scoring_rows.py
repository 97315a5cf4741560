"""What the scoring part's figures are called, and which of them are divided by which. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import combinations

from bench.code import Code, Codes
from bench.plan import row, worker_name
from bench.results import TIMES, Mark, Row
from bench.rounds import Measured
from bench.workload import CALM, MIXED, Profile

BARE = "aiokafka's bare consume"
QUIX = "Quix Streams, exactly once"
BYTEWAX = "Bytewax, with recovery"
MARK = Mark(goal=60_000, floor=20_000)
PEERS = {QUIX: Mark(goal=2.5), BYTEWAX: Mark(goal=2)}
Found = Mapping[str, Sequence[Measured]]


def core_name(code: Code, profile: Profile) -> str:
    return f"the pure core, {code.name}{_on(profile)}"


def rows(found: Found, codes: Codes) -> list[Row]:
    """Figures first, in the order in which they bound each other; then the ratios."""
    marks = {worker_name(codes.used): MARK}
    names = [*map(worker_name, codes.all), QUIX, BYTEWAX, BARE]
    names += [core_name(code, profile) for profile in (MIXED, CALM) for code in codes.all]
    figures = [row(name, found[name], mark=marks.get(name)) for name in names if name in found]
    return [*figures, *_between_codes(found, codes), *_against_peers(found, codes.used)]


def shares(found: Found, codes: Codes, *, events: int) -> list[str]:
    """How many signals came of the events of each workload; and which code made another number of them."""
    notes = []
    for profile in (MIXED, CALM):
        signals = {code.name: sum(one.signals for one in found[core_name(code, profile)]) for code in codes.all}
        ours = signals.pop(codes.used.name)
        notes.append(
            f"The {profile.name} workload: {ours:,} signals of {events:,} events, {100 * ours / events:.2g} for every "
            f"100 events{''.join(_other(name, count, ours) for name, count in signals.items())}."
        )
    return notes


def times(name: str, ours: Sequence[Measured], theirs: Sequence[Measured], mark: Mark | None = None) -> Row:
    """How many times as fast, round by round; `cpu` says the same by CPU time."""
    pairs = list(zip(ours, theirs, strict=True))
    return Row(
        name=name,
        unit=TIMES,
        values=[one.rate / other.rate for one, other in pairs],
        cpu=[other.cpu_per_100k / one.cpu_per_100k for one, other in pairs],
        mark=mark,
    )


def _between_codes(found: Found, codes: Codes) -> Iterator[Row]:
    """Each of our codes against each that stands after it."""
    for title, name in _RUNS:
        for one, other in combinations(codes.all, 2):
            against = title.format(f"{one.name}, against {other.name}")
            yield times(against, found[name(one)], found[name(other)])


def _against_peers(found: Found, used: Code) -> Iterator[Row]:
    for peer, mark in PEERS.items():
        if peer in found:
            name = f"worker, {used.name}, against {peer.partition(',')[0]}"
            yield times(name, found[worker_name(used)], found[peer], mark)


def _other(name: str, count: int, ours: int) -> str:
    return "" if count == ours else f"; {name} made {count:,}"


def _on(profile: Profile) -> str:
    return "" if profile is MIXED else f", {profile.name} workload"


_RUNS: Sequence[tuple[str, Callable[[Code], str]]] = (
    ("core, {}", partial(core_name, profile=MIXED)),
    (f"core, {{}}{_on(CALM)}", partial(core_name, profile=CALM)),
    ("worker, {}", worker_name),
)
