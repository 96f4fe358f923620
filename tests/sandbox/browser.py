"""A client and a person at the sandbox's sign-in."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from httpx2 import AsyncClient, Response
from joserfc import jwt
from joserfc.jwk import KeySet

BASE_URL = "http://localhost:8001"
REDIRECT_URI = "http://localhost:8000/callbacks/microsoft-learn"
VERIFIER = "v" * 64
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CLIENT = ("certlink", "sandbox-secret")


class Browser:
    """Walks through sign-ins over HTTP."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client

    async def authorize(self, issuer: str = "microsoft-learn", /, **changes: str | None) -> Response:
        """Open the authorization page; a parameter changed to None is left out."""
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": "certlink",
            "redirect_uri": REDIRECT_URI,
            "scope": "openid",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        sent = {name: value for name, value in (parameters | changes).items() if value is not None}
        return await self.client.get(f"/{issuer}/authorize", params=sent)

    async def choose(self, issuer: str = "microsoft-learn", **choice: str) -> Response:
        """Open the page and press a button on it."""
        page = await self.authorize(issuer)
        return await self.press(page, issuer, **choice)

    async def press(self, page: Response, issuer: str, **choice: str) -> Response:
        """Press a button of a page that is open."""
        return await self.client.post(f"/{issuer}/sign-in", data={"transaction": transaction_of(page), **choice})

    async def code(self, persona: str = "amara-learn", issuer: str = "microsoft-learn") -> str:
        """Sign in as a persona and return the code."""
        return answer_of(await self.choose(issuer, persona=persona))["code"]

    async def exchange(self, code: str, issuer: str = "microsoft-learn", /, **changes: str | None) -> Response:
        """Redeem a code; a parameter changed to None is left out."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
        sent = {name: value for name, value in (form | changes).items() if value is not None}
        return await self.client.post(f"/{issuer}/token", data=sent, auth=CLIENT)

    async def sign_in(self, persona: str = "amara-learn", issuer: str = "microsoft-learn") -> dict[str, Any]:
        """Sign in as a persona and return the token answer."""
        tokens = await self.exchange(await self.code(persona, issuer), issuer)
        assert tokens.status_code == 200, tokens.text
        answer: dict[str, Any] = tokens.json()
        return answer

    async def ask(self, path: str, access_token: str, **parameters: str) -> Response:
        """Call an endpoint with an access token."""
        headers = {b"Authorization": f"Bearer {access_token}".encode("latin-1")}
        return await self.client.get(path, params=parameters, headers=headers)

    async def transcript(self, persona: str = "amara-learn", issuer: str = "microsoft-learn") -> dict[str, Any]:
        """Sign in as a persona and return the first page of the transcript."""
        access_token = (await self.sign_in(persona, issuer))["access_token"]
        page: dict[str, Any] = (await self.ask(f"/{issuer}/transcript", access_token)).json()
        return page

    async def decode(self, token: str, issuer: str) -> jwt.Token:
        """Verify a token by the issuer's published keys."""
        keys = KeySet.import_key_set((await self.client.get(f"/{issuer}/jwks")).json())
        return jwt.decode(token, keys, algorithms=["RS256", "ES256"])


def answer_of(response: Response) -> dict[str, str]:
    """Return what an authorization response sends to the redirect URI."""
    assert response.status_code == 303, response.text
    location = response.headers["location"]
    assert location.startswith("http://localhost:8000/callbacks/microsoft-learn?")
    return dict(parse_qsl(urlsplit(location).query))


def transaction_of(page: Response) -> str:
    """Return the transaction that a page's forms carry."""
    assert page.status_code == 200, page.text
    match = re.search(r'name="transaction" value="([^"]+)"', page.text)
    assert match
    return match[1]
