"""What ingest's ways in ask, with some accounts and people erased."""

from collections.abc import Iterable

from ingest.erasures.erased_subjects import ErasedSubjects
from ingest.erasures.erasure import StoredErasure
from ingest.in_memory import ERASURE_KEY, NOW


def erased_subjects(*, accounts: Iterable[str] = (), users: Iterable[str] = ()) -> ErasedSubjects:
    erased = ErasedSubjects(ERASURE_KEY)
    erased.replace(
        [
            *(_stored(f"a-{one}", ERASURE_KEY.pseudonym(one), None) for one in accounts),
            *(_stored(f"u-{one}", ERASURE_KEY.user_pseudonym(one), "instead") for one in users),
        ]
    )
    return erased


def _stored(request: str, pseudonym: bytes, substitute: str | None) -> StoredErasure:
    return StoredErasure(
        erasure_id=request,
        pseudonym=pseudonym,
        fingerprint=ERASURE_KEY.fingerprint,
        filed_at=NOW,
        filed_by="key-1",
        substitute=substitute,
    )
