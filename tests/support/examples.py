"""How many examples a property is tried on: all of them, or the share that a quick look is content with."""

import os

LEAST = 5


def examples(count: int) -> int:
    """`count`, or as much of it as `EXAMPLES_SHARE` (0 to 1) in the environment says: `make test` sets it."""
    return max(LEAST, round(count * float(os.environ.get("EXAMPLES_SHARE") or 1)))
