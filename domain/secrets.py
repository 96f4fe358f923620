"""Encrypt, hash and create secrets.

What must be read again is sealed with the key from the settings; what is only compared is hashed.
"""

import hashlib
import hmac
import secrets
from typing import NewType, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

Sealed = NewType("Sealed", bytes)


class SecretKey:
    """The keys that seal secrets at rest, the newest first: it seals, and all open while it replaces the others."""

    def __init__(self, *keys: str) -> None:
        self._keys = [key.encode() for key in keys]
        self._newest = Fernet(keys[0])
        self._all = MultiFernet([Fernet(key) for key in keys])

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return the keys of a text that separates them by commas.

        Raises:
            ValueError: one is not 32 bytes in URL-safe base64.
        """
        return cls(*(part.strip() for part in text.split(",")))

    def seal(self, secret: str) -> Sealed:
        return Sealed(self._newest.encrypt(secret.encode()))

    def open(self, sealed: bytes) -> str:
        """Return a sealed secret.

        Raises:
            UnreadableSecret: it was sealed with another key, or damaged.
        """
        try:
            return self._all.decrypt(bytes(sealed)).decode()
        except InvalidToken as error:
            raise UnreadableSecret from error

    def reseal(self, sealed: bytes) -> Sealed | None:
        """Return what an older key sealed, sealed by the newest one; nothing where that is so already.

        Raises:
            UnreadableSecret: it was sealed with another key, or damaged.
        """
        try:
            self._newest.decrypt(bytes(sealed))
        except InvalidToken:
            return self.seal(self.open(sealed))
        return None

    def fingerprint(self, text: str) -> bytes:
        """Return 32 bytes that identify a text, and from which nobody without the key can guess it."""
        return self.fingerprints(text)[0]

    def fingerprints(self, text: str) -> list[bytes]:
        """Return a text's fingerprint by each key, the newest first."""
        return [hmac.digest(key, f"fingerprint {text}".encode(), hashlib.sha256) for key in self._keys]

    def keys_for(self, purpose: str) -> list[bytes]:
        """Return a signing key of 32 bytes for one purpose by each key, the newest first.

        None reveals a key of ours or another purpose's.
        """
        return [hmac.digest(key, f"key {purpose}".encode(), hashlib.sha256) for key in self._keys]


class UnreadableSecret(Exception):
    """A sealed secret does not fit the key: the operator changed it."""


def new_token() -> str:
    """Return a new random token of 256 bits, safe in a URL or cookie."""
    return secrets.token_urlsafe(32)


def random_text(length: int, alphabet: str) -> str:
    """Return random text of ``length`` characters of an alphabet."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def hash_token(token: str) -> bytes:
    """Return the hash that is stored of a token; it has at least 190 random bits, so a plain hash is enough."""
    # A token from outside may hold half a surrogate pair; it is hashed like others, and no stored hash is the same.
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
