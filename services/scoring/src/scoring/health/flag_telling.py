"""Which flags are shown and told, and when: some only after a time of their own, some never."""

from collections.abc import Container
from typing import TYPE_CHECKING

from scoring.health.bands import BandLines
from scoring.health.flag import AccountFlag
from scoring.health.state_format import Crossing

if TYPE_CHECKING:
    from scoring.health.model import CardModel


def wait_of(flag: AccountFlag, lines: BandLines) -> float:
    """How long (operational seconds) a derived flag must be up before it is told."""
    return flag.hold if flag.hold > 0.0 else lines.min_duration


def is_shown(flag: AccountFlag, crossing: Crossing) -> bool:
    """Whether anybody sees a flag that is up. One that has a time of its own is nothing until that is over."""
    return crossing.told or flag.hold == 0.0


def was_told(flag: AccountFlag, crossing: Crossing) -> bool:
    return crossing.told and flag.tells


def repeats_silence(model: "CardModel", flag: AccountFlag, up: Container[str]) -> bool:
    """Whether the flag says of the champions what a flag in `up` says of everybody.

    Two alarms of one silence are one too many. Once others come back, that the champions do not is news.
    """
    return flag.index in model.champion_flags and any([name in up for name in model.account_silence_flags])
