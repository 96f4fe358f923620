"""A browser without JavaScript, for the demo."""

from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

import httpx2
from typing_extensions import override

MAX_REDIRECTS = 10


class Browser:
    """Follow links and submit forms over HTTP, keep cookies, and send the origin as browsers do."""

    def __init__(self) -> None:
        self._client = httpx2.AsyncClient(timeout=30, trust_env=False)
        self.address = ""
        self.page = ""

    async def close(self) -> None:
        await self._client.aclose()

    async def visit(self, address: str) -> None:
        await self._go("GET", address, None)

    async def submit(self, to: str = "", **fields: str) -> None:
        """Submit the form to a path that has all these fields or buttons; its other fields keep their values."""
        reader = _FormReader()
        reader.feed(self.page)
        form = next((form for form in reader.forms if to in form.action and fields.keys() <= form.fields.keys()), None)
        if form is None:
            raise RuntimeError(f"the page at {self._path()} has no form with {', '.join(fields)}")
        kept = {name: value for name, value in form.fields.items() if name not in form.buttons}
        await self._go("POST", urljoin(self.address, form.action), kept | fields)

    async def graphql(self, address: str, document: str, variables: dict[str, object]) -> dict[str, object]:
        """Send a document to the API as the person who is signed in here."""
        answer = await self._client.post(
            address, json={"query": document, "variables": variables}, headers={"Origin": _origin(address)}
        )
        response: dict[str, object] = answer.json()
        return response

    async def _go(self, method: str, address: str, fields: dict[str, str] | None) -> None:
        for _ in range(MAX_REDIRECTS):
            headers, body = {}, None
            if fields is not None:
                headers = {"Origin": _origin(self.address), "Content-Type": "application/x-www-form-urlencoded"}
                body = urlencode(fields).encode()
            answer = await self._client.request(method, address, content=body, headers=headers)
            self.address, self.page = address, answer.text
            if not answer.is_redirect:
                if answer.status_code >= httpx2.codes.BAD_REQUEST:
                    raise RuntimeError(f"the page at {self._path()} answered {answer.status_code}")
                return
            method, fields, address = "GET", None, urljoin(address, answer.headers["location"])
        raise RuntimeError("too many redirects")

    def _path(self) -> str:
        # What follows the first part of the path may be for this person alone.
        parts = urlsplit(self.address)
        return f"{parts.netloc}/{parts.path.split('/')[1]}"


class _Form:
    def __init__(self, action: str) -> None:
        self.action = action
        self.fields: dict[str, str] = {}
        self.buttons: set[str] = set()


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self._is_open = False

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(attributes.get("action", "")))
            self._is_open = True
        elif self._is_open and tag in {"input", "button"} and "name" in attributes:
            self.forms[-1].fields[attributes["name"]] = attributes.get("value", "")
            if tag == "button":
                self.forms[-1].buttons.add(attributes["name"])

    @override
    def handle_endtag(self, tag: str) -> None:
        self._is_open = self._is_open and tag != "form"


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
