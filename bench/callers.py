"""Request headers for each kind of caller."""

import json
from collections.abc import Mapping
from datetime import timedelta

import httpx2
from joserfc import jwt
from joserfc.jwk import RSAKey

from bench.filled import ISSUER, NOW, Filled
from domain.database.pool import execute, fetch_value
from domain.operations.api_clients import create_api_client
from domain.rules.enums import Scope
from domain.secrets import hash_token, new_token

LIFETIME = timedelta(days=1)


class WorkIssuer:
    """A work identity issuer whose keys are read in this process."""

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, parameters={"kid": "bench"})
        self.transport = httpx2.MockTransport(self._answer)

    def token(self, subject: str) -> str:
        """Return an access token that lives for a day."""
        begins, ends = int(NOW.timestamp()), int((NOW + LIFETIME).timestamp())
        claims = {"iss": ISSUER, "aud": "certlink-api", "sub": subject, "iat": begins, "exp": ends}
        return jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": "bench"}, claims, self._key)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/keys":
            return httpx2.Response(200, content=json.dumps({"keys": [self._key.as_dict(private=False)]}))
        endpoints = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")
        metadata = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"} | {each: f"{ISSUER}/{each}" for each in endpoints}
        return httpx2.Response(200, content=json.dumps(metadata))


async def headers_of_callers(filled: Filled, issuer: WorkIssuer) -> Mapping[str, Mapping[str, str]]:
    """Return each kind of caller's headers, an admin's wherever a person calls."""
    session = new_token()
    await execute(
        "INSERT INTO browser_session (member_id, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4)",
        filled.admin.member_id,
        hash_token(session),
        NOW,
        NOW + LIFETIME,
    )
    key = await create_api_client(
        by=filled.admin, name="Bench", scopes=list(Scope), expires_at=None, now=NOW, settings=filled.settings
    )
    subject = await fetch_value("SELECT subject FROM work_identity WHERE member_id = $1", filled.admin.member_id)
    return {
        "session": {"Cookie": f"certlink_session={session}", "Sec-Fetch-Site": "same-origin"},
        "API key": {"Authorization": f"Bearer {key.secret}"},
        "bearer token": {"Authorization": f"Bearer {issuer.token(subject)}"},
        "nobody": {},
    }
