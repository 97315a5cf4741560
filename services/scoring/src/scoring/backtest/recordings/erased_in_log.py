"""Who was erased in a log, by its own records. So a back-test leaves out the events that workers left out. Pure."""

from common.contracts.events import Erased, Erasure, Event, Lifting, UserErased
from common.erasures.erasure_spans import PartitionErasures, pseudonym_of
from scoring.partition.erasing import with_substitutes


class PseudonymsOfRecords:
    """Takes ids and pseudonyms from the records of erasures, so a back-test needs no ERASURE_KEY."""

    fingerprint = ""

    def __init__(self) -> None:
        self._accounts: dict[str, bytes] = {}
        self._users: dict[str, bytes] = {}

    def learn(self, said: Erasure, pseudonym: bytes) -> None:
        if isinstance(said, Erased):
            self._accounts[said.account_id] = pseudonym
        else:
            self._users[said.user_id] = pseudonym

    def pseudonym(self, account_id: str) -> bytes:
        return self._accounts.get(account_id, b"")

    def user_pseudonym(self, user_id: str) -> bytes:
        return self._users.get(user_id, b"")


class ErasedInLog:
    """First `note` every erasure and lifting, in the order of each partition; then ask about events."""

    def __init__(self) -> None:
        self._pseudonyms = PseudonymsOfRecords()
        self._partitions: dict[int, PartitionErasures] = {}

    def __bool__(self) -> bool:
        return bool(self._partitions)

    def note(self, partition: int, offset: int, said: Erasure | Lifting) -> None:
        pseudonym = pseudonym_of(said)
        if not pseudonym:
            return
        known = self._partitions.setdefault(partition, PartitionErasures(self._pseudonyms))
        if not isinstance(said, Erased | UserErased):
            known.lift(pseudonym, said.erasure_id, offset)
        elif not known.is_over(said, offset):
            self._pseudonyms.learn(said, pseudonym)
            substitute = said.substitute if isinstance(said, UserErased) else None
            known.erase(pseudonym, said.erasure_id, offset, substitute)

    def as_counted(self, partition: int, offset: int, event: Event) -> Event | None:
        """The event as a worker counts it, with erased people under their substitutes; None if it is left out."""
        known = self._partitions.get(partition)
        if known is None:
            return event
        if known.reason(event.account_id, offset) is not None:
            return None
        return with_substitutes(event, offset, known)
