"""Keyed hashes: the same input always gives the same name, which nobody outside can make."""

import hmac
from dataclasses import dataclass


@dataclass(frozen=True)
class Keys:
    """One key per purpose, derived from the secret of the instance."""

    secret: str

    def digest(self, purpose: str, text: str) -> str:
        """Return the keyed hash of ``text``, 64 hexadecimal digits."""
        key = hmac.digest(self.secret.encode(), f"estuaire.{purpose}".encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()

    def address(self, address: str) -> str:
        """Return the hash by which a canonical address is recognised once it is erased."""
        return self.digest("address", address)
