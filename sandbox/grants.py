"""Sign-ins under way, authorization codes, and revoked access tokens."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sandbox.authorization import AuthorizationRequest
from sandbox.refresh import RefreshTokens
from sandbox.refusals import Refusal

TRANSACTION_LIFE = timedelta(minutes=10)
CODE_LIFE = timedelta(seconds=60)
TOKEN_LIFE = timedelta(hours=1)
TRANSACTION_LIMIT = 10_000


@dataclass(frozen=True)
class Transaction:
    """One sign-in that waits for somebody to choose a persona."""

    issuer_key: str
    request: AuthorizationRequest
    expires_at: datetime


@dataclass
class Grant:
    """What one code grants: at most one access token, whose `jti` is chosen with the code."""

    issuer_key: str
    request: AuthorizationRequest
    subject: str
    issued_at: datetime
    token_id: str
    used: bool = False
    revoked: bool = False
    refresh_token: str | None = None


class Grants:
    """The sign-ins, codes and revocations of all issuers."""

    # In memory: a sandbox is one process, and a sign-in that a restart interrupts is started again.
    def __init__(self, refresh_tokens: RefreshTokens) -> None:
        self._refresh_tokens = refresh_tokens
        self._transactions: dict[str, Transaction] = {}
        self._grants: dict[str, Grant] = {}
        self._by_token: dict[str, Grant] = {}

    def open(self, issuer_key: str, request: AuthorizationRequest, *, now: datetime) -> str:
        """Keep a sign-in for ten minutes and return its unguessable id."""
        expired = [key for key, transaction in self._transactions.items() if transaction.expires_at <= now]
        overflow = list(self._transactions)[: max(0, len(self._transactions) - TRANSACTION_LIMIT + 1)]
        for key in {*expired, *overflow}:
            del self._transactions[key]
        # A used code is remembered for as long as its token lives, or its replay could not revoke it.
        for code in [code for code, grant in self._grants.items() if grant.issued_at + CODE_LIFE + TOKEN_LIFE <= now]:
            del self._by_token[self._grants.pop(code).token_id]
        transaction_id = secrets.token_urlsafe(32)
        self._transactions[transaction_id] = Transaction(issuer_key, request, now + TRANSACTION_LIFE)
        return transaction_id

    def waiting(self, transaction_id: str, issuer_key: str, *, now: datetime) -> Transaction | None:
        """Return a sign-in that still waits at this issuer."""
        transaction = self._transactions.get(transaction_id)
        if transaction is None or transaction.issuer_key != issuer_key or transaction.expires_at <= now:
            return None
        return transaction

    def close(self, transaction_id: str) -> None:
        self._transactions.pop(transaction_id, None)

    def issue_code(self, transaction: Transaction, subject: str, *, now: datetime) -> str:
        """Return a code that can be redeemed once within 60 seconds."""
        code = secrets.token_urlsafe(32)
        token_id = secrets.token_urlsafe(16)
        grant = Grant(transaction.issuer_key, transaction.request, subject, now, token_id)
        self._grants[code] = self._by_token[token_id] = grant
        return code

    def redeem(self, code: str, issuer_key: str, *, redirect_uri: str, verifier: str, now: datetime) -> Grant:
        """Redeem a code.

        Raises:
            Refusal: unknown, used (its token is then revoked), expired, another redirect URI, or a wrong verifier.
        """
        grant = self._grants.get(code)
        if grant is None or grant.issuer_key != issuer_key:
            raise _invalid_grant("The code is unknown here.")
        if grant.used:
            grant.revoked = True
            self._refresh_tokens.revoke(grant.refresh_token)
            raise _invalid_grant("The code was used before; the tokens that it gave are revoked.")
        # Before the other checks: a code works once, whatever the outcome.
        grant.used = True
        if grant.issued_at + CODE_LIFE <= now:
            raise _invalid_grant("The code has expired.")
        if grant.request.redirect_uri != redirect_uri:
            raise _invalid_grant("The redirect_uri is not the one of the authorization request.")
        challenge = urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
        if not hmac.compare_digest(challenge, grant.request.code_challenge):
            raise _invalid_grant("The code_verifier does not match the code_challenge.")
        return grant

    def is_revoked(self, token_id: str) -> bool:
        grant = self._by_token.get(token_id)
        return grant is not None and grant.revoked


def _invalid_grant(description: str) -> Refusal:
    return Refusal(400, "invalid_grant", description)
