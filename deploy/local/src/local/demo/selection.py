"""Which messages to show of many: one a story, and together something of everything. Pure."""

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import TypeVar

T = TypeVar("T")
Wishes = Sequence[Callable[[T], bool]]


def select(scenarios: Mapping[str, Sequence[T]], wishes: Wishes[T]) -> dict[str, T]:
    """One of each story that has any: as many wishes come true as can, and what comes first is taken first."""
    candidates = {scenario: _candidates(messages, wishes) for scenario, messages in scenarios.items() if messages}
    best = min(product(*candidates.values()), key=lambda pick: _cost(pick, wishes))
    return {scenario: message for scenario, (_, message) in zip(candidates, best, strict=True)}


def _candidates(messages: Sequence[T], wishes: Wishes[T]) -> list[tuple[int, T]]:
    """With their places: the first of all, and whatever fulfils a wish that none before it does."""
    found: list[tuple[int, T]] = []
    fulfilled: list[set[int]] = []
    for place, message in enumerate(messages):
        fulfils = {number for number, wish in enumerate(wishes) if wish(message)}
        if not any(fulfils <= earlier for earlier in fulfilled):
            found.append((place, message))
            fulfilled.append(fulfils)
    return found


def _cost(pick: Sequence[tuple[int, T]], wishes: Wishes[T]) -> tuple[int, int]:
    unfulfilled = sum(not any(wish(message) for _, message in pick) for wish in wishes)
    return unfulfilled, sum(place for place, _ in pick)
