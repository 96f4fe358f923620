"""Encrypt, hash and create secrets.

What must be read again is sealed with the key from the settings; what is only compared is hashed.
"""

import hashlib
import hmac
import secrets
from typing import NewType

from cryptography.fernet import Fernet, InvalidToken

Sealed = NewType("Sealed", bytes)


class SecretKey:
    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._fernet = Fernet(key)

    def seal(self, secret: str) -> Sealed:
        return Sealed(self._fernet.encrypt(secret.encode()))

    def open(self, sealed: bytes) -> str:
        """Return a sealed secret.

        Raises:
            UnreadableSecret: it was sealed with another key, or damaged.
        """
        try:
            return self._fernet.decrypt(bytes(sealed)).decode()
        except InvalidToken as error:
            raise UnreadableSecret from error

    def fingerprint(self, text: str) -> bytes:
        """Return 32 bytes that identify a text, and from which nobody without the key can guess it."""
        return hmac.digest(self._key, f"fingerprint {text}".encode(), hashlib.sha256)

    def key_for(self, purpose: str) -> bytes:
        """Return a signing key of 32 bytes for one purpose, which reveals neither this key nor another purpose's."""
        return hmac.digest(self._key, f"key {purpose}".encode(), hashlib.sha256)


class UnreadableSecret(Exception):
    """A sealed secret does not fit the key: the operator changed it."""


def new_token() -> str:
    """Return a new random token of 256 bits, safe in a URL or cookie."""
    return secrets.token_urlsafe(32)


def random_text(length: int, alphabet: str) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def hash_token(token: str) -> bytes:
    # A token has at least 190 random bits, so neither salt nor a slow hash is needed.
    # A token from outside may hold half a surrogate pair; it is hashed like others, and no stored hash is the same.
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
