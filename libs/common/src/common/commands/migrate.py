"""`python -m SERVICE migrate`, alike for all services."""

import sys

from common.database import migrate
from common.database_errors import DATABASE_ERRORS, error_text


async def run(*, database_url: str, service: str) -> int:
    """Returns the exit code. Does not wait for a PostgreSQL that is away: the caller decides when to retry."""
    try:
        await migrate(database_url, service)
    except DATABASE_ERRORS as error:
        print(f"PostgreSQL: {error_text(error)}", file=sys.stderr)
        return 1
    return 0
