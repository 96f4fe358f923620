"""Somebody who calls the API."""

from typing import Any

from httpx2 import AsyncClient, Response

OWN_ORIGIN = "http://localhost:8000"


class Caller:
    """A browser with a session, a front-end with a bearer token, or nobody."""

    def __init__(self, client: AsyncClient, *, session: str | None = None, bearer: str | None = None) -> None:
        self._client = client
        self.headers = {"Sec-Fetch-Site": "same-origin"}
        if session is not None:
            self.headers["Cookie"] = f"certlink_session={session}"
        if bearer is not None:
            self.headers["Authorization"] = f"Bearer {bearer}"

    async def post(self, query: str, **variables: Any) -> Response:
        """Send a document and its variables."""
        body = {"query": query, "variables": variables}
        return await self._client.post("/graphql", json=body, headers=self.headers)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the data of an answer that must have no errors."""
        answer = (await self.post(query, **variables)).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def refused(self, query: str, **variables: Any) -> list[str]:
        """Return the codes of an answer's errors."""
        return [error["extensions"]["code"] for error in (await self.post(query, **variables)).json()["errors"]]
