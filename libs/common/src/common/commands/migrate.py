"""`python -m SERVICE migrate`."""

import sys

from common.database import FAILURES, migrate, reason


async def run(*, database_url: str, service: str) -> int:
    """The exit code. Does not wait for a PostgreSQL that is away: whoever called decides when to call again."""
    try:
        await migrate(database_url, service)
    except FAILURES as error:
        print(f"PostgreSQL: {reason(error)}", file=sys.stderr)
        return 1
    return 0
