"""How old an event may be when it comes in live, by its name.

One sender with a wrong clock must not move use, silence, answers or flags by years. What has a date of its own (facts,
milestone steps, contract dates) is often known late.
"""

from datetime import timedelta
from typing import Final

LIVE: Final = timedelta(days=30)
DATED: Final = timedelta(days=3653)

_DATED_NAMES: Final = frozenset(
    {"account.updated", "contract.started", "contract.changed", "contract.renewed", "contract.ended"}
)
_DATED_PREFIX: Final = "milestone."


def reach_of(name: str, *, history: bool = False) -> timedelta:
    """The greatest age that an event of this name may have: ten years for what has dates and for all history."""
    dated = history or name in _DATED_NAMES or name.startswith(_DATED_PREFIX)
    return DATED if dated else LIVE
