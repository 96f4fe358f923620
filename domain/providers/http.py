"""HTTP client that reads JSON within limits of time and size."""

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2

MAX_WAIT = timedelta(days=1)
# A name, an IPv4 or an IPv6 address: what is no more than that cannot get into a header of ours.
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


class WrongAnswer(Exception):
    """There was no answer, or no JSON object; ``status`` is the HTTP status if there was an answer.

    ``retry_after`` is how long the server asks us to wait, if it does.
    """

    def __init__(self, status: int | None = None, retry_after: timedelta | None = None) -> None:
        super().__init__("no usable answer" if status is None else f"status {status}")
        self.status = status
        self.retry_after = retry_after


def retry_after(headers: httpx2.Headers) -> timedelta | None:
    """Return how long an answer asks us to wait in seconds (RFC 9110, 10.2.3), at most a day; dates are ignored."""
    text = headers.get("retry-after", "").strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return min(timedelta(seconds=int(text[:9])), MAX_WAIT)


class JsonClient:
    # For the whole answer: the library's own limit begins anew with each chunk, so slow chunks could go on for ever.
    TIMEOUT_SECONDS = 10.0
    MAX_BYTES = 4 * 1024 * 1024

    def __init__(self, *, allow_http: bool, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._schemes = {"https", "http"} if allow_http else {"https"}
        # A redirect could lead a request with its token to an address that nobody has allowed.
        self._client = httpx2.AsyncClient(timeout=self.TIMEOUT_SECONDS, transport=transport, follow_redirects=False)

    async def close(self) -> None:
        await self._client.aclose()

    def allows(self, url: str) -> bool:
        """Tell whether an address may be called: plain HTTP only in sandbox mode."""
        try:
            parts = urlsplit(url)
            # Where the two readers differ, a host that one of them checks is not the one that the other calls.
            is_same = httpx2.URL(url).raw_host.decode() == (parts.hostname or "")
            parts.port  # noqa: B018
        except (ValueError, httpx2.InvalidURL):
            return False
        return parts.scheme in self._schemes and is_same and _HOST.fullmatch(parts.hostname or "") is not None

    def monotonic(self) -> float:
        # A method of its own, so that a test lets ten minutes pass at once.
        return asyncio.get_running_loop().time()

    async def get(self, url: str, *, access_token: str | None = None) -> Mapping[str, Any]:
        """Return the JSON object at an address.

        Raises:
            WrongAnswer: there is no such answer.
        """
        _, body = await self.read(url, accept="application/json", access_token=access_token)
        return json_object(body)

    async def read(self, url: str, *, accept: str, access_token: str | None = None) -> tuple[str, bytes]:
        """Return the media type of what is at an address, and its bytes.

        Raises:
            WrongAnswer: there is no such answer.
        """
        if not self.allows(url):
            raise WrongAnswer
        headers = {"Accept": accept}
        if access_token is not None:
            headers["Authorization"] = f"Bearer {access_token}"
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self.TIMEOUT_SECONDS),
                self._client.stream("GET", url, headers=headers) as answer,
            ):
                if answer.status_code != httpx2.codes.OK:
                    raise WrongAnswer(answer.status_code, retry_after(answer.headers))
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > self.MAX_BYTES:
                        raise WrongAnswer(answer.status_code)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, ValueError):
            raise WrongAnswer from None
        return answer.headers.get("content-type", "").partition(";")[0].strip().lower(), bytes(body)


def json_object(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object of a body.

    Raises:
        WrongAnswer: it is none.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise WrongAnswer from None
    if not isinstance(document, dict):
        raise WrongAnswer
    return document
