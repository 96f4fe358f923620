"""A person at an issuer's sign-in page."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from httpx2 import AsyncClient


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an issuer sends along with the browser."""

    path: str
    state: str
    code: str | None
    error: str | None
    issuer: str | None


class Person:
    """Somebody with a browser: opens an issuer's page, chooses who they are, and is sent back."""

    def __init__(self, browser: AsyncClient) -> None:
        self._browser = browser

    async def choose(self, location: str, **choice: str) -> Answer:
        """Open a sign-in page and press a button of it: ``persona=``, ``create=`` or ``cancel=``."""
        page = await self._browser.get(location)
        assert page.status_code == 200, page.text
        found = re.search(r'name="transaction" value="([^"]+)"', page.text)
        assert found
        sign_in = location.split("?", maxsplit=1)[0].replace("/authorize", "/sign-in")
        sent_back = await self._browser.post(sign_in, data={"transaction": found[1], **choice})
        assert sent_back.status_code == 303, sent_back.text
        parts = urlsplit(sent_back.headers["location"])
        answer = dict(parse_qsl(parts.query))
        return Answer(
            path=parts.path,
            state=answer["state"],
            code=answer.get("code"),
            error=answer.get("error"),
            issuer=answer.get("iss"),
        )
