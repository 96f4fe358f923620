"""Refresh tokens with rotation: each works once and gives the next one."""

import hmac
import secrets
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from sandbox.data_folder import read_json, unreadable, write_json
from sandbox.refusals import Refusal

FAMILY_LIMIT = 10_000


@dataclass(frozen=True)
class Family:
    """The refresh tokens of one sign-in, with the hash of the latest."""

    issuer_key: str
    subject: str
    scope: str
    token_hash: str
    revoked: bool = False


class RefreshTokens:
    """The refresh tokens of all issuers."""

    def __init__(self, file: Path) -> None:
        """Load the families.

        Raises:
            DataFolderUnusable: the file cannot be read.
        """
        self._file = file
        try:
            self._families = {key: Family(**row) for key, row in (read_json(file) or {}).items()}
        except (AttributeError, TypeError):
            raise unreadable(file) from None

    def begin(self, issuer_key: str, *, subject: str, scope: str) -> str:
        """Start a family and return its first token."""
        while len(self._families) >= FAMILY_LIMIT:
            del self._families[next(iter(self._families))]
        key, secret = secrets.token_urlsafe(9), secrets.token_urlsafe(32)
        self._families[key] = Family(issuer_key, subject, scope, _hash(secret))
        self._keep()
        return f"{key}.{secret}"

    def rotate(self, token: str, issuer_key: str) -> tuple[Family, str]:
        """Redeem a refresh token, and return its family and the next token.

        Raises:
            Refusal: unknown here, revoked, or used before, which revokes the family.
        """
        key, _, secret = token.partition(".")
        family = self._families.get(key)
        if family is None or family.issuer_key != issuer_key or family.revoked:
            raise Refusal(400, "invalid_grant", "The refresh token is unknown here or revoked.")
        # An earlier token may come from a thief, so it revokes the whole family (RFC 9700, 4.14.2).
        if not hmac.compare_digest(_hash(secret), family.token_hash):
            self.revoke(token)
            raise Refusal(400, "invalid_grant", "The refresh token was used before; all of its sign-in are revoked.")
        secret = secrets.token_urlsafe(32)
        self._families[key] = replace(family, token_hash=_hash(secret))
        self._keep()
        return family, f"{key}.{secret}"

    def revoke(self, token: str | None) -> None:
        """Revoke the family of a token, if it is known."""
        key = (token or "").partition(".")[0]
        if key in self._families:
            self._families[key] = replace(self._families[key], revoked=True)
            self._keep()

    def revoke_all(self, issuer_key: str, subject: str) -> int:
        """Revoke every family of a person, as if they withdrew their consent, and return how many there were."""
        keys = [
            key
            for key, family in self._families.items()
            if (family.issuer_key, family.subject, family.revoked) == (issuer_key, subject, False)
        ]
        self._families |= {key: replace(self._families[key], revoked=True) for key in keys}
        self._keep()
        return len(keys)

    # In a file, unlike the grants: linked accounts outlive a restart of the sandbox. Only hashes are kept.
    def _keep(self) -> None:
        write_json(self._file, {key: asdict(family) for key, family in self._families.items()}, mode=0o600)


def _hash(secret: str) -> str:
    # A request may hold half a surrogate pair; it is hashed like the rest, and matches nothing.
    return sha256(secret.encode(errors="surrogatepass")).hexdigest()
