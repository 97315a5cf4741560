"""Requests to erase somebody, as the API files them."""

from common.erasures.erasure_key import ErasureKey
from ingest.erasures.erasure import AskedErasure
from ingest.in_memory import ERASURE_KEY

ANOTHER_KEY = ErasureKey("another key of thirty-two characters")


def asked_of_user(user_id: str = "ann", request: str = "r-1") -> AskedErasure:
    return AskedErasure(
        erasure_id=request,
        pseudonym=ERASURE_KEY.user_pseudonym(user_id),
        fingerprint=ERASURE_KEY.fingerprint,
        filed_by="key-1",
        user_id=user_id,
        substitute=f"instead {request}",
    )


def asked(account_id: str = "acme", request: str = "r-1", *, key: ErasureKey = ERASURE_KEY) -> AskedErasure:
    return AskedErasure(
        erasure_id=request,
        pseudonym=key.pseudonym(account_id),
        fingerprint=key.fingerprint,
        filed_by="key-1",
        partition=3,
        account_id=account_id,
    )
