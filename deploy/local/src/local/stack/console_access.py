"""Who may use the console of a local stack: one administrator, who signs in by a link."""

from datetime import timedelta
from typing import Final

from common.database import engine
from console.access.roles import Role
from console.postgres.links import SignInLinks
from console.postgres.tables import ConsoleTables
from console.postgres.users import COMMAND_LINE, UnknownUser, UserStore

ADMINISTRATOR: Final = "admin@example.com"
_VALID: Final = timedelta(hours=24)
_PATIENCE: Final = 10.0


async def administrators_link(database_url: str, console_url: str) -> str:
    """Makes the administrator if there is none. Raises `DatabaseUnavailable`."""
    connected = engine(database_url, pool_size=1)
    try:
        tables = ConsoleTables(connected, patience=_PATIENCE)
        users = UserStore(tables)
        try:
            user = await users.find(ADMINISTRATOR)
        except UnknownUser:
            user = await users.create(ADMINISTRATOR, role=Role.ADMIN, by=COMMAND_LINE)
        token = await SignInLinks(tables).create(user, valid=_VALID, by=COMMAND_LINE)
    finally:
        await connected.dispose()
    return f"{console_url}/sign-in/link/{token}"
