"""The key that turns ids of accounts and users into pseudonyms: a service can know who was erased without the id.

A plain hash would not do: whoever has the table could try the ids of all likely customers.
"""

import hmac
from hashlib import sha256
from typing import Final

SHORTEST: Final = 32  # characters of ERASURE_KEY
_FINGERPRINT_OF: Final = "which key"


class ErasureKey:
    """ERASURE_KEY. Every service of a deployment has the same one."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self.fingerprint = hmac.digest(self._secret, _FINGERPRINT_OF.encode(), sha256).hex()[:16]
        """Tells two keys apart, and nothing else of them."""

    def pseudonym(self, account_id: str) -> bytes:
        """32 bytes, for ever the same for an account."""
        return self._digest(b"account\0", account_id)

    def user_pseudonym(self, user_id: str) -> bytes:
        """32 bytes, for ever the same for a user, and no account's."""
        return self._digest(b"user\0", user_id)

    def _digest(self, about: bytes, named: str) -> bytes:
        # A lone surrogate may come from another writer of the log; it must not stop the partition.
        return hmac.digest(self._secret, about + named.encode("utf-8", "surrogatepass"), sha256)
