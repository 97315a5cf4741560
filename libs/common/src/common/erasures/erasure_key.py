"""The key that makes pseudonyms of ids, so that a service recognizes who was erased and does not store the id.

A hash without a key would not do: whoever has the table could hash the ids of all likely customers and compare.
"""

import hmac
from hashlib import sha256
from typing import Final

SHORTEST: Final = 32  # characters of ERASURE_KEY
_FINGERPRINT_OF: Final = "which key"


class ErasureKey:
    """ERASURE_KEY; all services of a deployment need the same one."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self.fingerprint = hmac.digest(self._secret, _FINGERPRINT_OF.encode(), sha256).hex()[:16]
        """Tells two keys apart, and nothing else of them."""

    def pseudonym(self, account_id: str) -> bytes:
        """32 bytes, always the same for an account."""
        return self._digest(b"account\0", account_id)

    def user_pseudonym(self, user_id: str) -> bytes:
        """32 bytes, always the same for a user, and never the pseudonym of an account."""
        return self._digest(b"user\0", user_id)

    def _digest(self, about: bytes, named: str) -> bytes:
        # A lone surrogate may come from another writer of the log; it must not stop the partition.
        return hmac.digest(self._secret, about + named.encode("utf-8", "surrogatepass"), sha256)
