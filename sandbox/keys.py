"""The signing keys of the issuers."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from sandbox.data_folder import read_json, unreadable, write_json
from sandbox.issuers import ISSUERS, Issuer
from sandbox.refusals import DataFolderUnusable

SigningKey = RSAKey | ECKey


class Keyring:
    """The signing keys, made once and kept in the data folder; only its owner can read them."""

    def __init__(self, folder: Path) -> None:
        """Load the keys, and make those that are missing.

        Raises:
            DataFolderUnusable: a key cannot be read or written.
        """
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise DataFolderUnusable(f"The sandbox cannot make {folder} ({error.strerror}).") from None
        self._keys = {issuer.key: _load_or_make(issuer, folder / f"{issuer.slug}.json") for issuer in ISSUERS}
        self._foreign: dict[str, SigningKey] = {}

    def key(self, issuer: Issuer) -> SigningKey:
        return self._keys[issuer.key]

    def foreign_key(self, issuer: Issuer) -> SigningKey:
        """Return a key that the issuer does not publish, for signatures that must fail."""
        if issuer.key not in self._foreign:
            self._foreign[issuer.key] = _make(issuer)
        return self._foreign[issuer.key]

    def public(self, issuer: Issuer) -> dict[str, Any]:
        return {"keys": [self.key(issuer).as_dict(private=False)]}


def _load_or_make(issuer: Issuer, file: Path) -> SigningKey:
    kept = read_json(file)
    if kept is None:
        key = _make(issuer)
        write_json(file, key.as_dict(private=True), mode=0o600)
        return key
    try:
        file.chmod(0o600)
        loaded = _import(issuer.algorithm, json.dumps(kept))
    except (JoseError, OSError, ValueError, TypeError, KeyError, AttributeError):
        raise unreadable(file) from None
    # A key without its private part would fail only at the first sign-in.
    if not loaded.is_private:
        raise unreadable(file)
    return loaded


# Proving that the numbers of an RSA key fit takes 40 ms, which tests would pay at each start of a sandbox.
@lru_cache(maxsize=16)
def _import(algorithm: str, text: str) -> SigningKey:
    key: SigningKey = (RSAKey if algorithm == "RS256" else ECKey).import_key(json.loads(text))
    key.ensure_kid()
    return key


def _make(issuer: Issuer) -> SigningKey:
    if issuer.algorithm == "RS256":
        return RSAKey.generate_key(2048, {"use": "sig", "alg": issuer.algorithm}, auto_kid=True)
    return ECKey.generate_key("P-256", {"use": "sig", "alg": issuer.algorithm}, auto_kid=True)
