"""The parts of scoring's export: the state of the account as an answer, and the rows of its tables."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from common.contracts.signals import Contact
from common.erasures.erasure_key import ErasureKey
from common.exports.account_exports import AccountExports, PostgresExportLookup
from common.exports.subject import ExportSubject
from common.exports.tables import TableSection
from common.problems import Problem
from scoring.api import answers
from scoring.api.account_queries import AccountQueries
from scoring.postgres.export import EXPORTED, merged_into

_STATE: Final = "state"


class StateSection:
    """The stored state as the core reads it now. For one person: their contact, if signals would name them."""

    name = _STATE
    about_users = True

    def __init__(self, reading: AccountQueries) -> None:
        self._reading = reading

    async def pages(self, subject: ExportSubject) -> AsyncIterator[Sequence[Any]]:
        """Raises a 503 while there is no card, or the database does not answer."""
        try:
            found = await self._reading.state(subject.account_id)
        except Problem as problem:
            if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
                yield [answers.UnreadableStateExport(error=problem.detail)]
            elif problem.status != HTTPStatus.NOT_FOUND:
                raise
            return
        if subject.user_id is None:
            yield [found]
        elif contacts := [one for one in found.health.contacts if one.user_id == subject.user_id]:
            yield contacts


def scoring_exports(
    reading: AccountQueries, engine: AsyncEngine, *, key: ErasureKey | None, patience: float
) -> AccountExports:
    """`patience` is the most that one page may take, in seconds."""
    return AccountExports(
        "scoring",
        [
            StateSection(reading),
            *(TableSection(one, engine, service="scoring", patience=patience) for one in EXPORTED),
        ],
        lookup=PostgresExportLookup(
            engine, service="scoring", erasures="erased", merged=merged_into(), patience=patience
        ),
        key=key,
        now=lambda: datetime.now(UTC),
    )


def row_schemas() -> dict[str, dict[str, Any]]:
    """By section, for the OpenAPI document, which has `StateExport` and the others as components."""
    kinds = (answers.StateExport, answers.UnreadableStateExport, Contact)
    state, _ = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return {_STATE: {"anyOf": list(state)}, **{one.name: one.row_schema() for one in EXPORTED}}
