"""Lists dead letters and sends them again for the API, in bounded time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from common.bus.errors import BusUnavailable
from common.database_errors import DatabaseUnavailable
from common.problems import Problem, database_unavailable, unavailable
from common.topics import Topics
from ingest.aliases.merge import AliasesUnavailable
from ingest.dead_letter_api.resenders import ErasuresUnknown
from ingest.dead_letters.answers import LettersAnswer, ResendAnswer, letters_answer, resend_answer
from ingest.dead_letters.listing import list_letters
from ingest.dead_letters.reading import DeadTopic, DeadTopicAdmin, ScanLimits, ScanTooLong
from ingest.dead_letters.resending import LetterResender, Resender
from ingest.dead_letters.selection import LetterSelection
from ingest.dead_letters.sending import LetterSender, ResendProducer, ResendReport
from ingest.identity.known import IdentitiesUnavailable

NEWEST: Final = 20_000
"""Of each partition so many records are looked at; `dead list` reads all."""
_SECONDS: Final = 8.0

LoadResenders = Callable[[int], Awaitable[Mapping[str, Resender]]]
"""Makes the resenders for so many partitions. Raises `ErasuresUnknown` and `DatabaseUnavailable`."""


class DeadLetterService:
    """One request at a time in a process: each reads the topic, and the others wait for it.

    Methods raise a `Problem`: 503 while Kafka or PostgreSQL does not answer, or another request takes too long.
    """

    def __init__(
        self,
        admin: DeadTopicAdmin,
        producer: ResendProducer,
        resenders: LoadResenders,
        *,
        topics: Topics,
        seconds: float = _SECONDS,
        newest: int = NEWEST,
    ) -> None:
        self._admin = admin
        self._producer = producer
        self._resenders = resenders
        self._topics = topics
        self._seconds = seconds
        self._newest = newest
        self._reading = asyncio.Lock()

    async def list(self, selection: LetterSelection, *, limit: int) -> LettersAnswer:
        async with self._dead_topic() as dead:
            return letters_answer(await list_letters(dead, selection, limit=limit))

    async def resend(self, selection: LetterSelection, *, again: bool, dry_run: bool) -> ResendAnswer:
        """What was sent before the time was over stays sent, and is marked: ask again for the rest."""
        async with self._dead_topic() as dead:
            partitions = await self._admin.partitions(self._topics.events)
            if partitions is None:
                raise unavailable("no_topic", f"there is no topic {self._topics.events}")
            sender = LetterSender(
                dead,
                LetterResender(await self._resenders(partitions)),
                self._producer,
                events_topic=self._topics.events,
                dead_topic=self._topics.dead,
                again=again,
            )
            report, complete = ResendReport(), True
            try:
                await (sender.count(selection, report) if dry_run else sender.send(selection, report))
            except ScanTooLong:
                complete = False
            return resend_answer(report, dry_run=dry_run, complete=complete and not dead.older_left_out)

    @asynccontextmanager
    async def _dead_topic(self) -> AsyncIterator[DeadTopic]:
        deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(deadline):
                await self._reading.acquire()
        except TimeoutError as error:
            raise unavailable("busy", "another request reads the dead letters: ask again") from error
        try:
            limits = ScanLimits(self._newest, deadline)
            yield DeadTopic(self._admin, topic=self._topics.dead, limits=limits)
        except BusUnavailable as error:
            raise unavailable("log_unavailable", "the log does not answer in time: ask again") from error
        except (DatabaseUnavailable, IdentitiesUnavailable, AliasesUnavailable) as error:
            raise database_unavailable(error) from error
        except ErasuresUnknown as error:
            raise Problem(409, "erasures_unknown", str(error)) from error
        finally:
            self._reading.release()
