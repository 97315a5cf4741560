"""Which flags are shown and told, and when: some only after a `hold`, some never."""

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
    """Whether answers show a flag that is up; one with a `hold` only once that is over."""
    return crossing.told or flag.hold == 0.0


def was_told(flag: AccountFlag, crossing: Crossing) -> bool:
    return crossing.told and flag.tells


def repeats_silence(model: "CardModel", flag: AccountFlag, up: Container[str]) -> bool:
    """Whether the flag says of the champions what a flag in `up` says of everybody.

    One silence is one alarm. When others come back and the champions do not, the flag is told.
    """
    return flag.index in model.champion_flags and any([name in up for name in model.account_silence_flags])
